"""From a decision to rows: what one act adds to and changes in the database. Pure; :mod:`linli.ledger.store` writes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from linli.kernel.calendar import SHANGHAI
from linli.kernel.case import STAGE_CLOCK, Asked, Case, Entry, Moved, Running, Settled, Told
from linli.kernel.decide import FOLLOWS
from linli.kernel.institution import Act, Institution, Pack, Text
from linli.ledger import announce, chain, mandates
from linli.ledger.mandates import Where
from linli.ledger.marks import marks_of
from linli.ledger.plain import event_json
from linli.ledger.words import opening_texts, pairs_of
from linli.people.registry import Holder, Snapshot

IN_APP = "in_app"


@dataclass(frozen=True, slots=True)
class Reach:
    """How the person who raised the case can be reached besides its page."""

    person: str | None = None
    phone: str = ""
    email: str = ""
    chat: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """What a decision about one case rests on besides the case itself."""

    pack: Pack
    institution: Institution
    where: Where
    registry: Snapshot
    reach: Reach = Reach()

    def holder(self, role: str | None, now: datetime) -> Holder | None:
        """Who holds a case held by ``role``, by the duties of ``now``."""
        spec = self.institution.roles.get(role or "")
        return mandates.holder(self.pack, spec, self.where, self.registry, now) if spec else None


@dataclass(slots=True)
class Note:
    """One message to be queued."""

    to: str
    path: str | None
    person: str | None
    channel: str
    body: dict[str, str]
    answer: bool


@dataclass(slots=True)
class Row:
    """What one act writes: the new cached columns of the case, its entry, the data, and the messages."""

    id: str
    entry: Entry
    case: Case
    version: str
    prev: bytes
    hash: bytes
    salt: bytes | None
    digest: bytes | None
    events: bytes
    columns: dict[str, Any]
    pairs: list[str] | None = None
    """What the case can be found by; None where the act leaves that as it was."""
    notes: list[Note] = field(default_factory=list)


def row(context: Context, entry: Entry, case: Case, prev: bytes, stage: str | None) -> Row:
    """Everything that ``entry`` writes; ``case`` is the state after it, ``stage`` where it stood before."""
    salt, digest = chain.salted(entry.data) if entry.data else (None, None)
    events = chain.canonical([event_json(e) for e in entry.events])
    hash_ = chain.link(prev, case.id, case.seq, entry, case.version, events, digest)
    columns = cached(context, case, entry.at)
    notes = [*messages(context, entry, case, stage), *_outside(context, entry, case)]
    # Opened, or words were taken out of it; hardly any later act writes into what was asked at the opening.
    worded = stage is None or not entry.data.keys().isdisjoint(opening_texts(context.institution))
    pairs = pairs_of(context.institution, case, context.where.place) if worded else None
    return Row(case.id, entry, case, case.version, prev, hash_, salt, digest, events, columns, pairs, notes)


def _outside(context: Context, entry: Entry, case: Case) -> list[Note]:
    """What is told to the world outside, if anybody there listens."""
    where = context.where
    found = announce.event(context.pack, context.institution, context.registry, where.place, where.accused, entry, case)
    if found is None:
        return []
    body = {"zh": "", "en": "", "event": orjson.dumps(found).decode()}
    return [Note("", None, None, announce.OUTSIDE, body, False)]


def cached(context: Context, case: Case, now: datetime) -> dict[str, Any]:
    """The columns copied out of the state, and who holds the case by today's duties."""
    held = None if case.ended else context.holder(case.holder, now)
    return copied(context.institution, case) | {
        "holder_duty": held.duty if held else None,
        "holder_path": held.path if held else None,
        "stands_in": held.stands_in if held else False,
    }


def copied(institution: Institution, case: Case) -> dict[str, Any]:
    """The columns that are nothing but copies of the state, for finding, sorting and counting."""
    due = case.next_due()
    stage = case.clocks.get(STAGE_CLOCK)
    promise = promise_of(institution, case)
    return {
        "stage": case.stage,
        "holder_role": case.holder,
        "category": case.fields.get("category"),
        "ended": case.ended,
        "paused": case.paused,
        "next_due": due[1] if due else None,
        "stage_due": stage.due if stage else None,
        "promise_due": promise.due if promise else None,
        "result": case.result,
        "tier": case.tier,
        "lead_id": case.blocks.get(FOLLOWS, {}).get("id"),
        "marks": marks_of(institution, case),
    }


def promise_of(institution: Institution, case: Case) -> Running | None:
    """The clock that the reporter was promised: the first that the institution names; None when it does not run."""
    return case.clocks.get(next(iter(institution.clocks), ""))


def act_of(institution: Institution, name: str, stage: str | None) -> Act | None:
    """The definition of the act that an entry names, at the stage it was done; None for a clock's own."""
    base = name.partition(".")[0]
    if base == "open":
        return institution.open
    here = institution.stages.get(stage or "")
    return (here.acts.get(base) if here else None) or institution.anywhere.get(base)


def joined(institution: Institution, entry: Entry, stage: str | None) -> Act | None:
    """The act that followed when the last called unit ended; None for a unit that others are still waited for."""
    here = institution.stages.get(stage or "")
    if entry.act != "child_ended" or here is None or not any(isinstance(e, Told | Moved) for e in entry.events):
        return None
    return here.acts.get((here.calls.then if here.calls else here.gathers) or "")


def messages(context: Context, entry: Entry, case: Case, stage: str | None) -> list[Note]:
    """One note for each person or role told. Being handed a case is no message: it stands in the holder's queue."""
    institution = context.institution
    act = act_of(institution, entry.act, stage) or joined(institution, entry, stage)
    notes: list[Note] = []
    for event in entry.events:
        if not isinstance(event, Told):
            continue
        words = _words(context.pack, institution, act, entry, case)
        if event.to in institution.parties:
            notes += _to_party(event, institution, words, context.reach)
        elif act is None or act.says or act.approves or event.answer:
            to = (case.holder or "") if event.to == "holder" else event.to
            held = context.holder(to, entry.at)
            if held and not any((n.to, n.path) == (to, held.path) for n in notes):
                notes.append(Note(to, held.path, None, IN_APP, words, event.answer))
    return notes


def _to_party(event: Told, institution: Institution, words: dict[str, str], reach: Reach) -> list[Note]:
    notes = [Note(event.to, None, reach.person, IN_APP, words, event.answer)]
    if institution.parties[event.to].who == "person":
        if reach.phone:
            notes.append(Note(event.to, None, reach.person, "sms", words, event.answer))
        if reach.email:
            notes.append(Note(event.to, None, reach.person, "email", words, event.answer))
        if reach.chat:
            notes.append(Note(event.to, None, reach.person, "chat", words, event.answer))
    return notes


OVERDUE = Text(
    "事项 {number} 的“{clock}”已经超过时限，正在催办。", "Matter {number}: “{clock}” has run out; it is being pressed."
)


REMINDER = Text(
    "事项 {number} 的“{clock}”时限已过 {percent}%，{due}到期。",
    "Matter {number}: {percent}% of “{clock}” has passed; it is due on {due}.",
)
WAITS = Text("事项 {number}：“{act}”等您同意。{reason}", "Matter {number}: “{act}” waits for your agreement. {reason}")
DECLINED = Text("事项 {number}：“{act}”没有得到同意。", "Matter {number}: “{act}” was not agreed to.")


def _sentence(act: Act | None, entry: Entry) -> Text:
    if act is None:
        return REMINDER if "@" in entry.act else OVERDUE
    if any(isinstance(e, Asked) for e in entry.events):
        return WAITS
    if any(isinstance(e, Settled) and not e.agreed for e in entry.events):
        return DECLINED
    return act.says or act.title


def _words(pack: Pack, institution: Institution, act: Act | None, entry: Entry, case: Case) -> dict[str, str]:
    """The sentence in both languages, its braces filled in one pass: what people wrote is never read as a brace."""
    says = _sentence(act, entry)

    def filled(lang: str) -> str:
        return BRACE.sub(lambda m: _value(m[1], pack, institution, entry, case, lang) or m[0], says.in_(lang))

    return {lang: filled(lang) for lang in ("zh", "en")}


BRACE = re.compile(r"\{([a-z][a-z0-9_]*)\}")


def _value(name: str, pack: Pack, institution: Institution, entry: Entry, case: Case, lang: str) -> str | None:
    """What stands for ``{name}``: a field as people read it, the promise, the clock, the act; None for ``{number}``."""
    if name in institution.fields:
        value = entry.data.get(name, case.fields.get(name))
        return shown(pack, institution, name, value, lang) or " "
    if name == "promise":
        promise = promise_of(institution, case)
        return day_words(promise.due, lang) if promise else " "
    chosen = institution.fields.get(name.removesuffix("_says")) if name.endswith("_says") else None
    if chosen is not None and chosen.type == "code":
        value = entry.data.get(chosen.name, case.fields.get(chosen.name))
        code = pack.lists.get(chosen.list or "", {}).get(str(value))
        return code.says.in_(lang) if code and code.says else " "
    if name in ("clock", "percent", "due"):
        return _of_clock(name, institution, entry, case, lang)
    act = act_of(institution, entry.act, None) if name == "act" else None
    return act.title.in_(lang) if act else None


def _of_clock(name: str, institution: Institution, entry: Entry, case: Case, lang: str) -> str:
    """Of the clock that ran out or reminds: its title, the percent passed, or when it is due."""
    clock, _, percent = entry.act.removeprefix("clock:").partition("@")
    if name == "percent":
        return percent
    if name == "due":
        return day_words(case.clocks[clock].due, lang) if clock in case.clocks else " "
    spec = institution.stages[case.stage] if clock == STAGE_CLOCK else institution.clocks.get(clock)
    return spec.title.in_(lang) if spec else " "


def day_words(moment: datetime, lang: str) -> str:
    """The last day of a limit that ends at ``moment``, as people say it."""
    last = (moment - timedelta(microseconds=1)).astimezone(SHANGHAI)
    return f"{last.year}年{last.month}月{last.day}日" if lang == "zh" else last.date().isoformat()


def shown(pack: Pack, institution: Institution, name: str, value: Any, lang: str) -> str:
    """A field's value as a person reads it."""
    field_ = institution.fields.get(name)
    if field_ is None or value is None:
        return "" if value is None else str(value)
    if field_.type == "code":
        code = pack.lists.get(field_.list or "", {}).get(str(value))
        return code.title.in_(lang) if code else str(value)
    if field_.type == "yes_no":
        return ("是" if value else "否") if lang.startswith("zh") else ("yes" if value else "no")
    if field_.type == "case":
        return str(value["number"])
    if isinstance(value, list):
        return "、".join(str(v) for v in value)
    return str(value)
