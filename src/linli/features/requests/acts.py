"""The one verb: bring a table of requests in. Each is opened by the ledger, as if it had been raised here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

import psycopg
from django.db import connection, transaction

from linli.features.requests import rules
from linli.features.requests.mapping import Layout
from linli.features.requests.rules import Known, Problem, Raw, Request
from linli.kernel.institution import Pack, Text
from linli.kernel.refusal import Refusal
from linli.ledger import act as ledger
from linli.ledger.models import Case
from linli.people.registry import Snapshot

CHUNK = 250
"""Requests in one transaction. What a killed import had not committed comes in when it is run again."""
CHANNEL = "import"


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that was not taken, with every reason."""

    raw: Raw
    problems: tuple[Problem, ...]


@dataclass(slots=True)
class Counts:
    """What became of the rows: opened now, already there, rejected."""

    opened: int = 0
    already: int = 0
    rejected: int = 0


def known(pack: Pack, institution: str, snapshot: Snapshot) -> Known:
    """What rows may name. Raises LookupError when there is no such institution."""
    act = pack.institutions[institution].open
    fields = (*act.needs, *act.may)
    listed = pack.institutions[institution].fields.get("category")
    codes = pack.lists.get((listed.list if listed else None) or "", {})
    groups = {code.group for code in codes.values()}
    categories: dict[str, str] = {}
    for name, code in codes.items():
        if name not in groups:
            categories |= {code.title.en: name, code.title.zh: name}
    categories |= {name: name for name in codes if name not in groups}
    areas: dict[str, str | None] = {}
    for place in snapshot.places.values():
        areas[place.name] = None if place.name in areas else place.path
    areas |= {place.code: place.path for place in snapshot.places.values()}
    return Known(categories, areas, fields)


def top(snapshot: Snapshot) -> str | None:
    """The code of the lowest area that holds all others: the jurisdiction, when a file says nothing about places."""
    above = {path.rpartition(".")[0] for path in snapshot.by_path}
    paths = [path.split(".") for path in snapshot.by_path if path not in above]
    shared: list[str] = []
    for labels in zip(*paths, strict=False):
        if len(set(labels)) > 1:
            break
        shared.append(labels[0])
    found = snapshot.by_path.get(".".join(shared))
    return found.code if found else None


def import_requests(
    rows: Iterable[Raw],
    layout: Layout,
    known: Known,
    institution: str,
    source: str,
    now: datetime,
    tell: bool = False,
    reject: Callable[[Reject], Any] = lambda rejected: None,
    progress: Callable[[int], Any] = lambda at: None,
) -> Counts:
    """Open a case for each row that is right, and hand each that is not to ``reject``, in the order of the file.

    ``now`` is when the clocks start; each case keeps the row's own time and number. ``tell`` sends the SMS and e-mails
    of newly raised matters. ``progress`` is told how far reading has come (``Raw.at``).
    """
    counts, seen = Counts(), dict[str, int]()
    door = _Door(institution, source, now, tell, layout)
    read = ((raw, _once(raw, rules.request(raw, layout, known, now), layout, seen)) for raw in rows)
    while chunk := list(islice(read, CHUNK)):
        outcomes = iter(door.open([one for _, one in chunk if isinstance(one, Request)], counts))
        for raw, one in chunk:
            problems = one if isinstance(one, list) else next(outcomes)
            if problems:
                counts.rejected += 1
                reject(Reject(raw, tuple(problems)))
        progress(chunk[-1][0].at)
    return counts


def _once(raw: Raw, one: Request | list[Problem], layout: Layout, seen: dict[str, int]) -> Request | list[Problem]:
    """The second row with a number is rejected and names the first: which of them is right is not ours to guess."""
    number = one.number if isinstance(one, Request) else _number(raw, layout)
    if not number:
        return one
    first = seen.setdefault(number, raw.line)
    if first == raw.line:
        return one
    says = Text(f"编号 {number} 与第 {first} 行重复。", f"The number {number} stands on line {first} already.")
    twice = Problem(layout.column("number"), says)
    return [twice] if isinstance(one, Request) else [*one, twice]


def _number(raw: Raw, layout: Layout) -> str:
    """The number of a row that is wrong elsewhere; empty when the row itself cannot be trusted."""
    if raw.problem is not None or len(raw.cells) != layout.width:
        return ""
    return rules.unescaped(rules.written(raw.cells[layout.index["number"]])).strip()


class _Door:
    """Opens requests of one source, several in a transaction."""

    def __init__(self, institution: str, source: str, now: datetime, tell: bool, layout: Layout) -> None:
        self.institution, self.source, self.now, self.tell = institution, source, now, tell
        self.layout = layout

    def open(self, requests: list[Request], counts: Counts) -> list[list[Problem]]:
        """Open them all; for each, why it was not opened (empty when it was, or was there already)."""
        if not requests:
            return []
        try:
            with transaction.atomic():
                outcomes = list(self._open_all(requests))
        except (psycopg.DataError, psycopg.IntegrityError) as problem:
            # One of them does not fit the tables, against all rules: the others shall not suffer for it.
            if len(requests) > 1:
                return [self.open([one], counts)[0] for one in requests]
            says = Text(f"数据库没有接受：{problem}", f"The database refused it: {problem}")
            return [[Problem("", says)]]
        counts.opened += sum(outcome is None for outcome in outcomes)
        counts.already += sum(outcome == [] for outcome in outcomes)
        return [outcome or [] for outcome in outcomes]

    def _open_all(self, requests: list[Request]) -> Iterator[list[Problem] | None]:
        """None for each that was opened, no problems for each that was there, problems otherwise."""
        there = self._already([one.number for one in requests])
        for one in requests:
            if one.number in there:
                yield self._same(one, *there[one.number])
                continue
            opening = ledger.Opening(
                self.institution,
                one.place,
                ledger.Reporter(name=one.name, phone=one.phone),
                channel=CHANNEL,
                source=self.source,
                external=one.number,
                reported=one.reported,
                quiet=not self.tell,
            )
            outcome = ledger.open(opening, one.data, self.now)
            yield self._refused(outcome) if isinstance(outcome, Refusal) else None

    def _already(self, numbers: list[str]) -> dict[str, tuple[int, datetime]]:
        """What of this source is here; two imports of one source take turns from here to the end of the transaction."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('linli import'), hashtext(%s))", [self.source])
        found = Case.objects.filter(source=self.source, external__in=numbers)
        rows = found.values_list("external", "number", "reported")
        return {str(external): (number, reported) for external, number, reported in rows}

    def _same(self, one: Request, number: int, reported: datetime) -> list[Problem]:
        """The same number with another time is another matter, and must not vanish as “already there”."""
        if one.reported is None or one.reported == reported:
            return []
        here = f"{reported.astimezone(one.reported.tzinfo):%Y-%m-%d %H:%M:%S}"
        says = Text(
            f"编号 {one.number} 已登记为事项 {number}，时间却是 {here}；若来自另一个系统，请用 --source 区分。",
            f"The number {one.number} is case {number} with the time {here}; if this is another system, use --source.",
        )
        return [Problem(self.layout.column("number"), says)]

    def _refused(self, refusal: Refusal) -> list[Problem]:
        named = [Problem(self.layout.column(name), says) for name, says in refusal.fields.items()]
        return named or [Problem("", refusal.says)]
