"""``open`` and ``act``: the only writes to cases.

Lock the case (its parent first, so that two cases are always locked from the root down) → find the mandates → let the
kernel decide → append the entry, refresh the cached state, queue the messages, open or tell other cases → commit.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import uuid_utils.compat as uuids
from django.db import OperationalError, transaction
from psycopg.errors import DeadlockDetected

from linli.kernel.calendar import SHANGHAI
from linli.kernel.case import Answered, Called, Joined, apply_event
from linli.kernel.case import Case as KernelCase
from linli.kernel.case import Entry as KernelEntry
from linli.kernel.decide import Decision, child_ended, decide, lead_answered, open_case
from linli.kernel.institution import Institution, Text
from linli.kernel.refusal import CLOCK, Refusal, Who
from linli.ledger import chain, links, mandates, store
from linli.ledger.definitions import NotInForce, Runtime, runtime
from linli.ledger.lock import Locked, followers, lock, parent_of
from linli.ledger.mandates import Where
from linli.ledger.models import Attachment, Entry
from linli.ledger.rows import Context, Reach, row
from linli.people import registry
from linli.people.models import Person
from linli.people.registry import Snapshot

RETRIES = 5


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who raises a matter: a known person, or contact data for a new one, or nothing at all (anonymous)."""

    person: str | None = None
    name: str = ""
    phone: str = ""
    email: str = ""

    @property
    def is_new(self) -> bool:
        """Contact data was given for somebody the system does not know."""
        return self.person is None and bool(self.name or self.phone or self.email)


@dataclass(frozen=True, slots=True)
class Opening:
    """Everything about a new case besides what is filled in."""

    institution: str
    place: str
    reporter: Reporter = Reporter()
    by: str | None = None
    """The person who files it; None when the reporter does so without an account."""
    channel: str = "web"
    unit: str | None = None
    by_calendar: bool = False
    """Opened by the calendar (see :mod:`linli.ledger.recurring`); nobody fills in anything."""
    source: str | None = None
    external: str | None = None
    reported: datetime | None = None
    """When it was raised, if it comes from another system; its clocks start when it comes in here."""
    quiet: bool = False
    """No SMS or e-mail says that it was opened: the system it comes from has done so. Later answers are sent."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the one who acted gets: the number and secret of the case and where it stands now."""

    id: str
    number: int
    secret: str
    case: KernelCase


def open(opening: Opening, data: Mapping[str, Any], now: datetime) -> Receipt | Refusal:
    """Open a case. What is acknowledged by a Receipt is on disk; a Refusal says what to complete."""
    rt = runtime()
    for _ in range(RETRIES):
        outcome = _open(rt, registry.current(), opening, data, now, None)
        if outcome is not None:
            return outcome
        registry.reload()
        rt = runtime()
    return _busy()


def _busy() -> Refusal:
    busy = Text("系统正忙，请再提交一次。", "The system is busy; please send it again.")
    return Refusal("busy", busy, busy)


class Outdated(Exception):
    """Places, units or duties changed while an act was under way; nothing was written, and it is done again."""


def _open(
    rt: Runtime, snapshot: Snapshot, opening: Opening, data: Mapping[str, Any], now: datetime, parent: Locked | None
) -> Receipt | Refusal | None:
    """One attempt; None when the registry is outdated and nothing was written."""
    try:
        institution = rt.institution(opening.institution, on=now.astimezone(SHANGHAI).date())
    except NotInForce as ahead:
        if parent is None:
            return _not_yet(ahead)
        institution = rt.loaded[opening.institution]  # a unit that is called is never lost
    where = Where(opening.place, opening.unit, _accused(institution.against, data, snapshot, parent))
    refused = _unknown_units(institution.fields, data, snapshot)
    if refused:
        return refused
    if parent is None:
        data = links.resolve(institution.fields, data, opening.by or opening.reporter.person, snapshot, now)
    who = _opener(rt, institution, snapshot, opening, where, now, parent)
    id = str(uuids.uuid7())
    decision = open_case(rt.pack, institution, id, data, who, now)
    if isinstance(decision, Refusal):
        return decision
    reporter = opening.reporter
    person = reporter.person or (str(uuids.uuid7()) if reporter.is_new else None)
    reach = Reach(person) if opening.quiet else _reach(person, reporter)
    context = Context(rt.pack, institution, where, snapshot, reach)
    written = row(context, decision.entry, decision.case, chain.START, None)
    secret = secrets.token_urlsafe(12)
    static = {
        "secret": secret,
        "institution": institution.name,
        "version": institution.version,
        "parent_id": parent.id if parent else None,
        "place": where.place,
        "unit": where.unit,
        "accused": where.accused,
        "reporter_id": person,
        "new_person": reporter.is_new,
        "name": reporter.name,
        "phone": reporter.phone,
        "email": reporter.email,
        "channel": opening.channel,
        "source": opening.source,
        "external": opening.external,
        "reported": opening.reported or now,
        "opened": now,
    }
    number = store.insert(written, static, snapshot.version)
    if number is None:
        return None
    _claim(id, institution.fields, decision.entry.data)
    return Receipt(id, number, secret, decision.case)


def _reach(person: str | None, reporter: Reporter) -> Reach:
    """Somebody known is told of the opening where they can be reached, like of everything after it."""
    if reporter.person is None or reporter.phone or reporter.email:
        return Reach(person, reporter.phone, reporter.email)
    known = Person.objects.filter(id=reporter.person).values_list("phone", "email", "chat").first()
    return Reach(person, *known) if known else Reach(person)


def _not_yet(ahead: NotInForce) -> Refusal:
    day = ahead.first.isoformat() if ahead.first else ""
    say = Text(f"这项制度要到 {day} 才施行。", f"This institution holds from {day} on.")
    return Refusal("not_in_force", say, Text("请到那一天再提。", "Come back on that day."))


def _opener(
    rt: Runtime, institution: Institution, snapshot: Snapshot, opening: Opening, where: Where, now: datetime,
    parent: Locked | None,
) -> Who:  # fmt: skip
    if parent is not None:
        return Who(None, frozenset({institution.raised_by}), "case")
    if opening.by_calendar:
        return CLOCK
    themselves = opening.by is None or opening.by == opening.reporter.person
    return mandates.who(
        rt.pack, institution, None, where, snapshot, opening.by, now, reporter=themselves, channel=opening.channel
    )


def _accused(field: str | None, data: Mapping[str, Any], snapshot: Snapshot, parent: Locked | None) -> str | None:
    if parent is not None:
        return parent.accused
    named = data.get(field or "") or []
    codes = named if isinstance(named, (list, tuple)) else str(named).split(",")
    unit = snapshot.units.get(str(codes[0]).strip()) if codes else None
    return unit.path if unit else None


def _unknown_units(fields: Mapping[str, Any], data: Mapping[str, Any], snapshot: Snapshot) -> Refusal | None:
    """A unit that does not exist is refused by name; the kernel does not know the registry."""
    for name, raw in data.items():
        if name not in fields or fields[name].type != "units" or not raw:
            continue
        codes = raw if isinstance(raw, (list, tuple)) else str(raw).split(",")
        for code in (str(c).strip() for c in codes):
            if code and code not in snapshot.units:
                wrong = Text(f"没有编码为 {code} 的单位。", f"There is no unit {code}.")
                return Refusal("incomplete", wrong, Text("请从列表中选择。", "Choose from the list."), {name: wrong})
    return None


def _claim(case: str, fields: Mapping[str, Any], data: Mapping[str, Any]) -> None:
    """Files uploaded for the form now belong to the case."""
    for name, ids in data.items():
        if name in fields and fields[name].type == "files" and ids:
            Attachment.objects.filter(id__in=ids, case=None).update(case=case, field=name)


def act(
    case_id: str, name: str, data: Mapping[str, Any], person: str | None, now: datetime,
    channel: str = "web", as_reporter: bool = False, seq: int | None = None,
) -> Receipt | Refusal:  # fmt: skip
    """``person`` does the act ``name``; ``as_reporter`` when the case's secret link speaks for whoever raised it.

    ``seq`` is the state the person was looking at: if somebody acted in between, the refusal ``changed`` says what
    happened, and nothing typed is lost. Raises Case.DoesNotExist for an unknown id.
    """
    for _ in range(RETRIES):
        try:
            with transaction.atomic():
                return _act(case_id, name, data, person, now, channel, as_reporter, seq)
        except Outdated:
            registry.reload()
        except OperationalError as clash:
            if not isinstance(clash.__cause__, DeadlockDetected):
                raise
    return _busy()


def _act(
    case_id: str, name: str, data: Mapping[str, Any], person: str | None, now: datetime,
    channel: str, as_reporter: bool, seq: int | None,
) -> Receipt | Refusal:  # fmt: skip
    rt = runtime()
    case, parent = lock(case_id)
    snapshot = registry.at(case.registry)
    institution = rt.institution(case.institution, case.version)
    refused = _unknown_units(institution.fields, data, snapshot)
    if refused:
        return refused
    data = links.resolve(institution.fields, data, person, snapshot, now, case.id)
    where = Where(case.place, case.unit, case.accused)
    kernel = case.kernel()
    if seq is not None and seq != kernel.seq:
        return _changed(case, seq)
    mine = as_reporter or (person is not None and case.reporter_id == person)
    who = mandates.who(rt.pack, institution, kernel.holder, where, snapshot, person, now, mine, channel)
    decision = decide(rt.pack, institution, kernel, name, data, who, now)
    if isinstance(decision, Refusal):
        return decision
    done = commit(rt, snapshot, case, decision, parent, kernel.stage)
    _claim(case.id, institution.fields, decision.entry.data)
    return Receipt(case.id, case.number, case.secret, done)


def _changed(case: Locked, seq: int) -> Refusal:
    acts = Entry.objects.filter(case_id=case.id, seq__gt=seq).order_by("seq").values_list("act", flat=True)
    say = Text(f"刚才有人先办了一步（{'、'.join(acts)}）。", f"Somebody acted first ({', '.join(acts)}).")
    return Refusal(
        "changed", say, Text("您填的内容还在，请看看最新进展再提交。", "What you typed is kept; look, then send again.")
    )


def commit(
    rt: Runtime, snapshot: Snapshot, case: Locked, decision: Decision, parent: Locked | None, stage: str | None
) -> KernelCase:
    """Write a decision about a locked case: children it calls, the entry, the state, and the parent it reports to."""
    context = context_of(rt, snapshot, case)
    entry, kernel = _open_children(rt, snapshot, case, decision)
    written = row(context, entry, kernel, case.head, stage)
    store.update([written])
    case.head = written.hash
    if kernel.ended and parent is not None:
        tell_parent(rt, snapshot, parent, case.id, kernel.result, entry.at)
    if any(isinstance(e, Answered) and e.party == context.institution.raised_by for e in entry.events):
        tell_followers(rt, snapshot, case.id, kernel, entry.at)
    return kernel


def context_of(rt: Runtime, snapshot: Snapshot, case: Locked) -> Context:
    """What a decision about ``case`` rests on."""
    reach = Reach(case.reporter_id, case.phone, case.email, case.chat)
    where = Where(case.place, case.unit, case.accused)
    return Context(rt.pack, rt.institution(case.institution, case.version), where, snapshot, reach)


def _open_children(rt: Runtime, snapshot: Snapshot, case: Locked, decision: Decision) -> tuple[KernelEntry, KernelCase]:
    """Open the cases that the decision calls for, and note them in its entry."""
    entry, kernel = decision.entry, decision.case
    joins: list[Joined] = []
    for called in [e for e in entry.events if isinstance(e, Called)]:
        fields = {n: kernel.fields[n] for n in called.passes if n in kernel.fields}
        for number, code in enumerate(called.units):
            unit = None if called.fills else snapshot.units[code].path
            opening = Opening(called.institution, case.place, unit=unit, channel="case")
            filled = {**fields, called.fills: code} if called.fills else fields
            opened = _open(rt, snapshot, opening, filled, entry.at, case)
            if opened is None:
                raise Outdated
            if not isinstance(opened, Receipt):
                raise RuntimeError(f"called unit {code}: {opened}")
            joins.append(Joined(opened.id, code, called.lead and number == 0))
    for join in joins:
        kernel = apply_event(join, kernel)
    return replace(entry, events=(*entry.events, *joins)), kernel


def tell_followers(rt: Runtime, snapshot: Snapshot, lead: str, answered: KernelCase, now: datetime) -> None:
    """A case has answered: so have those that wait for it, each for its own reporter."""
    for case in followers(lead):
        kernel = case.kernel()
        institution = rt.institution(case.institution, case.version)
        decision = lead_answered(rt.pack, institution, kernel, answered.fields, answered.result, now)
        if decision:
            commit(rt, snapshot, case, decision, parent_of(case), kernel.stage)


def tell_parent(rt: Runtime, snapshot: Snapshot, parent: Locked, child: str, result: str | None, now: datetime) -> None:
    """A called unit's case has ended: its parent (locked by the caller) notes it and may go on."""
    kernel = parent.kernel()
    if kernel.ended or child not in kernel.children:
        return
    institution = rt.institution(parent.institution, parent.version)
    decision = child_ended(rt.pack, institution, kernel, child, result, now)
    commit(rt, snapshot, parent, decision, None, kernel.stage)
