"""Open cases that go on under another version: what would happen, and doing it.

``plan`` only reads. ``run`` appends one entry to each case that follows, with the reason, and changes nothing else:
no clock restarts, nobody is told anything new, whoever held the case holds it under the new stage's role. Cases that
must stay keep their version; those that need a decision are listed until somebody says where their stage goes.

Running it again does nothing to a case that has followed, so it may be stopped and started at will while the site
works: a case that moved since it was planned is judged anew under its lock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from linli.drafting.diff_follow import Follow, follow
from linli.kernel.calendar import SHANGHAI
from linli.kernel.case import Case as KernelCase
from linli.kernel.case import Entry, apply
from linli.kernel.institution import Institution, Text
from linli.kernel.refusal import Refusal
from linli.ledger import lock, store
from linli.ledger.definitions import Runtime, runtime
from linli.ledger.lock import Locked
from linli.ledger.mandates import Where
from linli.ledger.models import Case
from linli.ledger.plain import case_from
from linli.ledger.rows import Context, Reach, row
from linli.people import registry

BATCH = 200
"""Cases written in one transaction; people who act on one of them wait that long."""
NEWEST = "newest"
"""Instead of a version: the one in force."""
CHANNEL = "system"
LONGEST_REASON = 500

Judged = Callable[[int], Any]


@dataclass(slots=True)
class Group:
    """Cases of one version at one stage with the same outcome. ``to``: where they stand then, or what is suggested."""

    kind: str
    version: str
    stage: str
    why: Text
    to: str | None
    numbers: list[int] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        why = {"zh": self.why.zh, "en": self.why.en}
        return {
            "kind": self.kind, "from": self.version, "stage": self.stage, "to": self.to, "why": why,
            "cases": len(self.numbers), "numbers": self.numbers,
        }  # fmt: skip


@dataclass(slots=True)
class Report:
    """What happens, or happened, to the open cases of other versions. ``done`` counts entries written."""

    institution: str
    version: str
    groups: dict[tuple[str, ...], Group] = field(default_factory=dict)
    done: int = 0

    def add(self, number: int, case: KernelCase, found: Follow) -> None:
        """Note one case."""
        key = (found.kind, case.version, case.stage, found.why.zh, found.to_stage or "")
        group = self.groups.get(key)
        if group is None:
            group = self.groups[key] = Group(found.kind, case.version, case.stage, found.why, found.to_stage)
        group.numbers.append(number)

    def of(self, kind: str) -> list[Group]:
        """The groups of one kind: follow, stay or decide."""
        return [g for g in self.groups.values() if g.kind == kind]

    def count(self, kind: str) -> int:
        """How many cases are of one kind."""
        return sum(len(g.numbers) for g in self.of(kind))

    def as_json(self) -> dict[str, Any]:
        """Plain values for a machine."""
        counts = {kind: self.count(kind) for kind in ("follow", "stay", "decide")}
        groups = [g.as_json() for g in self.groups.values()]
        return {"institution": self.institution, "to": self.version, **counts, "done": self.done, "groups": groups}


def plan(
    institution: str, to_version: str, now: datetime, decisions: Mapping[str, str] | None = None,
    progress: Judged = lambda cases: None,
) -> Report | Refusal:  # fmt: skip
    """What ``run`` would do to each open case under another version; nothing is written."""
    rt = runtime()
    target = _target(rt, institution, to_version, now)
    if isinstance(target, Refusal):
        return target
    report = Report(institution, target.version)
    waiting = Case.objects.filter(institution=institution, ended=None).exclude(version=target.version)
    for number, state in waiting.order_by("id").values_list("number", "state").iterator(chunk_size=BATCH):
        case = case_from(state)
        report.add(number, case, _judge(rt, target, case, decisions))
        progress(1)
    return report


def run(
    institution: str, to_version: str, reason: str, person: str | None, now: datetime,
    decisions: Mapping[str, str] | None = None, progress: Judged = lambda cases: None,
) -> Report | Refusal:  # fmt: skip
    """Let every open case follow ``to_version`` that can; the report lists what was done and what was left.

    ``person`` is who orders it (None: the operator at the command line), ``decisions`` maps a stage that is gone to
    the stage of the new version where its cases go on. Raises nothing for a case that cannot follow.
    """
    reason = reason.strip()
    if not reason or len(reason) > LONGEST_REASON:
        say = Text(f"请写明理由，最多 {LONGEST_REASON} 字。", f"Give a reason of at most {LONGEST_REASON} characters.")
        return Refusal("no_reason", say, Text("理由会记入每件事项。", "It is written into every case."))
    target = _target(runtime(), institution, to_version, now)
    if isinstance(target, Refusal):
        return target
    work = _Migration(Report(institution, target.version), target, reason, person, now, decisions or {})
    open_ones = Case.objects.filter(institution=institution, ended=None).exclude(version=target.version)
    todo = [str(i) for i in open_ones.order_by("id").values_list("id", flat=True)]
    left: list[str] = []
    for start in range(0, len(todo), BATCH):
        ids = todo[start : start + BATCH]
        left += work.batch(ids, wait=False)
        progress(len(ids))
    for id in left:  # somebody was acting on them; each is waited for, alone
        work.batch([id], wait=True)
    return work.report


def _target(rt: Runtime, name: str, version: str, now: datetime) -> Institution | Refusal:
    try:
        found = rt.institution(name, None if version == NEWEST else version)
    except LookupError:
        say = Text(f"没有发布过 {name} 的版本 {version}。", f"No version {version} of {name} was ever published here.")
        return Refusal("no_such_version", say, Text("请先运行 linli load。", "Run linli load first."))
    if found.valid_from > now.astimezone(SHANGHAI).date():
        day = found.valid_from.isoformat()
        say = Text(f"这个版本 {day} 才施行。", f"This version holds from {day} on.")
        return Refusal("not_in_force", say, Text("到那一天再转入。", "Let cases follow on that day."))
    return found


def _judge(rt: Runtime, target: Institution, case: KernelCase, decisions: Mapping[str, str] | None) -> Follow:
    try:
        old = rt.institution(case.institution, case.version)
    except LookupError as gone:
        return Follow("stay", Text(f"原版本读不出来（{gone}）。", f"Its own version cannot be read ({gone})."))
    return follow(old, target, case, rt.pack, decisions)


@dataclass(slots=True)
class _Migration:
    """One run: the target, the reason, and what has been done so far."""

    report: Report
    target: Institution
    reason: str
    person: str | None
    now: datetime
    decisions: Mapping[str, str]

    def batch(self, ids: Sequence[str], wait: bool) -> list[str]:
        """Judge and write these cases in one transaction; the ids of those that somebody else has locked."""
        with transaction.atomic():
            locked = lock.older(ids, self.target.version, wait)
            store.update([written for case in locked if (written := self._follow(case))])
        missed = set(ids) - {case.id for case in locked}
        return [] if wait or not missed else list(self._still_open(missed))

    def _still_open(self, ids: set[str]) -> Iterator[str]:
        """Of the cases that were not there to lock: those that did not end or follow meanwhile."""
        found = Case.objects.filter(id__in=ids, ended=None).exclude(version=self.target.version)
        yield from (str(i) for i in found.order_by("id").values_list("id", flat=True))

    def _follow(self, case: Locked) -> Any:
        rt, kernel = runtime(), case.kernel()
        found = _judge(rt, self.target, kernel, self.decisions)
        self.report.add(case.number, kernel, found)
        if found.kind != "follow":
            return None
        events = (found.event(self.target, self.reason),)
        entry = Entry(self.now, f"migrate:{self.target.version}", self.person, None, CHANNEL, events)
        reach = Reach(case.reporter_id, case.phone, case.email)
        where = Where(case.place, case.unit, case.accused)
        context = Context(rt.pack, self.target, where, registry.at(case.registry), reach)
        self.report.done += 1
        return row(context, entry, apply(kernel, entry), case.head, kernel.stage)
