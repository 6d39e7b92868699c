"""One case as somebody may see it: what happened, where it stands, what may still happen, and the acts they may do.

Pages and the API draw from this and from nothing else, so what they show is the same and is filtered in one place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from linli.kernel.calendar import SHANGHAI
from linli.kernel.case import STAGE_CLOCK
from linli.kernel.case import Case as KernelCase
from linli.kernel.decide import available, to_settle, too_late
from linli.kernel.institution import Institution, Text
from linli.kernel.refusal import Who, title_of
from linli.ledger import history, mandates, together, visible
from linli.ledger.act import context_of
from linli.ledger.definitions import Runtime, runtime
from linli.ledger.history import DECIDES, Fact, Happened, Reading, Sent
from linli.ledger.lock import of
from linli.ledger.models import Case
from linli.ledger.rows import Context
from linli.ledger.titles import level_title, result_title
from linli.ledger.together import Followers, Linked
from linli.ledger.visible import Viewer
from linli.people import looks, names, registry


@dataclass(frozen=True, slots=True)
class ClockView:
    """A running clock: ``state`` is ok, overdue or paused. ``first_due`` differs from ``due`` after an extension."""

    name: str
    title: Text
    due: datetime
    first_due: datetime
    start: datetime
    state: str


@dataclass(frozen=True, slots=True)
class Doable:
    """An act this person may do now, with what it asks for."""

    name: str
    title: Text
    needs: tuple[str, ...]
    may: tuple[str, ...]
    results: tuple[str, ...]
    to: Text | None
    moves: bool
    asks: Text | None
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class ChildView:
    """A called unit's case; ``case`` is None for somebody who may not open it."""

    unit: str
    lead: bool
    open: bool
    stage: Text
    result: Text | None
    due: datetime | None
    case: Case | None
    code: str = ""
    """The unit's code; empty when the case was called for a line and not for a unit."""


@dataclass(slots=True)
class CaseView:
    """Everything about one case for one viewer."""

    case: Case
    institution: Institution
    clearance: str
    stage: Text
    holder: Text | None
    holder_place: str
    holder_people: tuple[str, ...]
    stands_in: bool
    result: Text | None
    tier: Text | None
    place: tuple[str, ...]
    unit: str
    paused: bool
    clocks: tuple[ClockView, ...] = ()
    facts: tuple[Fact, ...] = ()
    contact: Mapping[str, str] | None = None
    """Of who raised it, masked unless a purpose was stated; then readable until ``contact_until``."""
    contact_until: datetime | None = None
    happened: tuple[Happened, ...] = ()
    been: tuple[str, ...] = ()
    next: tuple[tuple[Text, Text], ...] = ()
    acts: tuple[Doable, ...] = ()
    children: tuple[ChildView, ...] = ()
    lead: Linked | None = None
    followers: Followers = together.NOBODY
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def seq(self) -> int:
        """The state shown; sent back with an act so that nobody acts on an outdated page."""
        seq: int = self.case.state["seq"]
        return seq

    def clock(self, name: str) -> ClockView | None:
        """The clock ``name`` if it runs."""
        return next((c for c in self.clocks if c.name == name), None)


def view(case: Case, who: Viewer, now: datetime, as_reporter: bool = False) -> CaseView:
    """The case as ``who`` sees it at ``now``; that they may see it is the caller's question (``visible.find``)."""
    rt, snapshot = runtime(), registry.current()
    context = context_of(rt, snapshot, of(case))
    institution, kernel = context.institution, case.kernel()
    level = visible.clearance(rt.pack, who, case, as_reporter)
    mine = as_reporter or (who.person is not None and str(case.reporter_id) == who.person)
    actor = mandates.who(rt.pack, institution, kernel.holder, context.where, snapshot, who.person, now, mine)
    held = None if case.ended else context.holder(kernel.holder, now)
    page = CaseView(
        case=case,
        institution=institution,
        clearance=level,
        stage=institution.stages[case.stage].title,
        holder=title_of(institution, kernel.holder) if kernel.holder and not case.ended else None,
        holder_place=snapshot.named(held.path) if held else "",
        holder_people=(),
        stands_in=bool(held and held.stands_in),
        result=result_title(rt.pack, case.result) if case.result else None,
        tier=level_title(rt.pack, case.tier) if case.tier else None,
        place=_place_names(context),
        unit=snapshot.named(case.unit) if case.unit else "",
        paused=kernel.paused is not None,
        counts=kernel.counts,
    )
    holders = _holders(context, held.duty, held.path, now) if held and level_reads(page) else []
    _fill(page, rt, context, kernel, actor, who, holders, now)
    return page


def _fill(
    page: CaseView, rt: Runtime, context: Context, kernel: KernelCase, actor: Who, who: Viewer, holders: list[str],
    now: datetime,
) -> None:  # fmt: skip
    institution = context.institution
    steps = history.steps(page.case.id)
    page.clocks = tuple(_clocks(institution, kernel, now))
    opened = steps[0].data if steps else {}
    opening = {n: page.case.fields.get(n, v) for n, v in opened.items()}  # with what was corrected since
    page.facts = tuple(history.facts(context, visible.fields(institution, page.clearance, opening, actor.roles)))
    page.contact_until = looks.open_until(who.person, str(page.case.id), now) if level_reads(page) else None
    page.contact = visible.reporter_contact(page.clearance, page.case, page.contact_until is not None)
    people = names.of([*holders, *(s.by for s in steps if s.by)]) if level_reads(page) else {}
    page.holder_people = tuple(people[id] for id in holders if id in people)
    # Once a case let go of who raised it, what they did shows no name either.
    unnamed = () if page.case.reporter_id else institution.parties.keys()
    reading = Reading(page.clearance, frozenset(actor.roles), institution, people, unnamed)
    page.happened = tuple(history.history(reading, rt, context, steps, _messages(page)))
    page.been = tuple(dict.fromkeys(history.stages_been(steps)))
    page.next = tuple(_ways(institution, page.case.stage))
    page.acts = tuple(_doable(context, kernel, actor, page.clearance, now))
    page.children = tuple(_children(rt, page, who, actor.roles))
    page.lead = together.lead(rt, page.case, who)
    page.followers = together.followers(rt, page.case, who)


def level_reads(page: CaseView) -> bool:
    """Whether the viewer handles the case, and so may open the contact data of who raised it."""
    return page.clearance in ("handler", "supervisor")


def _place_names(context: Context) -> tuple[str, ...]:
    labels = context.where.place.split(".")
    paths = (".".join(labels[: n + 1]) for n in range(len(labels)))
    return tuple(context.registry.by_path[p].name for p in paths if p in context.registry.by_path)


def _holders(context: Context, duty: str, path: str, now: datetime) -> list[str]:
    """The ids of the people who hold it today."""
    today = now.astimezone(SHANGHAI).date()
    return [h.person for h in context.registry.holders(duty, path, today, context.where.accused)]


def _messages(page: CaseView) -> list[Sent]:
    """Deliveries shown: a party sees their own, handlers all, the public none."""
    if page.clearance == "public":
        return []
    every = history.sent(page.case.id, page.case.number)
    return [m for m in every if page.clearance != "party" or m.to in page.institution.parties]


def _clocks(institution: Institution, kernel: KernelCase, now: datetime) -> Iterable[ClockView]:
    own = {
        STAGE_CLOCK: institution.stages[kernel.stage].title,
        "pause": Text("等反映人补充", "Waiting for the reporter"),
    }
    for name, c in kernel.clocks.items():
        if "@" in name:  # a reminder of another clock
            continue
        spec = institution.clocks.get(name)
        state = "paused" if c.remaining is not None else "overdue" if c.due <= now else "ok"
        yield ClockView(name, spec.title if spec else own[name], c.due, c.first_due, c.start, state)


def _ways(institution: Institution, stage: str) -> Iterable[tuple[Text, Text]]:
    """(act, stage it leads to) for what may still happen from here, people's ways before the clock's."""
    if institution.stages[stage].end:
        return
    for act in institution.stages[stage].acts.values():
        if act.to and act.to != "back" and set(act.by) != {"clock"}:
            yield act.title, institution.stages[act.to].title


def _doable(context: Context, kernel: KernelCase, actor: Who, level: str, now: datetime) -> Iterable[Doable]:
    institution = context.institution
    for act in to_settle(institution, kernel, actor):
        facts = tuple(
            history.facts(context, visible.fields(institution, level, kernel.pending[act.name].data, actor.roles))
        )
        for how, words in DECIDES.items():
            title = Text(f"{words.zh}：{act.title.zh}", f"{words.en}: {act.title.en}")
            yield Doable(act.name + how, title, (), (), (), None, True, None, facts)
    for act in (a for a in available(institution, kernel, actor) if not too_late(context.pack, kernel, a, now)):
        target = institution.stages.get(act.to or "")
        asks = title_of(institution, act.approves) if act.approves else None
        results = act.result if len(act.result) > 1 else ()
        to = target.title if target else None
        yield Doable(act.name, act.title, act.needs, act.may, results, to, act.to is not None, asks)


def _children(rt: Runtime, page: CaseView, who: Viewer, roles: Iterable[str]) -> Iterable[ChildView]:
    """The called cases. A line that became one is its text; whoever may not read the lines gets its place instead."""
    case, state = page.case, page.case.state["children"]
    if not state:
        return
    lines = {s.calls.for_each for s in page.institution.stages.values() if s.calls}
    lines = {n for n in lines if page.institution.fields[n].type == "items"}
    readable = lines <= set(visible.fields(page.institution, page.clearance, dict.fromkeys(lines), roles))
    seen = set(visible.visible(who).filter(parent=case).values_list("id", flat=True)) if who.person else set()
    units = registry.current().units
    for place, child in enumerate(case.children.order_by("number"), 1):
        known = state.get(str(child.id))
        if known is None:
            continue
        stages = rt.institution(child.institution, child.version).stages
        result = result_title(rt.pack, child.result) if child.result else None
        name = units[known["unit"]].name if known["unit"] in units else known["unit"] if readable else str(place)
        may = child if child.id in seen else None
        code = known["unit"] if known["unit"] in units else ""
        title = stages[child.stage].title
        yield ChildView(name, known["lead"], known["open"], title, result, child.stage_due, may, code)
