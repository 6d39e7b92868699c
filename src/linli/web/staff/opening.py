"""Opening a matter in one's duty: what may be opened, where, and sending it once however often it is pressed."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from psycopg.errors import UniqueViolation

from linli.kernel.institution import Institution, Pack
from linli.kernel.refusal import Refusal
from linli.ledger import act as ledger
from linli.ledger.definitions import runtime
from linli.ledger.models import Case
from linli.ledger.visible import Viewer
from linli.people.registry import Office, Place, Snapshot
from linli.web.page.raising import raised_first
from linli.web.page.request import viewer

SOURCE = "staff"
"""With the form's token it makes a matter unique: the same form sent twice opens one case."""


def openable(pack: Pack, who: Viewer) -> list[Institution]:
    """What ``who`` may open in a duty, for somebody who calls or comes by; what residents may open comes first."""
    found = [i for i in pack.institutions.values() if i.parties[i.raised_by].who == "person" and _paths(i, who)]
    return sorted(found, key=lambda i: (not i.public, *raised_first(i)))


def may_take_in(request: HttpRequest) -> bool:
    """Whoever is signed in may open something for somebody else."""
    return bool(openable(runtime().pack, viewer(request)))


def startable(pack: Pack, who: Viewer) -> list[Institution]:
    """What ``who`` starts in a duty of their own, with nobody who calls: for all residents, or for their own office."""
    found = [i for i in pack.institutions.values() if _paths(i, who)]
    for_somebody = [i for i in found if i.parties[i.raised_by].who == "person" and i.raised_by in i.open.by]
    return [i for i in found if i not in for_somebody and i.parties[i.raised_by].who != "case"]


def _paths(institution: Institution, who: Viewer) -> set[str]:
    duties = {institution.roles[r].duty for r in institution.open.by if r in institution.roles}
    return {h.path for h in who.duties if h.duty in duties}


def own_unit(snapshot: Snapshot, institution: Institution, who: Viewer) -> Office | None:
    """The unit in whose name ``who`` starts it, where a unit does."""
    units = [snapshot.units_by_path[p] for p in _paths(institution, who) if p in snapshot.units_by_path]
    return units[0] if units else None


def needs_unit(institution: Institution) -> bool:
    """It is addressed to a unit that whoever starts it chooses."""
    addressed = [r.name for r in institution.roles.values() if r.at == "unit"]
    return bool(addressed) and not set(addressed) & set(institution.open.by)


def units(pack: Pack, snapshot: Snapshot, institution: Institution) -> list[Office]:
    """Units to which it can be addressed: those whose people may hold the duty."""
    kinds = {at for r in institution.roles.values() if r.at == "unit" for at in pack.duties[r.duty].at}
    return sorted((u for u in snapshot.units.values() if u.kind in kinds), key=lambda u: u.code)


def own_places(pack: Pack, snapshot: Snapshot, institution: Institution, who: Viewer) -> dict[str, Place]:
    """Where ``who`` may start it: the areas of the lowest level at which it has a role, inside the duty.

    What a unit starts goes to the areas, inside its own, of whoever holds it first: work given to a community, to that
    community; an application to the district, to the district.
    """
    unit = own_unit(snapshot, institution, who)
    if unit is not None:
        first = institution.roles.get(institution.stages[institution.open.to or ""].holder or "")
        inside = _labelled(snapshot, [unit.area])
        return {label: p for label, p in inside.items() if first and p.kind == first.at} or {
            snapshot.by_path[unit.area].name: snapshot.by_path[unit.area]
        }
    inside = places(snapshot, institution, who)
    levels = [r.at for r in institution.roles.values() if r.at != "unit"]
    for level in reversed(list(pack.levels)):
        found = {label: p for label, p in inside.items() if p.kind == level and level in levels}
        if found:
            return found
    return inside


def places(snapshot: Snapshot, institution: Institution, who: Viewer) -> dict[str, Place]:
    """Where ``who`` may open it: label → area inside their duty; an ambiguous name carries the one above it."""
    return _labelled(snapshot, _paths(institution, who))


def _labelled(snapshot: Snapshot, tops: Iterable[str]) -> dict[str, Place]:
    inside = snapshot.within(tops)
    names = [p.name for p in inside]
    found: dict[str, Place] = {}
    for place in inside:
        above = snapshot.places.get(place.parent or "")
        label = f"{place.name}（{above.name}）" if names.count(place.name) > 1 and above else place.name
        found[label if label not in found else place.code] = place
    return found


def token() -> str:
    """A new form's own mark."""
    return secrets.token_urlsafe(12)


def send(
    request: HttpRequest, institution: Institution, place: Place, data: Mapping[str, Any], who: Viewer, now: Any,
    reporter: ledger.Reporter, channel: str, unit: Office | None = None,
) -> ledger.Receipt | Refusal | int:  # fmt: skip
    """Open it; the number alone when this very form was sent before."""
    mark = request.POST.get("token", "")[:40] or token()
    before = Case.objects.filter(source=SOURCE, external=mark).values_list("number", flat=True).first()
    if before:
        return before
    opening = ledger.Opening(
        institution.name, place.path, reporter, who.person, channel, unit.path if unit else None,
        source=SOURCE, external=mark, reported=now,
    )  # fmt: skip
    try:
        with transaction.atomic():
            return ledger.open(opening, data, now)
    except UniqueViolation:
        return int(Case.objects.values_list("number", flat=True).get(source=SOURCE, external=mark))
