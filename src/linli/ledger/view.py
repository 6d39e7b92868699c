"""One case as somebody may see it: what happened, where it stands, what may still happen, and the acts they may do.

Pages and the API draw from this and from nothing else, so what they show is the same and is filtered in one place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from linli.kernel.calendar import SHANGHAI
from linli.kernel.case import STAGE_CLOCK, Entry, Followed, Moved, Opened, Told
from linli.kernel.case import Case as KernelCase
from linli.kernel.decide import AGREE, DECLINE, available, to_settle, too_late
from linli.kernel.institution import Act, Institution, Text
from linli.kernel.refusal import Who, title_of
from linli.ledger import mandates, redacted, together, visible
from linli.ledger.act import context_of
from linli.ledger.announce import OUTSIDE
from linli.ledger.definitions import Runtime, runtime
from linli.ledger.lock import of
from linli.ledger.models import Case
from linli.ledger.models import Entry as EntryRow
from linli.ledger.plain import event_from
from linli.ledger.rows import Context, act_of, joined, shown
from linli.ledger.titles import level_title, result_title
from linli.ledger.together import Followers, Linked
from linli.ledger.visible import Viewer
from linli.people import looks, registry
from linli.people.models import Person

FOLLOWED = Text("转入制度新版本", "Goes on under a new version")
REASON = Text("理由", "Reason")
DECIDES = {AGREE: Text("同意", "Agree"), DECLINE: Text("不同意", "Decline")}


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing written down, as a person reads it; ``raw`` is the plain value."""

    name: str
    title: Text
    type: str
    raw: Any
    words: Text


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
class Happened:
    """One entry: which act, who did it in which role, what was written, who was told and whether it arrived."""

    seq: int
    at: datetime
    act: str
    title: Text
    role: Text
    person: str
    is_clock: bool
    is_answer: bool
    to: Text | None
    facts: tuple[Fact, ...]
    messages: tuple[Any, ...]


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
        holder_people=_holders(context, held.duty, held.path, now)
        if held and level in ("handler", "supervisor")
        else (),
        stands_in=bool(held and held.stands_in),
        result=result_title(rt.pack, case.result) if case.result else None,
        tier=level_title(rt.pack, case.tier) if case.tier else None,
        place=_place_names(context),
        unit=snapshot.named(case.unit) if case.unit else "",
        paused=kernel.paused is not None,
        counts=kernel.counts,
    )
    _fill(page, rt, context, kernel, actor, who, now)
    return page


def _fill(
    page: CaseView, rt: Runtime, context: Context, kernel: KernelCase, actor: Who, who: Viewer, now: datetime
) -> None:
    institution = context.institution
    entries = list(page.case.entries.order_by("seq"))
    details = redacted.effective({d.seq: d.data for d in page.case.details.all()})
    page.clocks = tuple(_clocks(institution, kernel, now))
    opening = {n: page.case.fields.get(n, v) for n, v in details.get(1, {}).items()}  # with what was corrected since
    page.facts = tuple(_facts(context, visible.fields(institution, page.clearance, opening, actor.roles)))
    page.contact_until = looks.open_until(who.person, str(page.case.id), now) if level_reads(page) else None
    page.contact = visible.reporter_contact(page.clearance, page.case, page.contact_until is not None)
    page.happened = tuple(_history(page, rt, context, actor, entries, details))
    page.been = tuple(dict.fromkeys(_stages_been(entries)))
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


def _holders(context: Context, duty: str, path: str, now: datetime) -> tuple[str, ...]:
    today = now.astimezone(SHANGHAI).date()
    ids = [h.person for h in context.registry.holders(duty, path, today, context.where.accused)]
    return tuple(p.name for p in Person.objects.filter(id__in=ids))


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


def _facts(context: Context, values: Mapping[str, Any]) -> Iterable[Fact]:
    # In the author's order: PostgreSQL keeps JSON keys in an order of its own.
    for name in [n for n in context.institution.fields if n in values]:
        value, spec = values[name], context.institution.fields[name]
        zh, en = (_read(context, name, value, lang) for lang in ("zh", "en"))
        raw = value["number"] if spec.type == "case" else value
        yield Fact(name, spec.title, spec.type, raw, Text(zh, en))


def _read(context: Context, name: str, value: Any, lang: str) -> str:
    if context.institution.fields[name].type == "units":
        return "、".join(context.registry.units[u].name if u in context.registry.units else u for u in value)
    return shown(context.pack, context.institution, name, value, lang)


def _stages_been(entries: Iterable[EntryRow]) -> Iterable[str]:
    for row in entries:
        for event in row.events:
            if event["e"] in ("Moved", "Followed"):
                yield event.get("to") or event["stage"]


def _history(
    page: CaseView, rt: Runtime, context: Context, actor: Who, rows: list[EntryRow],
    details: Mapping[int, Mapping[str, Any]],
) -> Iterable[Happened]:  # fmt: skip
    """Each entry in the words of the version it was done under."""
    messages = _messages_by_seq(page)
    # Once a case let go of who raised it, what they did shows no name either.
    named = [r for r in rows if page.case.reporter_id or r.role not in page.institution.parties]
    people = Person.objects.in_bulk(
        {r.by for r in named if r.by} if page.clearance in ("handler", "supervisor") else ()
    )
    stage: str | None = None
    for row in rows:
        entry = entry_of(row, details.get(row.seq, {}))
        context = _under(rt, context, entry)
        institution = context.institution
        act = act_of(institution, row.act, stage) or joined(institution, entry, stage)
        moved = next((_to(e) for e in reversed(entry.events) if isinstance(e, Moved | Followed)), None)
        written = {} if row.act in redacted.TITLES else entry.data  # it repeats what others wrote
        values = visible.fields(institution, page.clearance, written, actor.roles)
        if institution is not page.institution:  # what the version in force keeps closer stays closed
            hidden = page.institution.fields.keys() - visible.fields(
                page.institution, page.clearance, values, actor.roles
            )
            values = {n: v for n, v in values.items() if n not in hidden}
        yield Happened(
            seq=row.seq,
            at=row.at,
            act=row.act,
            title=_title(institution, act, row.act),
            role=title_of(institution, row.role or ""),
            person=people[row.by].name if row.by in people and row in named else "",
            is_clock=row.channel == "clock",
            is_answer=any(isinstance(e, Told) and e.answer for e in entry.events),
            to=institution.stages[moved].title if moved and moved != stage else None,
            facts=(*_facts(context, values), *_reasons(entry, page.clearance)),
            messages=tuple(messages.get(row.seq, ())),
        )
        stage = moved or stage


def _under(rt: Runtime, context: Context, entry: Entry) -> Context:
    """The same with the version that the entry opens the case under, or lets it follow."""
    version = next((e.version for e in entry.events if isinstance(e, Opened | Followed)), None)
    if version is None or version == context.institution.version:
        return context
    return replace(context, institution=rt.institution(context.institution.name, version))


def _to(event: Moved | Followed) -> str:
    return event.to if isinstance(event, Moved) else event.stage


def _reasons(entry: Entry, level: str) -> Iterable[Fact]:
    """Why a case went on under another version (part of the chain, not of what was filled in), or lost some words."""
    if entry.act in redacted.TITLES and level != "public" and redacted.why(entry.data):
        said = redacted.why(entry.data)
        yield Fact("reason", REASON, "text", said, Text(said, said))
    for event in entry.events:
        if isinstance(event, Followed):
            yield Fact("reason", REASON, "text", event.reason, Text(event.reason, event.reason))


def entry_of(row: EntryRow, data: Mapping[str, Any]) -> Entry:
    """The kernel's entry out of its row and what was written down."""
    by = str(row.by) if row.by else None
    return Entry(row.at, row.act, by, row.role, row.channel, tuple(event_from(e) for e in row.events), data, row.works)


def _title(institution: Institution, act: Act | None, name: str) -> Text:
    if name in redacted.TITLES:
        return redacted.TITLES[name]
    if act is not None:
        how = DECIDES.get(name[name.find(".") :]) if "." in name else None
        return Text(f"{how.zh}：{act.title.zh}", f"{how.en}: {act.title.en}") if how else act.title
    if name.startswith("clock:") and "@" in name:
        of, _, percent = name.removeprefix("clock:").partition("@")
        clock = institution.clocks.get(of)
        zh, en = (clock.title.zh, clock.title.en) if clock else ("本环节时限", "the time limit here")
        return Text(f"提醒：{zh}已过 {percent}%", f"Reminder: {percent}% of {en} has passed")
    if name.startswith("clock:"):
        clock = institution.clocks.get(name.removeprefix("clock:"))
        return Text(f"{clock.title.zh}到期", f"{clock.title.en} ran out") if clock else Text("时限到期", "Time ran out")
    if name.startswith("migrate:"):
        return FOLLOWED
    return Text("其中一件办结", "One of those called finished") if name == "child_ended" else Text(name, name)


def _messages_by_seq(page: CaseView) -> dict[int, list[Any]]:
    """Deliveries shown: a party sees their own, handlers all, the public none."""
    if page.clearance == "public":
        return {}
    found: dict[int, list[Any]] = {}
    for message in page.case.messages.exclude(channel=OUTSIDE).order_by("id"):
        if page.clearance != "party" or message.to in page.institution.parties:
            message.case = page.case
            found.setdefault(message.seq, []).append(message)
    return found


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
        facts = tuple(_facts(context, visible.fields(institution, level, kernel.pending[act.name].data, actor.roles)))
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
