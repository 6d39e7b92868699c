"""Cases handled together, as somebody may see them: the one a case waits for, and those that wait for it."""

from __future__ import annotations

from dataclasses import dataclass

from linli.kernel.decide import FOLLOWS
from linli.kernel.institution import Text
from linli.ledger import visible
from linli.ledger.definitions import Runtime
from linli.ledger.models import Case
from linli.ledger.visible import Viewer

SHOWN = 200
"""So many followers are listed; all of them are counted."""


@dataclass(frozen=True, slots=True)
class Linked:
    """A case handled together with another; ``case`` is None for somebody who may not open it."""

    number: int
    kind: Text
    stage: Text
    open: bool
    published: bool
    case: Case | None


@dataclass(frozen=True, slots=True)
class Followers:
    """Those that wait for a case: ``count`` of all of them, ``shown`` only what the viewer may open."""

    count: int = 0
    shown: tuple[Linked, ...] = ()


NOBODY = Followers()


def lead(rt: Runtime, case: Case, who: Viewer) -> Linked | None:
    """The case whose answer ``case`` waits for."""
    if not case.state["blocks"].get(FOLLOWS) or case.lead_id is None:
        return None
    other = Case.objects.filter(id=case.lead_id).first()
    if other is None:
        return None
    may = bool(who.person) and visible.may_see(who, other)
    return _linked(rt, other, may, visible.published(rt.pack).filter(pk=other.pk).exists())


def followers(rt: Runtime, case: Case, who: Viewer) -> Followers:
    """The open cases that wait for ``case``; one query for a case without any."""
    waiting = Case.objects.filter(lead_id=case.id, ended=None)
    count = waiting.count()
    if not count:
        return NOBODY
    may = visible.visible(who).filter(lead_id=case.id, ended=None).order_by("number")[:SHOWN] if who.person else ()
    return Followers(count, tuple(_linked(rt, c, True, False) for c in may))


def _linked(rt: Runtime, case: Case, may: bool, published: bool) -> Linked:
    institution = rt.institution(case.institution, case.version)
    stage = institution.stages[case.stage].title
    return Linked(case.number, institution.title, stage, case.ended is None, published, case if may else None)
