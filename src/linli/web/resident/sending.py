"""The last screen: how to reach the person, a last look, and the one act that opens the case."""

from __future__ import annotations

import re
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from psycopg.errors import UniqueViolation

from linli.kernel.institution import Field, Institution, Text
from linli.kernel.refusal import Refusal
from linli.kernel.values import is_empty
from linli.ledger import act as ledger
from linli.ledger.definitions import runtime
from linli.ledger.models import Case
from linli.people import registry
from linli.web.page import attachments, forms
from linli.web.page.forms import Frame
from linli.web.page.request import moment, person, viewer
from linli.web.resident import same
from linli.web.resident.draft import Draft
from linli.web.resident.places import Chooser
from linli.web.resident.screens import frame_of, screens

PHONE = re.compile(r"\+?[0-9][0-9 \-]{4,19}")
SOURCE = "web"


def contact_fields(draft: Draft, errors: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The controls for name and phone."""
    wrong = {e["field"]: e["text"] for e in errors}
    return [
        {"name": "name", "id": "f-name", "kind": "text", "label": Text("怎么称呼您", "Your name"), "value": draft.name,
         "autocomplete": "name", "error": wrong.get("f-name")},
        {"name": "phone", "id": "f-phone", "kind": "tel", "label": Text("电话", "Phone"), "value": draft.phone,
         "help": Text("只有办这件事的人能看到。以后凭编号和电话后四位也能查进度。",
                      "Only those who handle the matter see it. Its last four digits also let you follow it."),
         "autocomplete": "tel", "inputmode": "tel", "error": wrong.get("f-phone")},
    ]  # fmt: skip


def read_contact(request: HttpRequest, draft: Draft) -> list[dict[str, Any]]:
    """Take name, phone and the wish to stay unnamed into the draft; complaints as ``parts/errors.html`` takes them."""
    draft.anonymous = bool(request.POST.get("anonymous"))
    draft.name = " ".join(request.POST.get("name", "").split())
    draft.phone = request.POST.get("phone", "").strip()
    wrong: list[dict[str, Any]] = []
    if len(draft.name) > 60:
        wrong.append(
            {
                "field": "f-name",
                "label": Text("怎么称呼您", "Your name"),
                "text": Text("名字最多 60 个字。", "A name has at most 60 characters."),
            }
        )
    if draft.phone and not PHONE.fullmatch(draft.phone):
        say = Text("这个电话号码不对，请检查；也可以不填。", "This is no phone number; mend it or leave it empty.")
        wrong.append({"field": "f-phone", "label": Text("电话", "Phone"), "text": say})
    return wrong


def _reporter(request: HttpRequest, draft: Draft) -> ledger.Reporter:
    known = person(request)
    if draft.anonymous:
        return ledger.Reporter()
    if known is not None:
        return ledger.Reporter(person=str(known.id))
    return ledger.Reporter(name=draft.name, phone=re.sub(r"[ \-]", "", draft.phone))


def send(request: HttpRequest, institution: Institution, draft: Draft) -> str | Refusal:
    """Open the case; its secret, or why not. The same draft sent twice, even at the same moment, opens one case."""
    opening = ledger.Opening(
        institution.name,
        Chooser(runtime().pack, registry.current()).path(draft.place),
        reporter=_reporter(request, draft),
        by=None if draft.anonymous or person(request) is None else viewer(request).person,
        source=SOURCE,
        external=draft.token,
    )
    files = {s.name for s in institution.fields.values() if s.type == "files"}
    data = {n: attachments.unclaimed(v) if n in files else v for n, v in draft.data.items() if not is_empty(v)}
    try:
        with transaction.atomic():
            outcome = ledger.open(opening, data, moment(request))
    except UniqueViolation:
        return already(draft.token) or _lost()
    if isinstance(outcome, Refusal):
        return outcome
    if draft.same:
        done = same.join(institution, draft, outcome, opening.by, moment(request))
        request.session[same.KEPT] = {"case": outcome.id, "number": draft.same, "done": done}
    return outcome.secret


def _lost() -> Refusal:
    again = Text("请再提交一次。", "Please send it again.")
    return Refusal("busy", again, again)


def already(token: str) -> str:
    """The secret of the case this draft became, if it was sent before."""
    return Case.objects.filter(source=SOURCE, external=token).values_list("secret", flat=True).first() or ""


def complaints(institution: Institution, refusal: Refusal) -> list[dict[str, Any]]:
    """A refusal of the ledger as ``parts/errors.html`` takes it."""
    if not refusal.fields:
        return [{"field": "", "text": refusal.says}]
    fields = institution.fields
    return [{"field": "", "label": fields[n].title, "text": t} for n, t in refusal.fields.items() if n in fields]


def summary(institution: Institution, draft: Draft) -> list[dict[str, Any]]:
    """What will be sent, for a last look; each line leads back to its screen."""
    frame, by = frame_of(institution, draft), screens(institution)
    found: list[dict[str, Any]] = []
    for screen in ("what", "where"):
        for spec in by[screen]:
            value = draft.data.get(spec.name)
            if value and spec.type in ("text", "code", "date", "number", "yes_no"):
                found.append({"label": spec.title, "value": _words(frame, spec, value)})
    chooser = Chooser(frame.pack, frame.snapshot)
    place = chooser.words(draft.place) or Text("不清楚，由区里帮您找", "Unknown; the district finds out for you")
    return [*found, {"label": Text("地点", "Place"), "value": place}]


def _words(frame: Frame, spec: Field, value: Any) -> Any:
    if spec.type == "code":
        code = frame.pack.lists.get(spec.list or "", {}).get(str(value))
        return code.title if code else str(value)
    if spec.type == "yes_no":
        return forms.YES if value == "yes" else forms.NO
    return str(value)


def photos(institution: Institution, draft: Draft) -> list[dict[str, Any]]:
    """The photos of the draft, for the last look."""
    names = [s.name for s in screens(institution)["what"] if s.type == "files"]
    ids = [i for n in names for i in draft.data.get(n, ())]
    return [{"url": attachments.preview(i), "thumb": attachments.preview(i)} for i in ids]
