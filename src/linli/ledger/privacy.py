"""Taking personal data out of a case: words, photos, or who raised it. The entries stay, and so does their chain.

The words stand outside the chain, so they are erased as lawful deletion does it: the data of the entries that hold
them goes, with its salt, and one new entry carries what may still be read, who did it and why. State, messages and the
cases of called units are mended with it, and ``linli verify`` finds everything in order afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import transaction

from linli.kernel.case import Case as KernelCase
from linli.kernel.case import Entry, Voted, apply
from linli.kernel.institution import FIELD_CLASSES, Institution, Text
from linli.kernel.refusal import Refusal
from linli.ledger import mandates, store, together, visible
from linli.ledger.act import context_of
from linli.ledger.definitions import Runtime, runtime
from linli.ledger.history import entry_of
from linli.ledger.lock import Locked, lock
from linli.ledger.models import Attachment, Case, Detail, Message
from linli.ledger.models import Entry as EntryRow
from linli.ledger.redacted import ANONYMISE, CARRIED, MASK, PHOTO, REDACT, effective
from linli.ledger.rows import Context, Row, row
from linli.ledger.visible import Viewer
from linli.people import looks, registry
from linli.people.models import Account, Duty, Look, Person

SHORTEST = 2
"""Characters: hiding a single one would hide half of every sentence."""
LONGEST_WHY = 200
Change = Callable[[str, Any], Any]
"""(type of the field, value) → the value without what must go."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a redaction did: how many entries it changed, in this case and those of called units."""

    entries: int


@dataclass(frozen=True, slots=True)
class NewPhoto:
    """The redacted copy of a photo, its file already written under ``id``."""

    id: str
    size: int
    sha256: str


def redact(case_id: str, words: Sequence[str], why: str, who: Viewer, now: datetime) -> Done | Refusal:
    """Hide every one of ``words`` wherever it stands in the case; only staff who handle the case may, with a reason."""
    kept = sorted({w.strip() for w in words if len(w.strip()) >= SHORTEST}, key=len, reverse=True)
    if not kept:
        return _refuse("words", "请写明要隐去的字词，至少两个字。", "Name the words to hide, two characters or more.")
    return _by_staff(case_id, REDACT, masker(kept), why, who, now)


def replace_photo(
    case_id: str, photo: str, by: NewPhoto | None, why: str, who: Viewer, now: datetime
) -> Done | Refusal:
    """Put the redacted copy ``by`` in the place of ``photo``, or nothing; its row goes, the caller removes the file."""

    def change(kind: str, value: Any) -> Any:
        if kind != "files" or not isinstance(value, list) or photo not in value:
            return value
        return [by.id if (v == photo and by) else v for v in value if v != photo or by]

    with transaction.atomic():
        old = Attachment.objects.filter(id=photo, case_id=case_id).first()
        if old is None:
            return _refuse("photo", "这件事没有这张照片。", "The case has no such photo.")
        done = _by_staff(case_id, PHOTO, change, why, who, now)
        if isinstance(done, Done):
            if by is not None:
                Attachment.objects.create(
                    id=by.id, case_id=case_id, field=old.field, name=old.name, kind=old.kind, size=by.size,
                    sha256=by.sha256, created=now,
                )  # fmt: skip
            old.delete()
        return done


def anonymise(case_id: str, why: str, who: Viewer, now: datetime, as_reporter: bool = False) -> Done | Refusal:
    """Take name and contact data of who raised a closed case out of it; the case and its answer remain.

    They also go from the person, unless another open case, an account or a duty still needs them: then only this case
    lets go of the person. ``as_reporter``: by the secret link; otherwise staff, with a reason, or the person themself.
    """
    with transaction.atomic():
        case, _ = lock(case_id)
        if case.kernel().ended is None:
            return _refuse("open", "还没有办结，办结后再去掉。", "It is still open; do this once it is closed.")
        person = Person.objects.filter(id=case.reporter_id).first() if case.reporter_id else None
        if person is None:
            return _refuse("nobody", "这件事本来就没有留姓名和联系方式。", "It holds no name and no contact data.")
        mine = as_reporter or who.person == str(person.id)
        role = runtime().institution(case.institution, case.version).raised_by if mine else _role(case, who, now)
        if role is None or not (mine or why.strip()):
            return _not_yours() if role is None else _no_reason()
        change = masker([w for w in (person.phone, person.email, person.name) if len(w) >= SHORTEST])
        by = None if as_reporter else who.person
        done = _rewrite(case, ANONYMISE, change, (by, role), why.strip()[:LONGEST_WHY], now, always=True)
        if isinstance(done, Done):
            _let_go(case, person)
        return done


def _let_go(case: Locked, person: Person) -> None:
    id = str(person.id)
    others = Case.objects.filter(reporter=person, ended=None).exclude(id=case.id)
    needed = others.exists() or Account.objects.filter(person_id=id).exists()
    if needed or Duty.objects.filter(person_id=id).exists():
        Case.objects.filter(id=case.id).update(reporter=None)
        Message.objects.filter(case_id=case.id, person_id=id).update(person=None)
    else:
        Person.objects.filter(id=id).update(name="", phone="", email="", chat="")
    unsent = Message.objects.filter(case_id=case.id, delivered=None, next_try__isnull=False)
    unsent.exclude(channel__in=("in_app",)).filter(to=_party(case)).update(
        next_try=None, state="failed", error="已按反映人要求去掉联系方式"
    )


def _party(case: Locked) -> str:
    return runtime().institution(case.institution, case.version).raised_by


def look(case: Case, who: Viewer, purpose: str, now: datetime) -> Look | Refusal:
    """Open the contact data of a case for a minute; refused without a purpose or to those who do not handle it."""
    rt = runtime()
    level = visible.clearance(rt.pack, who, case)
    contact = visible.reporter_contact(level, case)
    if contact is None or who.person is None or case.reporter_id is None:
        return _not_yours()
    if not purpose.strip():
        return _refuse("purpose", "请说明为什么要看。", "Say what it is needed for.")
    held = max(who.duties, key=lambda h: visible.rank_on(rt.pack, h, case))
    return looks.note(str(case.reporter_id), who.person, str(case.id), held.duty, held.path, purpose.strip()[:100], now)


def masker(words: Iterable[str]) -> Change:
    """A change that hides ``words`` in everything people wrote; codes, dates and files stay."""
    listed = list(words)
    pattern = re.compile("|".join(map(re.escape, listed))) if listed else None

    def change(kind: str, value: Any) -> Any:
        if pattern is None or kind not in ("text", "items"):
            return value
        if isinstance(value, str):
            return pattern.sub(MASK, value)
        return [pattern.sub(MASK, v) if isinstance(v, str) else v for v in value] if isinstance(value, list) else value

    return change


# --- the one way in which data leaves a case


def _by_staff(case_id: str, act: str, change: Change, why: str, who: Viewer, now: datetime) -> Done | Refusal:
    if not why.strip():
        return _no_reason()
    with transaction.atomic():
        case, _ = lock(case_id)
        role = _role(case, who, now)
        if role is None:
            return _not_yours()
        return _rewrite(case, act, change, (who.person, role), why.strip()[:LONGEST_WHY], now)


def _role(case: Locked, who: Viewer, now: datetime) -> str | None:
    """The role in which ``who`` may take data out: one of the case's own, held by somebody who reads it all."""
    rt = runtime()
    stored = Case.objects.get(id=case.id)
    level = FIELD_CLASSES.index(visible.clearance(rt.pack, who, stored))
    if level < FIELD_CLASSES.index("handler"):
        return None
    institution = rt.institution(case.institution, case.version)
    where = mandates.Where(case.place, case.unit, case.accused)
    roles = mandates.who(rt.pack, institution, None, where, registry.current(), who.person, now).roles
    return next((r for r in institution.roles if r in roles), None)


def _rewrite(
    case: Locked, act: str, change: Change, by: tuple[str | None, str], why: str, now: datetime, always: bool = False
) -> Done | Refusal:
    """Erase what ``change`` changes, append the entry that carries the rest, mend state, messages and called units."""
    rt = runtime()
    institution = rt.institution(case.institution, case.version)
    details = {d.seq: d.data for d in Detail.objects.filter(case_id=case.id)}
    readable = effective(details)
    changed = {s: _changed(institution, change, d) for s, d in readable.items()}
    changed = {s: d for s, d in changed.items() if d != readable[s]}
    stored = list(EntryRow.objects.filter(case_id=case.id).order_by("seq"))
    if any(e["e"] == Voted.__name__ for s in stored if s.seq in changed for e in s.events):
        return _refuse("vote", "投票记录不能改动。", "A vote cannot be changed.")
    if any("data" in p and _changed(institution, change, p["data"]) != p["data"] for p in _pending(case)):
        return _refuse(
            "pending", "有一步正在等人同意，先同意或不同意再来隐去。", "An act waits for agreement: settle it first."
        )
    below = _below(case, act, change, by, why, now)
    if isinstance(below, Refusal):
        return below
    if not changed and not below and not always:
        return _refuse("nothing", "这件事里没有找到要隐去的内容。", "Nothing of the kind stands in this case.")
    carried = {CARRIED: {"entries": {str(s): d for s, d in changed.items()}, "why": why}}
    gone = {n for s in changed for n in readable[s]} - {CARRIED}
    left = {n: _one(institution, change, n, v) for n, v in case.kernel().fields.items() if n in gone}
    _append(rt, case, stored, {s: d for s, d in details.items() if s not in changed}, act, by, {**left, **carried}, now)
    Detail.objects.filter(case_id=case.id, seq__in=list(changed)).delete()
    _mend_messages(case.id, change)
    return Done(len(changed) + below)


def _pending(case: Locked) -> Iterable[Mapping[str, Any]]:
    pending: Mapping[str, Mapping[str, Any]] = case.state["pending"]
    return pending.values()


def _below(
    case: Locked, act: str, change: Change, by: tuple[str | None, str], why: str, now: datetime
) -> int | Refusal:
    """The same in the cases of called units, to which words and photos were handed down, and where the answer went."""
    count = 0
    family = set(Case.objects.filter(parent=UUID(case.id)).values_list("id", flat=True))
    for _, answered in together.took_over(runtime(), case):
        family.update(answered.values_list("id", flat=True))
    for id in sorted(family - {UUID(case.id)}):
        child, _ = lock(str(id))
        done = _rewrite(child, act, change, by, why, now)
        if isinstance(done, Refusal) and done.code != "nothing":
            return done
        count += done.entries if isinstance(done, Done) else 0
    return count


def _changed(institution: Institution, change: Change, data: Mapping[str, Any]) -> dict[str, Any]:
    """The data of an entry without what must go, also where an earlier redaction carries it."""
    found = {n: _one(institution, change, n, v) for n, v in data.items() if n != CARRIED}
    if CARRIED in data:
        entries = {s: _changed(institution, change, d) for s, d in data[CARRIED]["entries"].items()}
        found[CARRIED] = {**data[CARRIED], "entries": entries, "why": change("text", data[CARRIED]["why"])}
    return found


def _one(institution: Institution, change: Change, name: str, value: Any) -> Any:
    spec = institution.fields.get(name)
    return change(spec.type, value) if spec else value


def _append(
    rt: Runtime, case: Locked, stored: list[EntryRow], details: Mapping[int, Mapping[str, Any]], act: str,
    by: tuple[str | None, str], data: Mapping[str, Any], now: datetime,
) -> None:  # fmt: skip
    """Write the new entry and the state that the entries lead to without the erased data."""
    entry = Entry(now, act, by[0], by[1], "privacy", (), data)
    written = rewritten(context_of(rt, registry.current(), case), case, stored, details, entry)
    store.update([written])
    case.head = written.hash


def rewritten(
    context: Context, case: Locked, stored: Iterable[EntryRow], details: Mapping[int, Mapping[str, Any]], entry: Entry
) -> Row:
    """The row that ``entry`` writes on a locked case: the state that its entries lead to with no more than ``details``.

    Raises RuntimeError if they lead elsewhere than to the case as it stands, its words apart.
    """
    kernel: KernelCase | None = None
    for old in stored:
        kernel = apply(kernel, entry_of(old, details.get(old.seq, {})), case.id)
    kernel = apply(kernel, entry)
    before = case.kernel()
    same = replace(kernel, fields=before.fields, seq=before.seq, done=before.done, doers=before.doers)
    if same != before:
        raise RuntimeError(f"case {case.number}: without the erased words its entries lead elsewhere")
    return row(context, entry, kernel, case.head, None)


def _mend_messages(case_id: str, change: Change) -> None:
    """Messages hold what was written word for word; those not sent yet leave without it."""
    for message in Message.objects.filter(case_id=case_id):
        body = {key: _mended(change, key, words) for key, words in message.body.items()}
        error = change("text", message.error)
        if (body, error) != (message.body, message.error):
            Message.objects.filter(id=message.id).update(body=body, error=error)


def _mended(change: Change, key: str, words: Any) -> Any:
    """Of what is told outside only what people wrote is changed: numbers, days and codes beside it are no words."""
    if key == "event" and words:
        event = orjson.loads(words)
        fields = {n: change("text", v) if isinstance(v, str) else v for n, v in event.get("fields", {}).items()}
        return orjson.dumps(event | {"fields": fields}).decode()
    return change("text", words) if isinstance(words, str) else words


def _refuse(code: str, zh: str, en: str) -> Refusal:
    return Refusal(
        code, Text(zh, en), Text("已填内容都在，改好后再提交。", "What you typed is kept; mend it and send again.")
    )


def _no_reason() -> Refusal:
    return _refuse("reason", "请写明理由，反映人看得到。", "Give the reason; the reporter reads it.")


def _not_yours() -> Refusal:
    say = Text("只有办理这件事的人可以这样做。", "Only those who handle the matter may do this.")
    return Refusal("not_yours", say, Text("请联系办理人。", "Ask whoever handles it."))
