"""Personal data on the case page: a telephone for a minute, words and photos hidden, a name let go."""

from __future__ import annotations

import hashlib
import io
import re
import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST
from PIL import Image, ImageDraw

from linli.kernel.institution import Text
from linli.kernel.refusal import Refusal
from linli.ledger import privacy
from linli.ledger.definitions import runtime
from linli.ledger.models import Attachment
from linli.ledger.view import CaseView
from linli.people import looks, registry
from linli.people.models import Look
from linli.people.registry import Held
from linli.web.page import attachments
from linli.web.page.case import Door, by_number, by_secret
from linli.web.page.request import duty_title, moment, needs_person, private, say, viewer, words

GRID = 8
"""A photo is covered in squares: so many across and down."""
_PERSONAL = re.compile(r"(?<![0-9])(?:1[3-9][0-9]{9}|[0-9]{17}[0-9Xx])(?![0-9])")
"""Mobile numbers and identity numbers, offered to be hidden."""


@needs_person
@require_POST
def case_contact(request: HttpRequest, number: int) -> HttpResponse:
    """``/cases/<number>/contact/``: one tap with a purpose; the page shows the telephone for a minute."""
    door = by_number(request, number)
    done = privacy.look(door.case, door.who, request.POST.get("purpose", ""), moment(request))
    if isinstance(done, Refusal):
        if done.code == "not_yours":
            raise Http404
        messages.error(request, words(done.says))
    return HttpResponseRedirect(f"{door.page}#contact")


@needs_person
@require_http_methods(["GET", "HEAD", "POST"])
def case_privacy(request: HttpRequest, number: int) -> HttpResponse:
    """``/cases/<number>/privacy/``: what may be taken out, by those who handle the case."""
    door = by_number(request, number)
    view = door.view(moment(request))
    if view.clearance not in ("handler", "supervisor"):
        raise Http404
    says: Text | None = None
    if request.method == "POST":
        done = _do(request, door)
        if not isinstance(done, Refusal):
            messages.success(request, say("已处理，办理过程里有记录。", "Done; the case's story says so."))
            return HttpResponseRedirect(reverse("case_privacy", args=[number]))
        says = done.says
    context = {
        "view": view, "case": door.case, "back": door.page, "wrong": says, "cells": _cells(), "photos": _photos(view),
        "guessed": guessed(view), "sent": _sent(request),
        "has_person": door.case.reporter_id is not None,
    }  # fmt: skip
    return private(render(request, "linli/page/privacy.html", context, status=422 if says else 200))


@require_http_methods(["GET", "HEAD", "POST"])
def follow_privacy(request: HttpRequest, secret: str) -> HttpResponse:
    """``/c/<secret>/privacy/``: who looked at the contact data, and having it removed once the case is closed."""
    door, now = by_secret(secret), moment(request)
    says: Text | None = None
    if request.method == "POST":
        done = privacy.anonymise(str(door.case.id), "", door.who, now, as_reporter=True)
        if not isinstance(done, Refusal):
            messages.success(request, say("姓名和联系方式已经去掉。", "Your name and contact data are gone."))
            return HttpResponseRedirect(door.page)
        says = done.says
    person = door.case.reporter
    context = {
        "case": door.case, "back": door.page, "wrong": says, "looks": looked(door),
        "ended": door.case.ended is not None,
        "known": bool(person and (person.name or person.phone or person.email)),
        "masked": person.masked_phone if person else "",
    }  # fmt: skip
    return private(render(request, "linli/page/my_data.html", context, status=422 if says else 200))


def looked(door: Door) -> list[dict[str, Any]]:
    """Who opened the contact data of this case, in which post, when and why; a post, because that is who acted."""
    person = door.case.reporter_id
    found = looks.of_case(str(door.case.id), str(person)) if person else []
    return [{"who": _post(look), "when": look.at, "why": look.purpose} for look in found]


def _post(look: Look) -> Text:
    held = Held(str(look.by_id), look.duty, look.path, None, look.at.date(), None)
    return duty_title(runtime().pack, registry.current(), held)


def _sent(request: HttpRequest) -> dict[str, Any]:
    """What was typed and ticked, for the form that it came from."""
    post = request.POST
    of = post.get("photo", "") if post.get("do") == "photo" else post.get("do", "")
    lists = {"guess": post.getlist("guess"), "cells": post.getlist("cell")}
    return {"form": of, "words": post.get("words", ""), "why": post.get("why", ""), **lists}


def _do(request: HttpRequest, door: Door) -> privacy.Done | Refusal:
    case, now, post = str(door.case.id), moment(request), request.POST
    who, why = viewer(request), post.get("why", "")
    if post.get("do") == "photo":
        return cover(case, post.get("photo", ""), post.getlist("cell"), "take_out" in post, why, who, now)
    if post.get("do") == "anonymise":
        return privacy.anonymise(case, why, who, now)
    listed = [w for line in post.get("words", "").splitlines() for w in re.split(r"[、，,;；]", line)]
    return privacy.redact(case, [*listed, *post.getlist("guess")], why, who, now)


def cover(
    case: str, photo: str, cells: Iterable[str], remove: bool, why: str, who: Any, now: datetime
) -> privacy.Done | Refusal:
    """Cover the squares ``cells`` (``row-column`` from 0) of a photo for good, or remove it; the original file goes."""
    boxes = [(int(r), int(c)) for r, _, c in (cell.partition("-") for cell in cells) if r.isdecimal() and c.isdecimal()]
    if not remove and not boxes:
        say_ = Text("请点出要遮住的地方，或者选择删除。", "Tap what is to be covered, or remove the photo.")
        return Refusal("cells", say_, say_)
    if not _is_id(photo) or not Attachment.objects.filter(id=photo, case_id=case).exists():
        say_ = Text("这件事没有这张照片。", "The case has no such photo.")
        return Refusal("photo", say_, say_)
    new = None if remove else _covered(photo, boxes)
    with transaction.atomic():
        done = privacy.replace_photo(case, photo, new, why, who, now)
        gone = new.id if isinstance(done, Refusal) and new else photo if isinstance(done, privacy.Done) else ""
        if gone:
            transaction.on_commit(lambda: attachments.remove(gone))
    return done


def _is_id(text: str) -> bool:
    try:
        return bool(uuid.UUID(text))
    except ValueError:
        return False


def _covered(photo: str, boxes: Iterable[tuple[int, int]]) -> privacy.NewPhoto:
    """A new photo with the squares filled: nothing under them is left in its pixels, large or small."""
    id = str(uuid.uuid4())
    with Image.open(attachments.path(photo), formats=("JPEG",)) as stored:
        plain = stored.convert("RGB")
    pen = ImageDraw.Draw(plain)
    for row, column in boxes:
        left, top = column * plain.width // GRID, row * plain.height // GRID
        right, bottom = (column + 1) * plain.width // GRID, (row + 1) * plain.height // GRID
        pen.rectangle((left, top, right, bottom), fill="#222")
    written = b""
    for thumb, longest, quality in ((True, attachments.THUMB, 75), (False, attachments.LONGEST, 85)):
        small = plain.copy()
        small.thumbnail((longest, longest))
        out = io.BytesIO()
        small.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
        where = attachments.path(id, thumb)
        where.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        where.write_bytes(written := out.getvalue())
        where.chmod(0o600)
    return privacy.NewPhoto(id, len(written), hashlib.sha256(written).hexdigest())


def _cells() -> list[dict[str, str | int]]:
    return [{"value": f"{r}-{c}", "row": r + 1, "column": c + 1} for r in range(GRID) for c in range(GRID)]


def _photos(view: CaseView) -> list[dict[str, Any]]:
    """Every photo of the case that the viewer sees, the opening's and later ones, once each."""
    facts = [*view.facts, *(f for e in view.happened for f in e.facts)]
    ids = dict.fromkeys(i for f in facts if f.type == "files" and isinstance(f.raw, list) for i in f.raw)
    own = set(map(str, Attachment.objects.filter(case=view.case).values_list("id", flat=True)))
    return [{"id": i, "url": attachments.url(i)} for i in ids if i in own]


def guessed(view: CaseView) -> list[str]:
    """What looks like a telephone or identity number in what people wrote, and the name of who raised it."""
    facts = [*view.facts, *(f for e in view.happened for f in e.facts)]
    said = [str(f.raw) for f in facts if f.type in ("text", "items")]
    found = dict.fromkeys(n for text in said for n in _PERSONAL.findall(text))
    name = view.contact["name"] if view.contact else ""
    if len(name) >= privacy.SHORTEST and any(name in text for text in said):
        found[name] = None
    return list(found)
