"""The verbs: hear one message and answer it, once; and see to what was said halfway and then left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, connection, transaction

from linli.features.chat import matter, words
from linli.features.chat.matter import Door, Open
from linli.features.chat.models import Draft, Heard
from linli.features.chat.rules import IMAGE, JOINED, PLACE, TEXT, NotTheirs, Said
from linli.ledger.models import Case
from linli.people import acts as people
from linli.people.models import Person

MOST_A_MINUTE = 20
MOST_A_DAY = 30
"""Matters one account may raise in 24 hours."""
ASKED = timedelta(days=7)
"""How long after a matter was last touched here a new sentence may belong to it, so it is asked."""
LEFT = timedelta(minutes=30)
"""After so long without a word, what was said is registered as it is: nothing written is lost."""
LOCK = 0x63686174
"""Any number: the lock of one account's messages."""
KEPT = timedelta(days=1)
"""How long answered messages are remembered, and a photo or a position of which nobody said what it shows."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One message with the draft it may belong to, on its way to an answer."""

    said: Said
    door: Door
    now: datetime
    draft: Draft


def hear(said: Said, signature: str, door: Door, now: datetime) -> str:
    """What to answer. What is answered is committed; a copy of a message gets the same answer and changes nothing.

    Raises NotTheirs when ``signature`` has been used for another message.
    """
    with transaction.atomic():
        fresh = {"signature": signature, "openid": said.openid, "at": now}
        try:  # a copy that comes meanwhile waits here for the first to be done
            heard, is_new = Heard.objects.get_or_create(key=said.key, defaults=fresh)
        except IntegrityError:
            raise NotTheirs("this signature was used for another message") from None
        if not is_new:
            return heard.reply
        with connection.cursor() as cursor:  # what one person sends is heard one after the other
            cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [LOCK, said.openid])
        recent = Heard.objects.filter(openid=said.openid, at__gt=now - timedelta(minutes=1))
        if recent.count() > MOST_A_MINUTE:
            reply, opened = words.SLOW, False
        else:
            reply, opened = _answer(said, door, now)
        Heard.objects.filter(key=said.key).update(reply=reply, opened=opened)
    return reply


def _answer(said: Said, door: Door, now: datetime) -> tuple[str, bool]:
    if said.kind == JOINED:
        return words.WELCOME, False
    if said.kind not in (TEXT, IMAGE, PLACE):
        return ("" if said.text == "event" else words.ONLY), False
    draft = Draft.objects.select_for_update().filter(openid=said.openid).first()
    turn = Turn(said, door, now, draft or Draft(openid=said.openid, step="", touched=now))
    urgent = door.dangers(said.text) if said.kind == TEXT else []
    reply, opened = _turn(turn)
    return "\n".join([*urgent, reply]), opened


def _turn(turn: Turn) -> tuple[str, bool]:
    said, draft = turn.said, turn.draft
    bare = words.bare(said.text)
    if said.kind == TEXT and bare in words.PROGRESS:
        return matter.progress(said.openid, turn.door, turn.now), False
    if said.kind == TEXT and bare in words.HELP:
        return words.WELCOME, False
    if said.kind == TEXT and bare in words.CANCEL and draft.step:
        draft.delete()
        return words.DROPPED, False
    if said.kind == TEXT and not bare:
        return words.WHAT, False
    if draft.step == "which":
        return _which(turn)
    if not draft.step:
        draft.case = _recent(said.openid, turn.now)
    noted = _note(turn)
    if draft.case is not None:
        draft.step = "which"
        return _ask(turn, noted, words.WHICH.format(number=draft.case.number))
    return _go_on(turn, noted)


def _which(turn: Turn) -> tuple[str, bool]:
    """It was asked whether what was said belongs to a matter."""
    draft, bare = turn.draft, words.bare(turn.said.text)
    case = draft.case
    if case is None or (turn.said.kind == TEXT and bare in words.NEW):
        draft.case = None
        return _go_on(turn, "")
    if turn.said.kind == TEXT and bare in words.ADD:
        return _add(turn, case)
    noted = _note(turn)
    return _ask(turn, noted, words.WHICH.format(number=case.number))


def _add(turn: Turn, case: Case) -> tuple[str, bool]:
    done = matter.add(case, turn.draft, turn.door, turn.now)
    if done:
        turn.draft.delete()
        return words.ADDED.format(number=case.number), False
    turn.draft.case = None  # it takes no additions any more: a matter of its own
    return _go_on(turn, "")


def _note(turn: Turn) -> str:
    """Put what was said into the draft; what to say about it."""
    said, draft = turn.said, turn.draft
    if said.kind == IMAGE:
        wrong = matter.photo(draft, said.media, turn.door, turn.now)
        if wrong:
            return words.NO_PHOTO.format(why=wrong)
        return words.GOT_PHOTO.format(n=len(draft.photos) + len(draft.media))
    if said.kind == PLACE and said.point:
        draft.lat, draft.lng = said.point
        draft.address = (said.text or draft.address)[:200]
        return words.GOT_PLACE
    if draft.step == "where":
        _where(turn)
    else:
        draft.words = f"{draft.words}\n{said.text}".strip()
        draft.place = turn.door.named(draft.words) or ""
    return ""


def _where(turn: Turn) -> None:
    """The answer to where it is, in words: a name, yes to the one asked about, or that nobody knows."""
    draft, said = turn.draft, turn.said
    bare = words.bare(said.text)
    named = turn.door.named(said.text)
    if bare in words.UNKNOWN or (bare in words.YES and draft.place):
        draft.place = draft.place if bare in words.YES else turn.door.whole() or ""
        draft.step = "known"
    elif named:
        draft.place, draft.step = named, "known"
        draft.address = draft.address or said.text[:200]
    elif draft.address:  # asked twice and not found: registered with what was written, and staff find it
        draft.words = f"{draft.words}\n{said.text}"
        draft.place, draft.step = turn.door.whole() or "", "known"
    else:
        draft.address, draft.place = said.text[:200], ""


def _go_on(turn: Turn, noted: str) -> tuple[str, bool]:
    """Ask for what is missing, or register."""
    draft, door = turn.draft, turn.door
    if draft.lat is not None and draft.lng is not None and draft.step != "known":
        at = door.at(draft.lat, draft.lng)
        if at is None:
            draft.lat = draft.lng = None
            draft.step = "where" if draft.words else "what"
            return _ask(turn, "", words.OUTSIDE)
        draft.place = at
    if not draft.words:
        draft.step = "what"
        return _ask(turn, noted, words.WHAT)
    if draft.place and (draft.step == "known" or draft.lat is not None):
        return _open(turn, noted)
    if draft.step == "where" and draft.address and turn.said.kind == TEXT and not noted:
        return _ask(turn, noted, words.NOT_FOUND.format(said=draft.address[:40]))
    draft.step = "where"
    return _ask(turn, noted, words.IS_IT.format(place=door.name(draft.place)) if draft.place else words.WHERE)


def _ask(turn: Turn, noted: str, question: str) -> tuple[str, bool]:
    turn.draft.touched = turn.now
    turn.draft.save()
    return noted + question, False


def _open(turn: Turn, noted: str) -> tuple[str, bool]:
    since = turn.now - timedelta(days=1)
    if Heard.objects.filter(openid=turn.said.openid, opened=True, at__gt=since).count() >= MOST_A_DAY:
        return _ask(turn, noted, words.TOO_MANY)
    done = matter.open_(turn.draft, turn.door, turn.now)
    if not isinstance(done, Open):
        turn.draft.step = "where"
        return _ask(turn, noted, words.REFUSED.format(why=done.says.zh))
    if turn.draft.pk and not turn.draft._state.adding:
        turn.draft.delete()
    return noted + matter.registered(done, turn.door), True


def _recent(openid: str, now: datetime) -> Case | None:
    """The open matter that this account last raised or added to, if it is not long ago and takes additions."""
    person = Person.objects.filter(chat=openid).first()
    if person is None:
        return None
    mine = Case.objects.filter(reporter=person, ended=None, channel=matter.CHANNEL, opened__gt=now - ASKED)
    case = mine.order_by("-opened").first()
    return case if case is not None and matter.takes(case) else None


def settle(door: Door, now: datetime, stop: Callable[[], bool] = lambda: False) -> int:
    """Register or add what was said and then left for LEFT; how many. The answer goes by the outbox."""
    done = 0
    for openid in Draft.objects.filter(touched__lt=now - LEFT).values_list("openid", flat=True):
        if stop():
            break
        with transaction.atomic():
            draft = Draft.objects.select_for_update(skip_locked=True).filter(openid=openid).first()
            if draft is None or draft.touched >= now - LEFT:
                continue
            if not draft.words and draft.case is None:
                if draft.touched < now - KEPT:
                    draft.delete()
                continue
            people.by_chat(openid, now)
            if draft.case is not None and matter.add(draft.case, draft, door, now):
                draft.delete()
                done += 1
                continue
            draft.words = draft.words or words.LOST.format(n=len(draft.photos) + len(draft.media))
            draft.place = draft.place or door.whole() or ""
            if isinstance(matter.open_(draft, door, now, quiet=False), Open):
                draft.delete()
                done += 1
            else:
                Draft.objects.filter(openid=openid).update(touched=now)
    Heard.objects.filter(at__lt=now - KEPT).delete()
    return done
