"""``linli verify``: every case against its own entries, and against its parent, its holder and its clocks.

Reads one consistent snapshot while others go on working, in batches of cases, so memory does not grow with the
ledger. What it cannot see: a whole chain computed anew by somebody who may write to the database, and a case removed
with all its entries; for those the daily seal is kept outside.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

import orjson
import psycopg
from django.db import connection, transaction

from linli.kernel.calendar import SHANGHAI
from linli.kernel.institution import Institution, Text
from linli.ledger import mandates, rows
from linli.ledger.definitions import Runtime, runtime
from linli.ledger.mandates import Where
from linli.ledger.models import Case, Pairs
from linli.ledger.replay import REBUILD, RESTORE, CaseRow, DetailRow, EntryRow, Fault, Replayed, compare, replay
from linli.ledger.words import pairs_of
from linli.people import registry
from linli.people.registry import Holder, Snapshot
from linli.places.ltree import label

BATCH = 1000
FIRST, LAST = "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"

_TEXT = {"id", "parent", "case", "by", "state", "events", "data", "holder_path", "place", "unit", "accused", "lead_id"}
_COLUMN = {
    "parent": "parent_id",
    "case": "case_id",
    "pairs": "(SELECT w.pairs FROM ledger_pairs w WHERE w.case_id = ledger_case.id)",
}


def _select(row: type[Any], table: str) -> str:
    """SELECT of the columns a row type names; identifiers, JSON and paths as text."""
    names = (f"{_COLUMN.get(n, n)}{'::text' if n in _TEXT else ''}" for n in row._fields)
    return f"SELECT {', '.join(names)} FROM {table}"  # noqa: S608 - our own names


_CASES = _select(CaseRow, "ledger_case")
_ENTRIES = _select(EntryRow, "ledger_entry") + " WHERE case_id > %s AND case_id <= %s ORDER BY case_id, seq"
_DETAILS = _select(DetailRow, "ledger_detail") + " WHERE case_id > %s AND case_id <= %s ORDER BY case_id, seq"
_CHILDREN = """
SELECT parent_id::text, id::text, unit::text, place::text, ended, result
FROM ledger_case WHERE parent_id = ANY(%s) ORDER BY parent_id
"""

NO_WORKER = Text(
    "让 linli worker 运行，它会按现在的岗位重新交办。",
    "Let linli worker run: it hands the case over by today's duties.",
)


@dataclass(slots=True)
class Report:
    """What was checked, and what is wrong. ``erased`` counts acts whose data was lawfully erased, ``lingering`` cases
    in whose state some of it can still be read, ``gaps`` open cases whose post is vacant all the way up."""

    cases: int = 0
    entries: int = 0
    erased: int = 0
    lingering: int = 0
    gaps: int = 0
    faults: list[Fault] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Plain values for a machine."""
        counts = {n: getattr(self, n) for n in ("cases", "entries", "erased", "lingering", "gaps")}
        return {**counts, "faults": [f.as_json() for f in self.faults]}


def verify(now: datetime, progress: Callable[[int], Any] = lambda cases: None) -> Report:
    """Check everything; ``progress`` is told how many more cases are done. ``now`` decides which duties are held."""
    rt, report = runtime(), Report()
    with _snapshot():
        checker = _Checker(rt, registry.reload(), now)
        for found in _all(report):
            checker.check(found)
            report.cases += 1
            report.erased += found.erased
            report.lingering += found.lingers
            report.faults += found.faults
            progress(1)
        report.gaps = checker.gaps
    return report


@contextmanager
def _snapshot() -> Iterator[None]:
    """One view of the database from beginning to end, however long it takes."""
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if outermost:
            connection.cursor().execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def _all(report: Report) -> Iterator[Replayed]:
    """Every case replayed, in the order of their ids."""
    connection.ensure_connection()
    raw: psycopg.Connection[Any] = connection.connection
    after = FIRST
    with psycopg.ServerCursor(raw, "linli_verify") as cases:
        cases.itersize = BATCH
        cases.execute(f"{_CASES} ORDER BY id")
        while batch := [CaseRow(*values) for values in cases.fetchmany(BATCH)]:
            entries = _grouped(raw, _ENTRIES, EntryRow, (after, batch[-1].id))
            details = _grouped(raw, _DETAILS, DetailRow, (after, batch[-1].id))
            family = _children(raw, [row.id for row in batch])
            for row in batch:
                mine = entries.pop(row.id, [])
                report.entries += len(mine)
                found = replay(row, mine, {d.seq: d for d in details.pop(row.id, [])})
                _check_family(found, family.get(row.id, []), mine)
                yield found
            report.faults += _orphans(entries)
            after = batch[-1].id
    report.faults += _orphans(_grouped(raw, _ENTRIES, EntryRow, (after, LAST)))


def _grouped(raw: Any, sql: str, kind: type[Any], bounds: tuple[str, str]) -> dict[str, list[Any]]:
    with psycopg.Cursor(raw) as cursor:
        found = map(kind._make, cursor.execute(sql, bounds).fetchall())
        return {case: list(rows) for case, rows in groupby(found, itemgetter(0))}


def _orphans(left: Mapping[str, list[EntryRow]]) -> list[Fault]:
    says = Text("有记录，事项本身却不见了。", "there are entries, but their case is gone.")
    return [Fault(0, case, rows[0].seq, "case-missing", says, RESTORE) for case, rows in left.items()]


def _children(raw: Any, ids: list[str]) -> dict[str, list[tuple[Any, ...]]]:
    found: defaultdict[str, list[tuple[Any, ...]]] = defaultdict(list)
    with psycopg.Cursor(raw) as cursor:
        for parent, *child in cursor.execute(_CHILDREN, [ids]).fetchall():
            found[parent].append(tuple(child))
    return found


def _lines(entries: Iterable[EntryRow]) -> set[str]:
    """The lines of text for which cases were called, one each: those stand at no unit."""
    events = (e for row in entries if '"Called"' in row.events for e in orjson.loads(row.events))
    return {line for e in events if e["e"] == "Called" and e.get("fills") for line in e["units"]}


def _check_family(found: Replayed, children: Iterable[tuple[Any, ...]], entries: Iterable[EntryRow]) -> None:
    """The called units' cases are those their parent's entries name, and both know the same about how they ended."""
    parent = found.case
    if parent is None:
        return
    missing, lines = set(parent.children), _lines(entries)
    for id, unit, place, ended, result in children:
        missing.discard(id)
        known = parent.children.get(id)
        if known is None:
            zh, en = f"事项 {id} 说是它叫来的，记录里却没有。", f"case {id} says it was called by it; no entry says so."
            found.fault("child-unknown", zh, en, RESTORE)
        elif place != found.row.place or not _stands_at(unit, known.unit, lines):
            zh, en = (
                f"协办事项 {id} 的单位或地点与记录不符。",
                f"the called case {id} is not at the unit and place called.",
            )
            found.fault("child-differs", zh, en, RESTORE)
        elif _end_differs(known.open, known.result, ended, result, parent.ended):
            zh, en = (
                f"协办事项 {id} 办结与否两边不一致。",
                f"the called case {id} and its parent disagree whether it ended.",
            )
            found.fault("child-differs", zh, en, RESTORE)
    for id in sorted(missing):
        found.fault("child-missing", f"叫来的协办事项 {id} 不见了。", f"the called case {id} is gone.", RESTORE)


def _stands_at(unit: str | None, called: str, lines: set[str]) -> bool:
    """Whether a case without a unit was called for a line, and one at a unit for that unit."""
    return called in lines if unit is None else unit.rpartition(".")[2] == label(called)


def _end_differs(
    open_: bool, known: str | None, ended: datetime | None, result: str | None, parent_ended: datetime | None
) -> bool:
    """A parent that ended first is told nothing any more, so it may still think its child open."""
    if not open_:
        return ended is None or known != result
    return ended is not None and parent_ended is None


class _Checker:
    """What needs the pack and the registry: the pinned definition, and who holds the case."""

    def __init__(self, rt: Runtime, snapshot: Snapshot, now: datetime) -> None:
        self.rt, self.snapshot, self.now, self.gaps = rt, snapshot, now, 0
        self.day = now.astimezone(SHANGHAI).date()
        self.resolved: dict[tuple[str | None, ...], tuple[Holder | None, list[tuple[str, str | None]]]] = {}

    def check(self, found: Replayed) -> None:
        """Compare the replayed case with its cache, and an open case with the duties of today."""
        case = found.case
        if case is None:
            return
        try:
            institution = self.rt.institution(case.institution, case.version)
        except LookupError as problem:
            zh = f"找不到它所依据的制度版本（{problem}）。"
            change = Text("从备份中找回制度定义表。", "Restore the table of definitions from a backup.")
            found.fault("no-definition", zh, f"its definition is not here ({problem}).", change)
            return
        compare(found, institution)
        if case.ended is not None:
            return
        if case.next_due() is None:
            zh, en = "没有办结，却没有时限在走。", "it is open, but no clock is running."
            found.fault("no-clock", zh, en, REBUILD)
        if case.holder not in institution.roles:
            found.fault("no-holder", "没有办结，却没有人办理。", "it is open, but nobody holds it.", REBUILD)
        else:
            self._check_holder(found, institution, case.holder or "")

    def _check_holder(self, found: Replayed, institution: Institution, role: str) -> None:
        row = found.row
        today, steps = self._resolve(row, institution, role)
        held = row.holder_duty and row.holder_path
        if held and row.place in self.snapshot.by_path and (row.holder_duty, row.holder_path) not in steps:
            zh, en = "办理人不是这一环节该办的岗位。", "it is held by a post that this stage does not name."
            found.fault("wrong-holder", zh, en, NO_WORKER)
        elif held and self.snapshot.holders(row.holder_duty or "", row.holder_path or "", self.day, row.accused):
            return
        elif today is not None:
            zh, en = "岗位上没有人，却没有交给上一级。", "its post is vacant, and it was not handed to the level above."
            found.fault("holder-vacant", zh, en, NO_WORKER)
        else:
            self.gaps += 1

    def _resolve(
        self, row: CaseRow, institution: Institution, role: str
    ) -> tuple[Holder | None, list[tuple[str, str | None]]]:
        """Who holds it by today's duties, and every (duty, node) that may."""
        key = (institution.institution, institution.version, role, row.place, row.unit, row.accused)
        if key not in self.resolved:
            spec = institution.roles[role]
            ladder = mandates.ladder(self.rt.pack, spec)
            where = Where(row.place, row.unit, row.accused)
            today = mandates.holder(self.rt.pack, spec, where, self.snapshot, self.now)
            nodes = [(d, row.unit if at == "unit" else self.snapshot.level(row.place, at)) for d, at in ladder]
            self.resolved[key] = (today, nodes)
        return self.resolved[key]


def rebuild(ids: Iterable[str], now: datetime) -> list[str]:
    """Write the state and columns of these cases anew from their entries; returns those whose entries are sound.

    The entries are never touched: a case whose chain or data does not hold is left as it is.
    """
    rt, done = runtime(), []
    for id in ids:
        with transaction.atomic():
            stored = Case.objects.select_for_update(of=("self",)).get(id=id)
            found = _one(id)
            if found.case is None or found.faults:
                continue
            institution = rt.institution(found.case.institution, found.case.version)
            where = Where(stored.place, stored.unit, stored.accused)
            columns = rows.cached(rows.Context(rt.pack, institution, where, registry.fresh()), found.case, now)
            columns |= {"institution": institution.institution, "version": institution.version}
            columns |= {"opened": found.case.opened, "state": orjson.loads(orjson.dumps(found.case))}
            Case.objects.filter(id=id).update(**columns)
            pairs = pairs_of(institution, found.case, stored.place)
            Pairs.objects.update_or_create(case_id=id, defaults={"pairs": pairs})
            done.append(id)
    return done


def _one(id: str) -> Replayed:
    """One locked case, replayed."""
    connection.ensure_connection()
    with psycopg.Cursor(connection.connection) as cursor:
        row = next(CaseRow._make(r) for r in cursor.execute(f"{_CASES} WHERE id = %s", [id]).fetchall())
        entries = [EntryRow._make(r) for r in cursor.execute(_ONE_ENTRIES, [id]).fetchall()]
        details = [DetailRow._make(r) for r in cursor.execute(_ONE_DETAILS, [id]).fetchall()]
    return replay(row, entries, {d.seq: d for d in details})


_ONE_ENTRIES = _select(EntryRow, "ledger_entry") + " WHERE case_id = %s ORDER BY seq"
_ONE_DETAILS = _select(DetailRow, "ledger_detail") + " WHERE case_id = %s"
