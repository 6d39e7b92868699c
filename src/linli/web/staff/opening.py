"""Opening a matter in one's duty: what may be opened, where, and sending it once however often it is pressed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from psycopg.errors import UniqueViolation

from linli.kernel.institution import Institution, Pack
from linli.kernel.refusal import Refusal
from linli.ledger import act as ledger
from linli.ledger.models import Case
from linli.ledger.visible import Viewer
from linli.people.registry import Place, Snapshot

SOURCE = "staff"
"""With the form's token it makes a matter unique: the same form sent twice opens one case."""


def openable(pack: Pack, who: Viewer) -> list[Institution]:
    """What ``who`` may open in a duty, for somebody who calls or comes by; what residents may open comes first."""
    found = [i for i in pack.institutions.values() if i.parties[i.raised_by].who == "person" and _paths(i, who)]
    return sorted(found, key=lambda i: not i.public)


def _paths(institution: Institution, who: Viewer) -> set[str]:
    duties = {institution.roles[r].duty for r in institution.open.by if r in institution.roles}
    return {h.path for h in who.duties if h.duty in duties}


def places(snapshot: Snapshot, institution: Institution, who: Viewer) -> dict[str, Place]:
    """Where ``who`` may open it: label → area inside their duty; an ambiguous name carries the one above it."""
    tops = _paths(institution, who)
    inside = [p for p in snapshot.places.values() if any(p.path == t or p.path.startswith(f"{t}.") for t in tops)]
    names = [p.name for p in inside]
    found: dict[str, Place] = {}
    for place in sorted(inside, key=lambda p: p.path):
        above = snapshot.places.get(place.parent or "")
        label = f"{place.name}（{above.name}）" if names.count(place.name) > 1 and above else place.name
        found[label if label not in found else place.code] = place
    return found


def token() -> str:
    """A new form's own mark."""
    return secrets.token_urlsafe(12)


def send(
    request: HttpRequest, institution: Institution, place: Place, data: Mapping[str, Any], who: Viewer, now: Any,
    reporter: ledger.Reporter, channel: str,
) -> ledger.Receipt | Refusal | int:  # fmt: skip
    """Open it; the number alone when this very form was sent before."""
    mark = request.POST.get("token", "")[:40] or token()
    before = Case.objects.filter(source=SOURCE, external=mark).values_list("number", flat=True).first()
    if before:
        return before
    opening = ledger.Opening(
        institution.name, place.path, reporter, who.person, channel, source=SOURCE, external=mark, reported=now
    )
    try:
        with transaction.atomic():
            return ledger.open(opening, data, now)
    except UniqueViolation:
        return int(Case.objects.values_list("number", flat=True).get(source=SOURCE, external=mark))
