"""Clocks that run out: one small loop, any number of workers, each clock fired once.

A worker takes a batch of due cases with SKIP LOCKED, so no two workers ever hold the same one, and a worker that was
down takes up where it stopped, oldest first. What a clock does is the kernel's decision like any other act.
"""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import transaction
from django.db.models import Min, Q

from linli.kernel.calendar import SHANGHAI, CalendarGap
from linli.kernel.case import Answered, Called
from linli.kernel.decide import fire
from linli.ledger import store
from linli.ledger.act import commit, context_of
from linli.ledger.definitions import Runtime, runtime
from linli.ledger.lock import Locked, due_child, due_roots, of
from linli.ledger.models import Case
from linli.ledger.rows import Row, cached, row
from linli.people import registry
from linli.people.registry import Snapshot

BATCH = 200
LONGEST_CHAIN = 50
"""Clocks of one case fired in one go when a worker catches up after being down."""
Stuck = set[str]
"""Ids of cases whose clock has run out but whose next limit cannot be computed: a year without a calendar."""

log = logging.getLogger(__name__)


def sweep(now: datetime, limit: int = BATCH, stuck: Stuck | None = None) -> int:
    """Fire the clocks that ran out by ``now`` on up to ``limit`` cases; returns how many fired, 0 when none was due.

    Cases in ``stuck`` are left out; one that gets stuck now is added to it and logged, and holds up no other.
    """
    stuck = set() if stuck is None else stuck
    rt = runtime()
    with transaction.atomic():
        due = due_roots(now, limit, stuck)
        fired = _fire_all(rt, registry.at(due[0].registry), due, now, stuck) if due else 0
    return fired + _sweep_children(rt, now, limit, stuck)


def first_due() -> datetime | None:
    """When the next clock runs out; None when none runs."""
    first: datetime | None = Case.objects.aggregate(first=Min("next_due"))["first"]
    return first


def _fire_all(rt: Runtime, snapshot: Snapshot, cases: list[Locked], now: datetime, stuck: Stuck) -> int:
    """Fire every due clock of root cases this worker has locked, writing all of them together."""
    rows: list[Row] = []
    fired, others = 0, False
    for case in cases:
        if others and not Case.objects.filter(id=case.id, head=case.head).exists():
            continue  # it was answered with one before it; the next sweep takes it as it stands now
        before = case.head
        try:
            fired += _fire(rt, snapshot, case, now, rows, None)
        except (CalendarGap, LookupError) as gap:
            _stick(case, gap, stuck)
        others = others or case.head != before  # committed by itself, and with it perhaps those that waited for it
    store.update(rows)
    return fired


def _fire(rt: Runtime, snapshot: Snapshot, case: Locked, now: datetime, rows: list[Row], parent: Locked | None) -> int:
    context = context_of(rt, snapshot, case)
    kernel = case.kernel()
    head = case.head
    for count in range(LONGEST_CHAIN):
        due = kernel.next_due()
        if due is None or due[1] > now:
            return count
        # It fires as of the instant it ran out, not of the sweep: a worker that was down changes no deadline.
        decision = fire(rt.pack, context.institution, kernel, due[0], due[1])
        if decision is None:
            return count
        if parent is not None or any(isinstance(e, Called | Answered) for e in decision.entry.events):
            store.update(rows)  # what this case did before must not be written over what follows
            rows.clear()
            case.head, stage = head, kernel.stage
            kernel = commit(rt, snapshot, case, decision, parent, stage)
            head = case.head
            continue
        written = row(context, decision.entry, decision.case, head, kernel.stage)
        rows.append(written)
        kernel, head = decision.case, written.hash
    return LONGEST_CHAIN


def _stick(case: Locked, gap: Exception, stuck: Stuck) -> None:
    stuck.add(case.id)
    log.error("case %s: its clock has run out, but the next limit cannot be computed: %s", case.number, gap)


def _sweep_children(rt: Runtime, now: datetime, limit: int, stuck: Stuck) -> int:
    """Called units' cases, each with its parent locked first: the same order in which acts lock."""
    fired = 0
    due = Case.objects.filter(next_due__lte=now, parent__isnull=False).exclude(id__in=stuck).order_by("next_due")
    for case_id, parent_id in list(due.values_list("id", "parent_id")[:limit]):
        case: Locked | None = None
        try:
            with transaction.atomic():
                locked = due_child(str(case_id), str(parent_id), now)
                if locked:
                    case, parent = locked
                    fired += _fire(rt, registry.at(case.registry), case, now, [], parent)
        except (CalendarGap, LookupError) as gap:
            if case is None:
                raise
            _stick(case, gap, stuck)
    return fired


def rehold(now: datetime, limit: int = 5000) -> int:
    """Open cases whose holder's post fell vacant, or was filled again, get the holder that today's duties give."""
    rt, snapshot, changed = runtime(), registry.fresh(), 0
    pairs = Case.objects.filter(ended=None).values_list("holder_duty", "holder_path").distinct()
    day = now.astimezone(SHANGHAI).date()
    vacant = [(d, p) for d, p in pairs if not (d and p and snapshot.holders(d, p, day))]
    orphaned = Q(stands_in=True) | Q(holder_path=None)
    for duty, path in vacant:
        orphaned |= Q(holder_duty=duty, holder_path=path)
    with transaction.atomic():
        stale = Case.objects.select_for_update(skip_locked=True, of=("self",)).filter(orphaned, ended=None)
        for case in stale.select_related("reporter")[:limit]:
            columns = cached(context_of(rt, snapshot, of(case)), case.kernel(), now)
            held = {k: columns[k] for k in ("holder_duty", "holder_path", "stands_in")}
            if any(getattr(case, k) != v for k, v in held.items()):
                Case.objects.filter(id=case.id).update(**held)
                changed += 1
    return changed
