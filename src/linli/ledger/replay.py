"""One stored case against its own entries: the chain, the data, the state they lead to, and its clocks. Pure.

What the chain proves is that no entry was changed, removed or put elsewhere without computing every later hash of
that case anew. Data written down in an act stands outside the chain under a salted digest. Lawful erasure removes
the row of that data (and its salt, so that nothing can be guessed back); a row whose data is null counts as erased
too. Entries stay provable either way, so erasure is counted and never a fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from linli.kernel.case import Case, ClockFired, Entry, apply
from linli.kernel.institution import Institution, Text
from linli.ledger import chain
from linli.ledger.plain import case_from, event_from
from linli.ledger.rows import copied
from linli.ledger.words import pairs_of

RESTORE = Text(
    "记录是凭证，请从备份中找回这一事项，并查明是谁改的。",
    "Entries are the evidence: restore this case from a backup, and find out who changed it.",
)
REBUILD = Text(
    "记录完好，运行 linli verify --rebuild 按记录重建。",
    "The entries are sound: run linli verify --rebuild to rebuild it from them.",
)
REPORT = Text(
    "这是程序的缺陷，请带着事项编号报告。", "This is a defect of the program: report it with the case's number."
)


class EntryRow(NamedTuple):
    """A row of the entries, ``events`` as the database's own JSON text."""

    case: str
    seq: int
    at: datetime
    act: str
    by: str | None
    role: str | None
    channel: str
    works: bool
    events: str
    digest: bytes | None
    prev: bytes
    hash: bytes


class DetailRow(NamedTuple):
    """A row of what was written down; ``data`` as JSON text, None or ``null`` when erased."""

    case: str
    seq: int
    salt: bytes
    data: str | None


class CaseRow(NamedTuple):
    """A row of the cases, ``state`` as JSON text and paths as text."""

    id: str
    number: int
    institution: str
    version: str
    parent: str | None
    lead_id: str | None
    state: str
    head: bytes
    stage: str
    holder_role: str | None
    holder_duty: str | None
    holder_path: str | None
    place: str
    unit: str | None
    accused: str | None
    category: str | None
    channel: str
    opened: datetime
    ended: datetime | None
    paused: datetime | None
    next_due: datetime | None
    stage_due: datetime | None
    promise_due: datetime | None
    result: str | None
    tier: str | None
    marks: list[str]
    pairs: list[str] | None


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with a case: a stable ``code``, the entry where it shows (0 for the case), and how to go on."""

    number: int
    case: str
    seq: int
    code: str
    says: Text
    change: Text

    def line(self, lang: str) -> str:
        """One line for people."""
        says, change = self.says.in_(lang), self.change.in_(lang)
        if lang.startswith("zh"):
            return f"事项 {self.number}" + (f" 第 {self.seq} 步" if self.seq else "") + f"：{says}{change}"
        return f"case {self.number}" + (f", entry {self.seq}" if self.seq else "") + f": {says} {change}"

    def as_json(self) -> dict[str, Any]:
        """Plain values for a machine."""
        says, change = ({"zh": t.zh, "en": t.en} for t in (self.says, self.change))
        return {
            "number": self.number, "case": self.case, "seq": self.seq, "code": self.code, "says": says,
            "change": change,
        }  # fmt: skip


@dataclass(slots=True)
class Replayed:
    """What came out of replaying a case. ``case`` is None when its chain is broken."""

    row: CaseRow
    case: Case | None = None
    state: Case | None = None
    erased: int = 0
    lingers: bool = False
    faults: list[Fault] = field(default_factory=list)

    def fault(self, code: str, zh: str, en: str, change: Text, seq: int = 0) -> None:
        """Note something wrong."""
        self.faults.append(Fault(self.row.number, self.row.id, seq, code, Text(zh, en), change))


def replay(row: CaseRow, entries: Iterable[EntryRow], details: Mapping[int, DetailRow]) -> Replayed:
    """Check the chain, the data and the clocks of a case, and replay it; the state is compared by :func:`compare`."""
    found = Replayed(row)
    case: Case | None = None
    head, last, fired = chain.START, 0, set[tuple[str, datetime]]()
    for stored in entries:
        try:
            events = orjson.loads(stored.events)
            version = _version(case, events)
            if not _linked(found, stored, last + 1, head, version, events):
                return found
            data = _data(found, stored, details.get(stored.seq))
            by = (stored.at, stored.act, stored.by, stored.role, stored.channel)
            entry = Entry(*by, tuple(event_from(e) for e in events), data, stored.works)
            if case is not None:
                _check_clocks(found, case, entry, stored.seq, fired)
            case = apply(case, entry, row.id)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as problem:
            zh, en = f"记录无法重放（{problem!r}）。", f"the entry cannot be replayed ({problem!r})."
            found.fault("cannot-replay", zh, en, REPORT, stored.seq)
            return found
        head, last = stored.hash, stored.seq
    _check_end(found, head, last, details)
    found.case = case
    return found


def _version(case: Case | None, events: Any) -> str:
    """The version an entry's hash includes. Not a column of the entry: the event that opens the case, or lets it
    follow another version, carries the one that holds from this entry on."""
    named = [e["version"] for e in events if e["e"] in ("Opened", "Followed")]
    return str(named[-1]) if named else case.version if case else ""


def _linked(found: Replayed, stored: EntryRow, expected: int, head: bytes, version: str, events: Any) -> bool:
    """Whether the entry stands in its place and is what it was when it was written."""
    if stored.seq != expected:
        zh, en = f"少了第 {expected} 步的记录。", f"entry {expected} is missing."
        found.fault("entry-missing", zh, en, RESTORE, expected)
    elif stored.prev != head:
        zh, en = "记录不接在上一步后面，顺序被动过。", "the entry does not follow the one before it: order was changed."
        found.fault("chain-broken", zh, en, RESTORE, stored.seq)
    elif _hash(stored, version, events) != stored.hash:
        found.fault("entry-edited", "记录被改过。", "the entry was edited.", RESTORE, stored.seq)
    else:
        return True
    return False


def _hash(stored: EntryRow, version: str, events: Any) -> bytes:
    bare = Entry(stored.at, stored.act, stored.by, stored.role, stored.channel, (), {}, stored.works)
    return chain.link(stored.prev, stored.case, stored.seq, bare, version, chain.canonical(events), stored.digest)


def _data(found: Replayed, stored: EntryRow, detail: DetailRow | None) -> dict[str, Any]:
    """What was written down in the act; empty when nothing was, or when it was erased."""
    data = orjson.loads(detail.data) if detail is not None and detail.data is not None else None
    if stored.digest is None:
        if detail is not None:
            zh, en = (
                "这一步本来没有填写内容，现在却有。",
                "nothing was written down in this act, yet there is data now.",
            )
            found.fault("data-added", zh, en, RESTORE, stored.seq)
    elif detail is None or data is None:
        found.erased += 1
    elif chain.digest(detail.salt, data) != stored.digest:
        zh, en = "填写的内容被改过。", "what was written down was changed."
        found.fault("data-changed", zh, en, RESTORE, stored.seq)
    return data or {}


def _check_clocks(found: Replayed, case: Case, entry: Entry, seq: int, fired: set[tuple[str, datetime]]) -> None:
    """A clock fires once for each instant it was due at, and not before."""
    for event in entry.events:
        if not isinstance(event, ClockFired):
            continue
        running = case.clocks[event.name]
        if running.fired or (event.name, running.due) in fired:
            zh, en = f"时限 {event.name} 到期后动作了两次。", f"the clock {event.name} fired twice."
            found.fault("clock-fired-twice", zh, en, REPORT, seq)
        elif running.due > entry.at or running.remaining is not None:
            zh, en = f"时限 {event.name} 没到期就动作了。", f"the clock {event.name} fired before it was due."
            found.fault("clock-fired-early", zh, en, REPORT, seq)
        fired.add((event.name, running.due))


def _check_end(found: Replayed, head: bytes, last: int, details: Mapping[int, DetailRow]) -> None:
    if last == 0:
        found.fault("no-entries", "一条记录也没有。", "it has no entry at all.", RESTORE)
    elif found.row.head != head:
        zh = "最后一步和事项上登记的不一致，末尾的记录可能被删。"
        en = "the last entry is not the one that the case names: later ones may be gone."
        found.fault("wrong-head", zh, en, RESTORE, last)
    for seq in details:
        if seq > last:
            zh, en = "有填写内容，却没有这一步的记录。", "there is data of an act that has no entry."
            found.fault("data-added", zh, en, RESTORE, seq)


def compare(found: Replayed, institution: Institution) -> None:
    """The cached state and the columns against what the entries say; notes what differs, by name."""
    row, case = found.row, found.case
    if case is None:
        return
    try:
        state = found.state = case_from(orjson.loads(row.state))
    except (KeyError, TypeError, ValueError) as problem:
        zh, en = f"缓存的状态读不出来（{problem!r}）。", f"the cached state cannot be read ({problem!r})."
        found.fault("state-differs", zh, en, REBUILD)
        return
    for name in (f.name for f in fields(Case)):
        said, kept = getattr(case, name), getattr(state, name)
        if said == kept:
            continue
        if found.erased and _only_data(name, case, state):
            found.lingers = True
            continue
        what = _named(name, said, kept)
        zh, en = f"缓存的状态与记录不符：{what}。", f"the cached state differs from the entries: {what}."
        found.fault("state-differs", zh, en, REBUILD)
    _compare_columns(found, case, institution)


def _named(name: str, said: Any, kept: Any) -> str:
    """What differs. Of a mapping only the keys are named: what people wrote is not for a report."""
    if isinstance(said, Mapping) and isinstance(kept, Mapping):
        return f"{name}: {', '.join(k for k in sorted({*said, *kept}) if said.get(k) != kept.get(k))}"
    return f"{name}: {_short(said)} ≠ {_short(kept)}"


def _only_data(name: str, case: Case, state: Case) -> bool:
    """Whether the two differ only in what was written down: some of it was erased from under the entries."""
    if name == "pending":
        bare = [{n: replace(p, data={}) for n, p in c.pending.items()} for c in (case, state)]
        return bare[0] == bare[1]
    return name == "fields"


def _compare_columns(found: Replayed, case: Case, institution: Institution) -> None:
    row = found.row
    expected = copied(institution, case) | {
        "institution": case.institution, "version": case.version, "opened": case.opened,
    }  # fmt: skip
    if found.erased and "category" not in case.fields:
        del expected["category"]
    if found.erased:  # the answers went with what was erased
        del expected["marks"]
    for name, said in expected.items():
        kept = getattr(row, name)
        if said != kept:
            what = (_short(said), _short(kept))
            zh = f"{name} 栏与记录不符：应为 {what[0]}，现在是 {what[1]}。"
            en = f"the column {name} differs from the entries: {what[0]} expected, {what[1]} found."
            found.fault("column-differs", zh, en, REBUILD)
    if not found.erased and pairs_of(institution, case, row.place) != row.pairs:
        zh, en = "按文字查找用的索引与记录不符。", "what the search finds it by differs from the entries."
        found.fault("search-differs", zh, en, REBUILD)


def _short(value: Any) -> str:
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    return text if len(text) <= 60 else text[:57] + "…"
