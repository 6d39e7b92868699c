"""The one verb: do with a letter what has to be done, once, in one transaction with the note that it was done."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
from django.db import DataError, IntegrityError, transaction

from linli.features.mail import rules
from linli.features.mail.models import Taken
from linli.features.mail.rules import BOUNCE, PERSON, Letter, Photo, Unreadable
from linli.kernel.institution import Field, Institution, Text
from linli.kernel.refusal import Refusal
from linli.ledger import act as ledger
from linli.ledger import addition, channels, outbox
from linli.ledger.definitions import runtime
from linli.ledger.models import Case, Message
from linli.ledger.words import opening_texts

CHANNEL = "email"
OPENED, ADDED, UNDELIVERED, IGNORED, REJECTED, ALREADY = (
    "opened", "added", "undelivered", "ignored", "rejected", "already",
)  # fmt: skip
MOST_A_DAY = 30
"""Matters one address may raise in 24 hours; a loop of machines that hide what they are ends here."""
CATEGORY = "category"
TOO_LONG = Text("回信太长，没有全部补充进去。", "The answer is too long to be added.")
NOWHERE = Text("不知道由哪里受理，请设置 LINLI_MAIL_AREA。", "Nobody receives it here; set LINLI_MAIL_AREA.")


class NoPhoto(ValueError):
    """A picture that cannot be taken; ``says`` tells why."""

    def __init__(self, says: Text) -> None:
        super().__init__(says.en)
        self.says = says


@dataclass(frozen=True, slots=True)
class Door:
    """How letters come in here: what they open, where a matter goes whose place is not known, and who keeps photos.

    ``keep`` stores one picture for a field and returns its id, or raises NoPhoto; ``locate`` finds the path of the
    place that words name, or the place that receives what names none; None where nobody would.
    """

    address: str
    institution: str
    category: str
    keep: Callable[[Photo, Field, datetime], str]
    locate: Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a letter; ``number`` of the matter, ``reason`` where somebody should know one."""

    kind: str
    number: int | None = None
    reason: Text | None = None


def take(raw: bytes, door: Door, now: datetime) -> Outcome:
    """Deal with one letter. What it returns is committed; a letter dealt with before is ALREADY and changes nothing.

    Raises the database's OperationalError when it does not answer: nothing was done, and the letter stays where it is.
    """
    try:
        letter = rules.read(raw, door.address)
    except Unreadable as wrong:
        return reject(raw, wrong.says, now)
    except Exception as wrong:  # a letter can be broken in ways nobody has thought of, and must not stop the others
        return reject(raw, Text(f"这封信读不出来：{wrong!r:.200}", f"It cannot be read: {wrong!r:.200}"), now)
    try:
        return _once(letter, door, now)
    except (ValueError, DataError, IntegrityError, psycopg.DataError, psycopg.IntegrityError) as wrong:
        return reject(raw, Text(f"没能登记：{wrong!s:.200}", f"It could not be registered: {wrong!s:.200}"), now)


def reject(raw: bytes, reason: Text, now: datetime) -> Outcome:
    """Note that a letter could not be taken, and why."""
    try:
        letter = rules.headers(raw)
    except Exception:  # even its headers are broken
        letter = ("", "")
    return _rejected(rules.key_of(raw), letter[0], letter[1], reason, now)


def forget(cases: list[str]) -> None:
    """What people wrote in these cases was destroyed: nor is it kept from which address it came."""
    Taken.objects.filter(case_id__in=cases).update(writer="")


def _rejected(key: str, sender: str, subject: str, reason: Text, now: datetime) -> Outcome:
    with transaction.atomic():
        if not _claim(key, now):
            return Outcome(ALREADY)
        says = {"zh": reason.zh, "en": reason.en}
        who = {"sender": sender[:200], "subject": subject[:300], "writer": _writer(sender)}
        Taken.objects.filter(key=key).update(outcome=REJECTED, reason=says, **who)
    return Outcome(REJECTED, reason=reason)


def _claim(key: str, now: datetime) -> bool:
    """Take the letter for this transaction; False when it was dealt with. One that was rejected may be tried again."""
    Taken.objects.bulk_create([Taken(key=key, came=now, outcome="")], ignore_conflicts=True)
    return Taken.objects.select_for_update().get(key=key).outcome in ("", REJECTED)


def _once(letter: Letter, door: Door, now: datetime) -> Outcome:
    if Taken.objects.filter(key=letter.key).exclude(outcome=REJECTED).exists():
        return Outcome(ALREADY)
    wanted = _photo_field(runtime().pack.institutions.get(door.institution)) if letter.kind == PERSON else None
    photos, unkept = _keep(letter, wanted, door, now)
    with transaction.atomic():
        if not _claim(letter.key, now):
            return Outcome(ALREADY)
        done = _done(letter, door, photos, unkept, now)
        if done.kind == REJECTED and done.reason:
            transaction.set_rollback(True)
        else:
            _note(letter, done)
    if done.kind == REJECTED and done.reason:
        return _rejected(letter.key, letter.sender, letter.subject, done.reason, now)
    return done


def _note(letter: Letter, done: Outcome) -> None:
    case = Case.objects.filter(number=done.number).values_list("id", flat=True).first() if done.number else None
    says = {"zh": done.reason.zh, "en": done.reason.en} if done.reason else {}
    Taken.objects.filter(key=letter.key).update(
        outcome=done.kind, case_id=case, writer=_writer(letter.sender), sender="", subject="", reason=says
    )


def _writer(sender: str) -> str:
    return hashlib.sha256(sender.encode("utf-8", "replace")).hexdigest()


def _done(letter: Letter, door: Door, photos: list[str], unkept: list[str], now: datetime) -> Outcome:
    if letter.kind == BOUNCE:
        return _bounced(letter, now)
    if letter.kind != PERSON:
        return Outcome(IGNORED, reason=Text(f"自动发出的信：{letter.why}", f"Written by a machine: {letter.why}"))
    about = _about(letter)
    mine = next((c for c in about if c.reporter and c.reporter.email.lower() == letter.sender), None)
    if mine is not None:
        added = _add(mine, letter, photos, unkept, now)
        if added is not None:
            return added
    return _open(letter, door, photos, unkept, about, now)


# --- what came back


def _bounced(letter: Letter, now: datetime) -> Outcome:
    """Each of our messages that it says was not delivered is a recorded failed attempt from now on."""
    ids = [id for r in letter.references if (id := channels.message_of(r)) is not None]
    marked = [id for id in ids if outbox.undelivered(id, letter.why, now)]
    if not marked:
        return Outcome(IGNORED, reason=Text("退信，不是我们的信", "A bounce of no letter of ours"))
    number = Message.objects.filter(id=marked[0]).values_list("case__number", flat=True).get()
    return Outcome(UNDELIVERED, number, Text(letter.why, letter.why))


# --- an answer


def _about(letter: Letter) -> list[Case]:
    """The cases the letter is about: by the secret in our address, by the message it answers, by its number."""
    ids = [id for r in letter.references if (id := channels.message_of(r)) is not None]
    cases = Case.objects.select_related("reporter")
    found = [*cases.filter(secret__in=letter.tags), *cases.filter(messages__id__in=ids).distinct()]
    if letter.numbers:
        found += cases.filter(number__in=letter.numbers).order_by("-number")
    return list({c.id: c for c in found}.values())


def _add(case: Case, letter: Letter, photos: list[str], unkept: list[str], now: datetime) -> Outcome | None:
    """Enter the answer as the reporter's own acts; None when the case takes no addition now."""
    words = "\n".join([letter.answer or "（照片）" * bool(photos), *unkept]).strip()
    if not words:
        return Outcome(REJECTED, reason=Text("回信里没有新的内容。", "The answer says nothing new."))
    first = True
    while words:
        way = addition.way(Case.objects.get(id=case.id), CHANNEL)
        if way is None:
            return None if first else Outcome(REJECTED, case.number, TOO_LONG)
        most = way.spec.max or len(words)
        data: dict[str, Any] = {way.spec.name: words[:most]}
        if photos and way.pictures:
            data[way.pictures], photos = photos, []
        done = ledger.act(str(case.id), way.act.name, data, None, now, CHANNEL, as_reporter=True)
        if isinstance(done, Refusal):
            return None if first else Outcome(REJECTED, case.number, done.says)
        first, words = False, words[most:]
    return Outcome(ADDED, case.number)


# --- a new matter


def _open(
    letter: Letter, door: Door, photos: list[str], unkept: list[str], about: Iterable[Case], now: datetime
) -> Outcome:
    if _flooded(letter.sender, now):
        says = Text(
            f"这个地址一天发来了 {MOST_A_DAY} 件以上。", f"More than {MOST_A_DAY} a day come from this address."
        )
        return Outcome(REJECTED, reason=says)
    institution = runtime().pack.institutions.get(door.institution)
    if institution is None:
        raise LookupError(f"there is no institution {door.institution}")
    words = _words(letter, unkept, about)
    place = door.locate(words)
    if place is None:
        return Outcome(REJECTED, reason=NOWHERE)
    opening = ledger.Opening(
        institution.name, place, ledger.Reporter(name=letter.name, email=letter.sender), channel=CHANNEL
    )
    done = ledger.open(opening, _data(institution, door, words, photos), now)
    if isinstance(done, Refusal):
        first = next(iter(done.fields.values()), done.says)
        return Outcome(REJECTED, reason=Text(f"{done.says.zh}{first.zh}", f"{done.says.en} {first.en}"))
    return Outcome(OPENED, done.number)


def _flooded(sender: str, now: datetime) -> bool:
    since = Taken.objects.filter(writer=_writer(sender), came__gt=now - timedelta(days=1), outcome=OPENED)
    return since.count() >= MOST_A_DAY


def _words(letter: Letter, unkept: list[str], about: Iterable[Case]) -> str:
    """Subject and text; a letter that answers a matter it cannot be added to says so."""
    numbers = "、".join(str(c.number) for c in about)
    lead = f"（来信回复事项 {numbers}，不能补充到原事项，另立一件。）" if numbers else ""
    text = letter.answer if numbers else letter.text
    subject = "" if letter.subject and letter.subject in text[: len(letter.subject) + 20] else letter.subject
    return "\n".join(w for w in (lead, subject, text, *unkept) if w) or "（只有照片）"


def _data(institution: Institution, door: Door, words: str, photos: list[str]) -> Mapping[str, Any]:
    spec = institution.fields[opening_texts(institution)[0]]
    most = spec.max or len(words)
    cut = words if len(words) <= most else f"{words[: most - 14]}……（全文见原邮件）"
    data: dict[str, Any] = {spec.name: cut}
    asked = (*institution.open.needs, *institution.open.may)
    if CATEGORY in asked and door.category:
        data[CATEGORY] = door.category
    field = _photo_field(institution)
    if photos and field:
        data[field.name] = photos
    return data


def _photo_field(institution: Institution | None) -> Field | None:
    if institution is None:
        return None
    asked = (institution.fields[n] for n in (*institution.open.needs, *institution.open.may))
    return next((f for f in asked if f.type == "files" and "image" in f.accept), None)


def _keep(letter: Letter, field: Field | None, door: Door, now: datetime) -> tuple[list[str], list[str]]:
    """The ids of the photos that were kept, and a line for each file that was not: nothing gets lost in silence."""
    ids: list[str] = []
    lines = [f"（附件“{name}”没有收：只收照片，原件在邮箱里。）" for name in letter.others]
    for photo in letter.photos:
        if field is None or (field.max is not None and len(ids) >= field.max):
            lines.append(f"（照片“{photo.name}”没有收：最多 {field.max if field else 0} 张。）")
            continue
        try:
            ids.append(door.keep(photo, field, now))
        except NoPhoto as wrong:
            lines.append(f"（{wrong.says.zh}）")
    return ids, lines
