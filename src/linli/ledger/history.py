"""What happened in a case, step by step and in the words of the version each step was done under."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from linli.kernel.case import Entry, Followed, Moved, Opened, Told
from linli.kernel.decide import AGREE, DECLINE
from linli.kernel.institution import Act, Institution, Text
from linli.kernel.refusal import title_of
from linli.ledger import lean, redacted, visible
from linli.ledger.announce import OUTSIDE
from linli.ledger.definitions import Runtime
from linli.ledger.models import Entry as EntryRow
from linli.ledger.plain import event_from
from linli.ledger.rows import Context, act_of, joined, shown

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
    messages: tuple[Sent, ...]


class Step(NamedTuple):
    """An entry's row, with what was written down that may still be read."""

    seq: int
    at: datetime
    act: str
    by: str | None
    role: str | None
    channel: str
    works: bool
    events: list[dict[str, Any]]
    data: Mapping[str, Any]

    @property
    def entry(self) -> Entry:
        """The kernel's entry."""
        return entry_of(self, self.data)


class Sent(NamedTuple):
    """A message and whether it arrived; ``body`` is {zh, en}, ``number`` the case's."""

    seq: int
    to: str
    channel: str
    body: Mapping[str, str]
    state: str
    error: str
    created: datetime
    delivered: datetime | None
    number: int

    def text(self, lang: str) -> str:
        """The words in ``lang``, with the case's number."""
        return self.body["zh" if lang.startswith("zh") else "en"].replace("{number}", str(self.number))


_STEPS = """
SELECT e.seq, e.at, e.act, e.by::text, e.role, e.channel, e.works, e.events, d.data
FROM ledger_entry e LEFT JOIN ledger_detail d ON d.case_id = e.case_id AND d.seq = e.seq
WHERE e.case_id = %s ORDER BY e.seq
"""
_SENT = """
SELECT seq, "to", channel, body, state, error, created, delivered FROM ledger_message
WHERE case_id = %s AND channel <> %s ORDER BY id
"""


def steps(case_id: Any) -> list[Step]:
    """Every entry of the case, the first one first, in one statement."""
    found = [(*row[:7], orjson.loads(row[7]), row[8]) for row in lean.by_key(_STEPS, [case_id])]
    data = redacted.effective({row[0]: orjson.loads(row[8]) for row in found if row[8] is not None})
    return [Step._make((*row[:8], data.get(row[0], {}))) for row in found]


def sent(case_id: Any, number: int) -> list[Sent]:
    """What people were told about the case, the first message first; without what other systems were sent."""
    found = lean.by_key(_SENT, [case_id, OUTSIDE])
    return [Sent._make((*row[:3], orjson.loads(row[3]), *row[4:], number)) for row in found]


def entry_of(row: Step | EntryRow, data: Mapping[str, Any]) -> Entry:
    """The kernel's entry out of its row and what was written down."""
    by = str(row.by) if row.by else None
    return Entry(row.at, row.act, by, row.role, row.channel, tuple(event_from(e) for e in row.events), data, row.works)


def stages_been(rows: Iterable[Step]) -> Iterable[str]:
    """The stages that the case came to, in order."""
    for row in rows:
        for event in row.events:
            if event["e"] in ("Moved", "Followed"):
                yield event.get("to") or event["stage"]


@dataclass(frozen=True, slots=True)
class Reading:
    """How a case's history is read: with which clearance and roles, under which version today.

    ``names`` has the people who may be named, by id; of what was done in a role of ``unnamed`` nobody is.
    """

    clearance: str
    roles: frozenset[str]
    institution: Institution
    names: Mapping[str, str]
    unnamed: Collection[str] = ()


def history(
    reading: Reading, rt: Runtime, context: Context, rows: Iterable[Step], messages: Iterable[Sent]
) -> Iterable[Happened]:
    """Each entry in the words of the version it was done under."""
    told: dict[int, list[Sent]] = {}
    for message in messages:
        told.setdefault(message.seq, []).append(message)
    stage: str | None = None
    for row in rows:
        entry = row.entry
        context = _under(rt, context, entry)
        institution = context.institution
        act = act_of(institution, row.act, stage) or joined(institution, entry, stage)
        moved = next((_to(e) for e in reversed(entry.events) if isinstance(e, Moved | Followed)), None)
        yield Happened(
            seq=row.seq,
            at=row.at,
            act=row.act,
            title=_title(institution, act, row.act),
            role=title_of(institution, row.role or ""),
            person="" if row.role in reading.unnamed else reading.names.get(row.by or "", ""),
            is_clock=row.channel == "clock",
            is_answer=any(isinstance(e, Told) and e.answer for e in entry.events),
            to=institution.stages[moved].title if moved and moved != stage else None,
            facts=(*facts(context, _readable(reading, institution, entry)), *_reasons(entry, reading.clearance)),
            messages=tuple(told.get(row.seq, ())),
        )
        stage = moved or stage


def _readable(reading: Reading, institution: Institution, entry: Entry) -> dict[str, Any]:
    """What was written in an entry, by the version of then and, as far as it keeps things closer, of today."""
    written = {} if entry.act in redacted.TITLES else entry.data  # it repeats what others wrote
    values = visible.fields(institution, reading.clearance, written, reading.roles)
    if institution is reading.institution:
        return values
    today = visible.fields(reading.institution, reading.clearance, values, reading.roles)
    return {n: v for n, v in values.items() if n in today or n not in reading.institution.fields}


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


def facts(context: Context, values: Mapping[str, Any]) -> Iterable[Fact]:
    """What was written down, in the author's order: PostgreSQL keeps JSON keys in an order of its own."""
    for name in [n for n in context.institution.fields if n in values]:
        value, spec = values[name], context.institution.fields[name]
        zh, en = (_read(context, name, value, lang) for lang in ("zh", "en"))
        raw = value["number"] if spec.type == "case" else value
        yield Fact(name, spec.title, spec.type, raw, Text(zh, en))


def _read(context: Context, name: str, value: Any, lang: str) -> str:
    if context.institution.fields[name].type == "units":
        return "、".join(context.registry.units[u].name if u in context.registry.units else u for u in value)
    return shown(context.pack, context.institution, name, value, lang)
