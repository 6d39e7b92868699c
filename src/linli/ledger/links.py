"""Cases named by other cases, by the number people quote: only those the person may know of can be named."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from linli.kernel.institution import Field
from linli.ledger import visible
from linli.ledger.definitions import runtime
from linli.ledger.models import Case
from linli.people.registry import Snapshot

LONGEST_CHAIN = 20
"""Cases that wait for one another; a longer row of them is no longer one matter."""


def resolve(
    fields: Mapping[str, Field],
    data: Mapping[str, Any],
    person: str | None,
    snapshot: Snapshot,
    now: datetime,
    case_id: str | None = None,
) -> Mapping[str, Any]:
    """``data`` with each number of a `case` field replaced by what the kernel asks about that case.

    A number that is unknown, kept from ``person``, or would make ``case_id`` wait for itself stays a bare number,
    and the kernel refuses it. Inside an act the named case is locked, so that it cannot answer meanwhile.
    """
    named = {n: raw for n, raw in data.items() if n in fields and fields[n].type == "case" and raw}
    if not named:
        return data
    return {**data, **{n: _known(_number(raw), person, snapshot, now, case_id) for n, raw in named.items()}}


def _number(raw: Any) -> str:
    """What was typed; a mapping, as an API may send one, is trusted for nothing but its number."""
    return str(raw.get("number", "") if isinstance(raw, Mapping) else raw).strip()[:20]


def _known(number: str, person: str | None, snapshot: Snapshot, now: datetime, case_id: str | None) -> dict[str, str]:
    bare = {"number": number}
    if not number.isdecimal():
        return bare
    seen = visible.visible(visible.viewer(person, snapshot, now)) | visible.published(runtime().pack)
    rows = Case.objects.filter(number=int(number), pk__in=seen.filter(number=int(number)).values("pk"))
    if case_id is not None:
        rows = rows.select_for_update(of=("self",))
    found = rows.only("id", "number", "institution", "stage", "lead_id").first()
    if found is None or _waits_for(found, case_id):
        return bare
    return {"id": str(found.id), "number": str(found.number), "institution": found.institution, "stage": found.stage}


def _waits_for(case: Case, other: str | None) -> bool:
    """Whether ``case`` is ``other``, or waits for it over any number of steps."""
    at: Case | None = case
    for _ in range(LONGEST_CHAIN):
        if at is None or other is None:
            return False
        if str(at.id) == other:
            return True
        at = Case.objects.only("id", "lead_id").filter(id=at.lead_id).first() if at.lead_id else None
    return True
