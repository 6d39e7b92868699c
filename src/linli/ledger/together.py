"""Cases handled together, as somebody may see them: the one a case waits for, and those that wait for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from linli.kernel.decide import FOLLOWS
from linli.kernel.institution import Institution, Text
from linli.ledger import lean, visible
from linli.ledger.definitions import Runtime
from linli.ledger.lock import Locked
from linli.ledger.models import Case
from linli.ledger.visible import Viewer

_FOLLOWERS = "SELECT count(*) FROM ledger_case WHERE lead_id = %s AND ended IS NULL"
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


@dataclass(frozen=True, slots=True)
class Benefit:
    """What came of those that took over a case's answer: how many, how many rated it, how many said it is solved."""

    answered: int = 0
    rated: int = 0
    solved: int = 0


RATING, SOLVED = "solved_answers", "solved"
"""The code list in which a reporter says whether it is solved, and the code for yes."""


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
    count: int = lean.by_key(_FOLLOWERS, [case.id])[0][0]
    if not count:
        return NOBODY
    may = visible.visible(who).filter(lead_id=case.id, ended=None).order_by("number")[:SHOWN] if who.person else ()
    return Followers(count, tuple(_linked(rt, c, True, False) for c in may))


def benefit(rt: Runtime, case: Case) -> Benefit:
    """Who was answered together with ``case`` and found it solved: for what is raised for all residents (a theme, a
    project, a hard problem) and has come out. Numbers and nobody's name; ordinary requests cost no query.
    """
    own = rt.institution(case.institution, case.version)
    if case.result is None or own.parties[own.raised_by].who != "public":
        return Benefit()
    total = Benefit()
    for institution, named in took_over(rt, case):
        rating = [f.name for f in institution.fields.values() if f.list == RATING]
        rated = Q(**{f"state__fields__{rating[0]}__isnull": False}) if rating else Q(pk__in=[])
        solved = Q(**{f"state__fields__{rating[0]}": SOLVED}) if rating else Q(pk__in=[])
        found = named.aggregate(n=Count("pk"), rated=Count("pk", filter=rated), solved=Count("pk", filter=solved))
        total = Benefit(total.answered + found["n"], total.rated + found["rated"], total.solved + found["solved"])
    return total


def took_over(rt: Runtime, case: Case | Locked) -> Iterator[tuple[Institution, QuerySet[Case]]]:
    """The cases that were answered with what ``case`` was answered with, by institution."""
    around = case.place.rsplit(".", 1)[0]  # one level up: somebody next door may have been answered as well
    for institution in rt.pack.institutions.values():
        for stage in (s for s in institution.stages.values() if s.follows):
            follows = stage.follows
            if follows is not None and case.institution in institution.fields[follows.case].of:
                named = {f"state__fields__{follows.case}__id": str(case.id), f"state__done__{follows.then}__gte": 1}
                yield institution, Case.objects.filter(institution=institution.name, place__within=around, **named)


def _linked(rt: Runtime, case: Case, may: bool, published: bool) -> Linked:
    institution = rt.institution(case.institution, case.version)
    stage = institution.stages[case.stage].title
    return Linked(case.number, institution.title, stage, case.ended is None, published, case if may else None)
