"""Lawful destruction: what people wrote in a case that ended long ago goes; that it was, and what it led to, stays.

How long is a dated parameter of the pack: ``retain_INSTITUTION_limit`` or else ``retain_limit``, in days after the day
on which a case ended (个人信息保护法 第十九条: no longer than needed; 第四十七条: then it is deleted without being
asked). A case and those it called go together, by the root's rule, once all of them ended so long ago.

Erased: the words, files, points and sealed fields of every act, the words of messages, the files themselves, who
raised it and who looked at their contact data; the person too once nothing else refers to them. Kept: entries and
hashes, public fields, and of the others only what names nobody and figures count (codes, yes or no, dates, numbers,
units). A ballot's choices stay: they are the evidence of a resolution.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import ProtectedError

from linli.kernel.calendar import SHANGHAI
from linli.kernel.case import Entry, Voted
from linli.kernel.institution import Dated, Institution, Pack
from linli.ledger import announce, store
from linli.ledger.act import context_of
from linli.ledger.definitions import runtime
from linli.ledger.filters import midnight
from linli.ledger.lock import Locked, several
from linli.ledger.models import Attachment, Case, Detail, Hold, Retired
from linli.ledger.models import Entry as EntryRow
from linli.ledger.privacy import rewritten
from linli.ledger.redacted import CARRIED, RETIRED, effective
from linli.ledger.rows import Row
from linli.people import registry
from linli.people.models import Look, Person

LIMIT = "retain_limit"
BATCH = 200
"""Cases of one transaction."""
NAMELESS = frozenset({"code", "yes_no", "date", "moment", "number", "units", "case"})
"""Types whose values stay (unless sealed): they name nobody once the words and the person are gone."""

ALSO: list[Callable[[list[str]], None]] = []
"""Features that keep something of their own about a case add a verb here; it gets the ids, in the transaction."""

# A family is a root and all that was called below it. One that is open, held back or too young keeps all of it.
_RIPE = """
SELECT c.id::text FROM ledger_case c
WHERE c.parent_id IS NULL AND c.institution = %s AND c.ended < %s
  AND NOT EXISTS (SELECT 1 FROM ledger_retired r WHERE r.case_id = c.id)
  AND NOT EXISTS (
    WITH RECURSIVE family AS (
      SELECT c.id, c.ended UNION ALL SELECT k.id, k.ended FROM ledger_case k JOIN family f ON k.parent_id = f.id)
    SELECT 1 FROM family f WHERE f.ended IS NULL OR f.ended >= %s
      OR EXISTS (SELECT 1 FROM ledger_hold h WHERE h.case_id = f.id AND h.lifted IS NULL))
"""
_NEXT = f"{_RIPE} ORDER BY c.id LIMIT %s FOR UPDATE OF c SKIP LOCKED"
_FAMILY = """
WITH RECURSIVE family AS (
  SELECT id FROM ledger_case WHERE id = ANY(%s::uuid[])
  UNION ALL SELECT k.id FROM ledger_case k JOIN family f ON k.parent_id = f.id)
SELECT id::text FROM family
"""
_MESSAGES = """
WITH told AS (
  UPDATE ledger_message SET body = '{"zh": "（保存期满，内容已销毁）", "en": "(kept long enough; destroyed)"}'::jsonb,
    error = '', person_id = NULL, next_try = NULL, state = CASE state WHEN 'queued' THEN 'failed' ELSE state END
  WHERE case_id = ANY(%s::uuid[]) AND channel <> %s RETURNING case_id)
SELECT case_id::text, count(*) FROM told GROUP BY case_id
"""


@dataclass(slots=True)
class Tally:
    """What was destroyed, or would be: cases by institution, and the number of acts, messages, files and persons."""

    cases: dict[str, int] = field(default_factory=dict)
    entries: int = 0
    messages: int = 0
    files: int = 0
    persons: int = 0

    def as_json(self) -> dict[str, Any]:
        """Plain values for a machine."""
        counts = {n: getattr(self, n) for n in ("entries", "messages", "files", "persons")}
        return {"cases": dict(self.cases), **counts}


class UnknownCase(LookupError):
    """There is no case with this number, or it is not held back."""


def limit_of(pack: Pack, institution: str, now: datetime) -> tuple[str, Dated] | None:
    """The parameter that says how long cases of ``institution`` are kept, and its value; None: for ever.

    Raises LookupError when the parameter has no value for today, ValueError when it is not counted in days.
    """
    own = f"retain_{institution}_limit"
    name = own if own in pack.parameters else LIMIT
    if name not in pack.parameters:
        return None
    value = pack.dated(name, now.astimezone(SHANGHAI).date())
    if value.unit != "day":
        raise ValueError(f"{name} is counted in {value.unit}; how long data is kept is counted in days: unit: day")
    return name, value


def ripe(now: datetime) -> dict[str, int]:
    """How many families would be destroyed now, by the institution of their root."""
    found = {}
    for institution, cutoff, _ in _rules(now):
        sql = f"SELECT count(*) FROM ({_RIPE}) AS ripe"  # noqa: S608 - our own words
        row = store.cursor().execute(sql, [institution, cutoff, cutoff]).fetchone()
        if row and row[0]:
            found[institution] = int(row[0])
    return found


def retire(
    now: datetime,
    remove: Callable[[str], None],
    progress: Callable[[int], Any] = lambda families: None,
    stop: Callable[[], bool] = lambda: False,
) -> Tally:
    """Destroy what has been kept long enough; ``remove`` deletes the file of an attachment by its id, after the commit.

    In batches, each one transaction; any number of processes may run it. ``progress`` is told of families done.
    """
    tally = Tally()
    for institution, cutoff, rule in _rules(now):
        while not stop() and (count := _batch(institution, cutoff, rule, now, remove, tally)):
            tally.cases[institution] = tally.cases.get(institution, 0) + count
            progress(count)
    return tally


def hold(number: int, why: str, now: datetime) -> Hold:
    """Nothing of case ``number`` and its family is destroyed until the hold is lifted. Raises UnknownCase."""
    case = Case.objects.filter(number=number).first()
    if case is None:
        raise UnknownCase(f"there is no case {number}")
    return Hold.objects.get_or_create(case=case, lifted=None, defaults={"why": why.strip()[:300], "since": now})[0]


def lift(number: int, now: datetime) -> None:
    """The reason to keep it is gone. Raises UnknownCase when there was none."""
    if not Hold.objects.filter(case__number=number, lifted=None).update(lifted=now):
        raise UnknownCase(f"case {number} is not held back")


def _rules(now: datetime) -> Iterable[tuple[str, datetime, str]]:
    """(institution, cases that ended before this are ripe, the rule in words), for all that ever had a case."""
    pack, today = runtime().pack, now.astimezone(SHANGHAI).date()
    for institution in sorted(Case.objects.order_by().values_list("institution", flat=True).distinct()):
        found = limit_of(pack, institution, now)
        if found is not None:
            name, value = found
            rule = f"{name} = {value.value} day, from {value.from_.isoformat()}: {value.source}"
            yield institution, midnight(today - timedelta(days=value.value)), rule[:300]


def _batch(
    institution: str, cutoff: datetime, rule: str, now: datetime, remove: Callable[[str], None], tally: Tally
) -> int:
    with transaction.atomic():
        roots = [r[0] for r in store.cursor().execute(_NEXT, [institution, cutoff, cutoff, BATCH]).fetchall()]
        if not roots:
            return 0
        ids = [r[0] for r in store.cursor().execute(_FAMILY, [roots]).fetchall()]
        cases = several(ids)
        erased = _erase_words(cases, rule, now)
        told = dict(store.cursor().execute(_MESSAGES, [ids, announce.OUTSIDE]).fetchall())
        files = _erase_files(cases)
        persons = {c.reporter_id for c in cases if c.reporter_id}
        Case.objects.filter(id__in=ids).update(reporter=None)
        Look.objects.filter(case__in=ids).delete()
        for also in ALSO:
            also(ids)
        gone = _let_go(persons)
        done = [
            Retired(
                case_id=UUID(c.id), at=now, rule=rule, entries=erased.get(c.id, 0), messages=told.get(c.id, 0),
                files=len(files[c.id]), person=c.reporter_id in gone,
            )
            for c in cases
        ]  # fmt: skip
        Retired.objects.bulk_create(done)
        for file in (f for many in files.values() for f in many):
            transaction.on_commit(partial(remove, file))
    tally.entries += sum(d.entries for d in done)
    tally.messages += sum(d.messages for d in done)
    tally.files += sum(d.files for d in done)
    tally.persons += len(gone)
    return len(roots)


def _erase_words(cases: list[Locked], rule: str, now: datetime) -> dict[str, int]:
    """Erase the data of every act that holds more than may stay, and append one entry that carries what does."""
    ids = [c.id for c in cases]
    entries: defaultdict[str, list[EntryRow]] = defaultdict(list)
    details: defaultdict[str, dict[int, Mapping[str, Any]]] = defaultdict(dict)
    for e in EntryRow.objects.filter(case_id__in=ids).order_by("case_id", "seq"):
        entries[str(e.case_id)].append(e)
    for d in Detail.objects.filter(case_id__in=ids):
        details[str(d.case_id)][d.seq] = d.data
    rt, snapshot = runtime(), registry.current()
    rows: list[Row] = []
    gone: dict[str, list[int]] = {}
    for case in cases:
        context = context_of(rt, snapshot, case)
        changed, left = _what_stays(context.institution, case, entries[case.id], details[case.id])
        data = {**left, CARRIED: {"entries": {str(s): d for s, d in changed.items()}, "why": rule}}
        kept = {s: d for s, d in details[case.id].items() if s not in changed}
        entry = Entry(now, RETIRED, None, None, "privacy", (), data)
        rows.append(rewritten(context, case, entries[case.id], kept, entry))
        gone[case.id] = list(changed)
    store.update(rows)
    pairs = [(id, seq) for id, many in gone.items() for seq in many]
    store.cursor().execute(
        "DELETE FROM ledger_detail d USING unnest(%s::uuid[], %s::int[]) AS g(id, seq)"
        " WHERE d.case_id = g.id AND d.seq = g.seq",
        [[p[0] for p in pairs], [p[1] for p in pairs]],
    )
    return {id: len(many) for id, many in gone.items()}


def _what_stays(
    institution: Institution, case: Locked, entries: Iterable[EntryRow], details: Mapping[int, Mapping[str, Any]]
) -> tuple[dict[int, dict[str, Any]], dict[str, Any]]:
    """What is left of the acts that must lose something, and of the fields those acts filled in."""
    votes = {e.seq for e in entries if any(v["e"] == Voted.__name__ for v in e.events)}
    changed: dict[int, dict[str, Any]] = {}
    fields: set[str] = set()
    for seq, data in effective(details).items():
        left = {n: v for n, v in data.items() if _stays(institution, n)}
        if seq not in votes and (left != data or seq not in details):  # or an erased act carries it
            changed[seq] = left
            fields |= set(data) - {CARRIED}
    now = case.kernel().fields
    return changed, {n: now[n] for n in fields if n in now and _stays(institution, n)}


def _stays(institution: Institution, name: str) -> bool:
    spec = institution.fields.get(name)
    if spec is None or spec.class_ == "sealed":
        return False
    return spec.class_ == "public" or spec.type in NAMELESS


def _erase_files(cases: list[Locked]) -> dict[str, list[str]]:
    """The attachments that may not stay, by case; their rows are gone."""
    rt = runtime()
    found: dict[str, list[str]] = {c.id: [] for c in cases}
    institutions = {c.id: rt.institution(c.institution, c.version) for c in cases}
    for row in Attachment.objects.filter(case_id__in=list(found)):
        case = str(row.case_id)
        if not _stays(institutions[case], row.field):
            found[case].append(str(row.id))
    Attachment.objects.filter(id__in=[f for many in found.values() for f in many]).delete()
    return found


def _let_go(persons: set[str]) -> set[str]:
    """Delete those to whom nothing refers any more: no case, message, account, duty or look; which they were."""
    left = set(persons)
    for relation in Person._meta.related_objects:
        if left and relation.on_delete.__name__ == "PROTECT":  # type: ignore[union-attr]
            column = relation.field.attname
            rows = relation.related_model._base_manager.filter(**{f"{column}__in": left})
            left -= {str(id) for id in rows.values_list(column, flat=True)}
    try:
        with transaction.atomic():
            Person.objects.filter(id__in=left).delete()
    except ProtectedError:  # somebody has just written to one of them; the next case they raise lets them go
        return set()
    return left
