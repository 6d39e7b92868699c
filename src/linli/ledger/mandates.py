"""Why somebody may act: which roles and parties of a case a person fits, and who holds it. Facts for the kernel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from linli.kernel.calendar import SHANGHAI
from linli.kernel.institution import Institution, Pack, Role
from linli.kernel.refusal import Who
from linli.people.registry import Holder, Snapshot, belongs


@dataclass(frozen=True, slots=True)
class Where:
    """Where a case stands in the two trees, and whom it is against."""

    place: str
    unit: str | None = None
    accused: str | None = None


def ladder(pack: Pack, role: Role) -> list[tuple[str, str]]:
    """The (duty, level or ``unit``) steps for ``role``: itself, then whoever takes over a vacancy."""
    steps = [(role.duty, role.at)]
    for duty in pack.ladder(role.duty)[1:]:
        steps += [(duty, at) for at in pack.duties[duty].at if at in pack.levels]
    return steps


def holder(pack: Pack, role: Role, where: Where, registry: Snapshot, now: datetime) -> Holder | None:
    """Who holds a case held by ``role``: one step up for each vacancy; the accused are passed over."""
    day = now.astimezone(SHANGHAI).date()
    return registry.resolve(ladder(pack, role), where.place, where.unit, day, where.accused)


def who(
    pack: Pack,
    institution: Institution,
    stage_holder: str | None,
    where: Where,
    registry: Snapshot,
    person: str | None,
    now: datetime,
    reporter: bool = False,
    channel: str = "web",
) -> Who:
    """The roles ``person`` fits for a case of ``institution`` at ``where``, and whether they raised it."""
    day = now.astimezone(SHANGHAI).date()
    mine = {(h.duty, h.path) for h in registry.duties(person, day) if not belongs(h.unit, where.accused)}
    roles: set[str] = set()
    for role in institution.roles.values() if mine else ():
        found = holder(pack, role, where, registry, now)
        if found and (found.duty, found.path) in mine:
            roles.add(role.name)
    if stage_holder in roles:
        roles.add("holder")
    if reporter:
        roles.add(institution.raised_by)
    return Who(person, frozenset(roles), channel)
