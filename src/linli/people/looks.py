"""Who looked at somebody's contact data, when and why: asked for a purpose, open for a minute, told to the person."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection

from linli.people.models import Look

OPEN = timedelta(seconds=60)
"""How long contact data stays readable after stating a purpose."""
_LAST = 'SELECT max(at) FROM people_look WHERE "case" = %s AND by_id = %s AND at > %s AND at <= %s'


def note(person: str, by: str, case: str, duty: str, path: str, purpose: str, now: datetime) -> Look:
    """Write a look down; ``duty`` and ``path`` say in which post ``by`` looked."""
    return Look.objects.create(person_id=person, by_id=by, case=case, duty=duty, path=path, purpose=purpose, at=now)


def open_until(by: str | None, case: str, now: datetime) -> datetime | None:
    """Until when ``by`` may read the contact data of the case; None when it is closed."""
    if not by:
        return None
    last: datetime | None = connection.found(_LAST, [case, by, now - OPEN, now])[0][0]  # type: ignore[attr-defined]
    return last + OPEN if last else None


def of_case(case: str, person: str) -> list[Look]:
    """All looks at the contact data of ``person`` in one case, newest first."""
    return list(Look.objects.filter(case=case, person_id=person).order_by("-at", "-id"))
