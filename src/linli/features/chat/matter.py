"""From what was said to a matter, an addition to one, and the words that tell where it stands."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from linli.features.chat import words
from linli.features.chat.api import QUICK, Failed
from linli.features.chat.models import Draft
from linli.kernel.institution import Field, Institution
from linli.kernel.refusal import Refusal
from linli.ledger import act as ledger
from linli.ledger import addition
from linli.ledger.definitions import runtime
from linli.ledger.models import Case
from linli.ledger.rows import day_words, promise_of
from linli.ledger.words import opening_texts
from linli.people import acts as people
from linli.people.models import Person

CHANNEL = "wechat"
LISTED = 5
"""Matters told of in one answer."""
CATEGORY = "category"


class NoPhoto(ValueError):
    """A picture that cannot be taken; the text says why."""


@dataclass(frozen=True, slots=True)
class Door:
    """How chat comes in here: what it opens and what the pages know about places, photos and danger.

    ``named``: the path of the area that words name; ``at``: of a point, None outside; ``whole``: what receives a matter
    without a place; ``name``: of a path, in words; ``keep`` stores a picture and returns its id or raises NoPhoto;
    ``fetch`` gets one from WeChat within seconds or raises api.Failed; ``dangers``: what to call first, per danger in
    the words; ``link``: the page of a case by its secret.
    """

    institution: str
    category: str
    named: Callable[[str], str | None]
    at: Callable[[float, float], str | None]
    whole: Callable[[], str | None]
    name: Callable[[str], str]
    keep: Callable[[bytes, Field, datetime], str]
    fetch: Callable[[str, float], bytes]
    dangers: Callable[[str], list[str]]
    link: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Open:
    """A matter that was registered; ``lost``: photos that could not be fetched."""

    number: int
    secret: str
    promise: datetime | None
    lost: int


def photo(draft: Draft, media: str, door: Door, now: datetime) -> str:
    """Put a picture into the draft; why not, or "". One that does not come in time is fetched when it is registered."""
    field = _photo_field(runtime().pack.institutions[door.institution])
    if field is None or (field.max is not None and len(draft.photos) + len(draft.media) >= field.max):
        return f"最多 {field.max if field else 0} 张。"
    try:
        draft.photos.append(door.keep(door.fetch(media, QUICK), field, now))
    except Failed:
        draft.media.append(media)
    except NoPhoto as wrong:
        return str(wrong)
    return ""


def _photos(draft: Draft, door: Door, now: datetime) -> tuple[list[str], int]:
    """All photos of the draft, and how many could not be fetched even now: all of them within QUICK seconds."""
    field = _photo_field(runtime().pack.institutions[door.institution])
    ids, until = list(draft.photos), time.monotonic() + QUICK
    for media in draft.media:
        left = until - time.monotonic()
        with suppress(Failed, NoPhoto):
            if field is not None and left > 0:
                ids.append(door.keep(door.fetch(media, left / 2), field, now))
    return ids, len(draft.photos) + len(draft.media) - len(ids)


def open_(draft: Draft, door: Door, now: datetime, quiet: bool = True) -> Open | Refusal:
    """Register what was said. ``quiet``: it is answered at once, so the outbox need not say the same."""
    person = people.by_chat(draft.openid, now)
    institution = runtime().pack.institutions[door.institution]
    photos, lost = _photos(draft, door, now)
    data, rest = _data(institution, draft, door, photos, lost)
    reporter = ledger.Reporter(person=str(person.id))
    opening = ledger.Opening(institution.name, draft.place, reporter, str(person.id), CHANNEL, quiet=quiet)
    done = ledger.open(opening, data, now)
    if isinstance(done, Refusal):
        return done
    _say(done.id, str(person.id), rest, [], now)
    due = promise_of(institution, done.case)
    return Open(done.number, done.secret, due.due if due else None, lost)


def _data(
    institution: Institution, draft: Draft, door: Door, photos: list[str], lost: int
) -> tuple[Mapping[str, Any], str]:
    """What is filled in, and the end of words that are longer than the field."""
    asked = (*institution.open.needs, *institution.open.may)
    spec = institution.fields[opening_texts(institution)[0]]
    written = draft.words + (f"\n{words.LOST.format(n=lost)}" if lost else "")
    most = spec.max or len(written)
    data: dict[str, Any] = {spec.name: written[:most]}
    pictures = _photo_field(institution)
    if photos and pictures:
        data[pictures.name] = photos
    if CATEGORY in asked and door.category:
        data[CATEGORY] = door.category
    if "address" in asked and draft.address:
        data["address"] = draft.address[: institution.fields["address"].max]
    point = next((n for n in asked if institution.fields[n].type == "point"), None)
    if point and draft.lat is not None and draft.lng is not None:
        data[point] = f"{draft.lat},{draft.lng}"
    return data, written[most:]


def add(case: Case, draft: Draft, door: Door, now: datetime) -> bool:
    """Enter what was said as an addition by the reporter; False when the case takes none any more."""
    photos, lost = _photos(draft, door, now)
    text = draft.words + (f"\n{words.LOST.format(n=lost)}" if lost else "")
    if draft.address and draft.address not in text:
        text += f"\n{draft.address}"
    person = Person.objects.get(chat=draft.openid)
    return _say(str(case.id), str(person.id), text.strip() or "（照片）", photos, now)


def _say(case: str, person: str, text: str, photos: list[str], now: datetime) -> bool:
    """Enter ``text`` as the reporter's own acts, as many as its length needs; False, and nothing, when one is not."""
    with transaction.atomic():
        taken = _each(case, person, text, photos, now)
        transaction.set_rollback(not taken)
    return taken


def _each(case: str, person: str, text: str, photos: list[str], now: datetime) -> bool:
    while text:
        way = addition.way(Case.objects.get(id=case), CHANNEL)
        if way is None:
            return False
        most = way.spec.max or len(text)
        data: dict[str, Any] = {way.spec.name: text[:most]}
        if photos and way.pictures:
            data[way.pictures], photos = photos, []
        done = ledger.act(case, way.act.name, data, person, now, CHANNEL, as_reporter=True)
        if isinstance(done, Refusal):
            return False
        text = text[most:]
    return True


def takes(case: Case) -> bool:
    """Whether the reporter may add to it now."""
    return addition.way(case, CHANNEL) is not None


def registered(done: Open, door: Door) -> str:
    """What somebody reads whose matter was registered."""
    promise = words.PROMISE.format(day=day_words(done.promise, "zh")) if done.promise else ""
    lost = words.LOST.format(n=done.lost) if done.lost else ""
    return words.REGISTERED.format(number=done.number, promise=promise, link=door.link(done.secret)) + lost


def progress(openid: str, door: Door, now: datetime) -> str:
    """Where the matters of this account stand, the newest first."""
    person = Person.objects.filter(chat=openid).first()
    cases = Case.objects.filter(reporter=person, parent=None).order_by("-number")[:LISTED] if person else []
    return "\n".join(_stands(case, door, now) for case in cases) or words.NOTHING


def _stands(case: Case, door: Door, now: datetime) -> str:
    rt = runtime()
    institution = rt.institution(case.institution, case.version)
    promise = ""
    if case.ended:
        result = rt.pack.results.get(case.result or "")
        stage = words.ENDED.format(result=result.title.zh if result else "")
    else:
        stage = institution.stages[case.stage].title.zh
        if case.promise_due:
            told = words.PROMISE if case.promise_due > now else words.OVERDUE
            promise = told.format(day=day_words(case.promise_due, "zh"))
    return words.STANDS.format(number=case.number, stage=stage, promise=promise, link=door.link(case.secret))


def _photo_field(institution: Institution) -> Field | None:
    asked = (institution.fields[n] for n in (*institution.open.needs, *institution.open.may))
    return next((f for f in asked if f.type == "files" and "image" in f.accept), None)
