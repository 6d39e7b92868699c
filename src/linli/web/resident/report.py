"""Reporting in three screens: what, where, who. Each is a plain form; nothing typed is lost on the way.

Which fields stand on which screen is read off the definition: a position and the short text before it are *where*, the
unit complained of is under *who*, everything else is *what*.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from psycopg.errors import UniqueViolation

from linli.kernel.decide import Refusal
from linli.kernel.institution import Field, Institution, Text
from linli.kernel.values import ANSWER_FIRST, Invalid, is_empty, parse
from linli.ledger import act as ledger
from linli.ledger.definitions import runtime
from linli.ledger.models import Case
from linli.people import registry
from linli.web.page import attachments, forms
from linli.web.page.case import by_secret
from linli.web.page.clocks import last_day
from linli.web.page.forms import Filled, Frame
from linli.web.page.request import moment, person, private, viewer
from linli.web.resident import draft as drafts
from linli.web.resident.draft import Draft
from linli.web.resident.places import Chooser
from linli.web.resident.suggest import suggest

STEPS = (Text("什么事", "What"), Text("在哪里", "Where"), Text("怎么找您", "You"))
SCREENS = ("what", "where", "who")
PHONE = re.compile(r"\+?[0-9][0-9 \-]{4,19}")
SOURCE = "web"
LONGEST_ADDRESS = 300


@require_safe
def choose(request: HttpRequest) -> HttpResponse:
    """``/report/``: straight to the form when only one kind of matter can be raised."""
    found = [i for i in runtime().pack.institutions.values() if i.public]
    if len(found) == 1:
        return HttpResponseRedirect(reverse("report_what", args=[found[0].name]))
    return render(request, "linli/resident/choose.html", {"institutions": found})


def screens(institution: Institution) -> dict[str, list[Field]]:
    """The fields of the opening by screen."""
    names = [*institution.open.needs, *institution.open.may]
    by: dict[str, list[Field]] = {s: [] for s in SCREENS}
    for n, name in enumerate(names):
        spec = institution.fields[name]
        after = institution.fields[names[n + 1]] if n + 1 < len(names) else None
        is_address = (
            spec.type == "text"
            and (spec.max or LONGEST_ADDRESS + 1) <= LONGEST_ADDRESS
            and after
            and after.type == "point"
        )
        if spec.type == "point" or is_address:
            by["where"].append(spec)
        elif name == institution.against:
            by["who"].append(spec)
        else:
            by["what"].append(spec)
    return by


def _institution(name: str) -> Institution:
    found = runtime().pack.institutions.get(name)
    if found is None or not found.public:
        raise Http404
    return found


def _frame(institution: Institution, draft: Draft) -> Frame:
    rt, snapshot = runtime(), registry.current()
    return Frame(rt.pack, institution, snapshot, Chooser(rt.pack, snapshot).path(draft.place))


def _draw(frame: Frame, specs: list[Field], filled: Filled) -> list[dict[str, Any]]:
    needs = frame.institution.open.needs
    return [
        forms.control(
            frame, s, required=s.name in needs, value=filled.data.get(s.name), error=filled.errors.get(s.name)
        )
        for s in specs
    ]


def _checked(frame: Frame, specs: list[Field], filled: Filled) -> Filled:
    """Complaints as the ledger would make them, made on the screen they belong to."""
    for spec in specs:
        raw = filled.data.get(spec.name)
        if is_empty(raw):
            if spec.name in frame.institution.open.needs:
                filled.errors.setdefault(spec.name, ANSWER_FIRST)
            continue
        try:
            parse(frame.pack, spec, raw)
        except Invalid as fault:
            filled.errors.setdefault(spec.name, fault.says)
    return filled


def _read(request: HttpRequest, institution: Institution, draft: Draft, specs: list[Field]) -> Filled:
    sent = forms.read(_with_point(request, specs), request.FILES, specs, moment(request))
    filled = _checked(_frame(institution, draft), specs, sent)
    for spec in specs:
        draft.data.pop(spec.name, None)
    draft.data.update(filled.data)
    return filled


def _page(
    request: HttpRequest,
    institution: Institution,
    screen: str,
    context: dict[str, Any],
    errors: list[Any],
    status: int = 0,
) -> HttpResponse:
    step = SCREENS.index(screen) + 1
    base = {
        "institution": institution, "steps": STEPS, "current": step, "errors": errors, "step_title": STEPS[step - 1],
        "back": reverse(f"report_{SCREENS[step - 2]}", args=[institution.name]) if step > 1 else "",
    }  # fmt: skip
    page = render(request, f"linli/resident/{screen}.html", base | context, status=status or (422 if errors else 200))
    return private(page)


def _to(screen: str, institution: Institution) -> HttpResponse:
    return HttpResponseRedirect(reverse(f"report_{screen}", args=[institution.name]))


@require_http_methods(["GET", "HEAD", "POST"])
def what(request: HttpRequest, name: str) -> HttpResponse:
    """Screen 1: what it is about."""
    institution = _institution(name)
    if request.method == "POST" and "again" in request.POST:
        drafts.drop(request, name)
        return _to("what", institution)
    draft = drafts.load(request, name)
    specs = screens(institution)["what"]
    filled = Filled(_still_there(draft.data, specs))
    if request.method == "POST":
        filled = _read(request, institution, draft, specs)
        if not filled.errors:
            draft.seen = sorted({*draft.seen, "what"})
        drafts.save(request, draft)
        if not filled.errors:
            return _to("where", institution)
    fields = _draw(_frame(institution, draft), specs, filled)
    needed = [f for f in fields if f["required"] or f["kind"] == "photos"]
    context = {
        **_suggested(institution, specs, {n: str(v) for n, v in filled.data.items()}),
        "suggest_url": reverse("report_suggest", args=[name]),
        "fields": needed,
        "more": [f for f in fields if f not in needed],
        "has_draft": bool(draft.data) and request.method != "POST",
    }
    return _page(request, institution, "what", context, forms.error_list(fields))


@require_POST
def hint(request: HttpRequest, name: str) -> HttpResponse:
    """What the words typed so far may be about: the fragment above the groups."""
    institution = _institution(name)
    found = _suggested(institution, screens(institution)["what"], request.POST, keep_chosen=True)
    return private(render(request, "linli/resident/suggested.html", found))


def _suggested(
    institution: Institution, specs: list[Field], sent: Mapping[str, str], *, keep_chosen: bool = False
) -> dict[str, Any]:
    """Suggestions for the grouped code that must be chosen; none once it is, unless ``keep_chosen`` puts it first."""
    groups = [s for s in specs if s.type == "code" and s.name in institution.open.needs]
    long = [s for s in groups if any(c.group for c in runtime().pack.lists.get(s.list or "", {}).values())]
    if not long:
        return {}
    codes, chosen = runtime().pack.lists[long[0].list or ""], sent.get(long[0].name, "")
    if chosen and not keep_chosen:
        return {}
    found = suggest(codes, [sent.get(s.name, "") for s in specs if s.type == "text"])
    if chosen in codes:
        found = [codes[chosen], *(c for c in found if c.name != chosen)]
    rows = [{"value": c.name, "label": c.title, "chosen": c.name == chosen} for c in found]
    return {"suggested": rows, "suggested_name": long[0].name}


def _still_there(data: dict[str, Any], specs: list[Field]) -> dict[str, Any]:
    """The draft's values; photos that were removed after a day are not promised any more."""
    files = {s.name for s in specs if s.type == "files"}
    return {n: attachments.unclaimed(v) if n in files else v for n, v in data.items()}


@require_http_methods(["GET", "HEAD", "POST"])
def where(request: HttpRequest, name: str) -> HttpResponse:
    """Screen 2: where it is. Without a place anywhere it goes to the top of the area this site serves."""
    institution = _institution(name)
    draft = drafts.load(request, name)
    if "what" not in draft.seen:
        return _to("what", institution)
    chooser, specs = Chooser(runtime().pack, registry.current()), screens(institution)["where"]
    _known_place(request, draft)
    filled, errors = Filled(dict(draft.data)), []
    if request.method == "POST":
        before = next((draft.data.get(s.name) for s in specs if s.type == "point"), None)
        filled = _read(request, institution, draft, specs)
        draft.place, point = chooser.read(request.POST), _point(filled, specs)
        found = chooser.nearest(point) if point and point != before else ""
        if found and draft.place in ("", *(p.code for p in chooser.chain(found))):
            draft.place = found  # what was chosen by hand is never moved, only narrowed down
        if "go" in request.POST and not chooser.has_holder(institution, draft.place, moment(request)):
            wrong = Text(
                "请至少选到这一级，不然不知道交给谁办。",
                "Choose at least this level; otherwise nobody could handle it.",
            )
            errors.append({"field": _first_id(chooser, draft.place), "text": wrong})
        is_done = "go" in request.POST and not filled.errors and not errors
        if is_done:
            draft.seen = sorted({*draft.seen, "where"})
        drafts.save(request, draft)
        if is_done:
            return _to("who", institution)
        if not filled.errors and not errors:
            return HttpResponseRedirect(reverse("report_where", args=[name]) + "#place")
    fields = _draw(_frame(institution, draft), specs, filled)
    context = {
        "fields": _with_position(fields),
        "selects": chooser.selects(draft.place),
        "place": chooser.words(draft.place),
        "is_lowest": bool(draft.place) and not chooser.parts(draft.place),
    }
    return _page(request, institution, "where", context, [*forms.error_list(fields), *errors])


def _point(filled: Filled, specs: list[Field]) -> str:
    return str(next((filled.data.get(s.name) or "" for s in specs if s.type == "point"), ""))


def _first_id(chooser: Chooser, place: str) -> str:
    selects = chooser.selects(place)
    return str(selects[-1]["id"]) if selects else ""


def _with_position(fields: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The address and the button for the position are one control on the screen: two names, one line."""
    if len(fields) == 2 and fields[1]["kind"] == "place":
        address, point = fields
        return [{**address, "kind": "place", "lat": point["lat"], "lon": point["lon"]}]
    return fields


def _with_point(request: HttpRequest, specs: list[Field]) -> QueryDict:
    """The form with the position under the point's own name, though it came with the address's control."""
    post = request.POST.copy()
    for address, point in pairwise(specs):
        if point.type == "point":
            for end in ("lat", "lon"):
                post.setdefault(f"{point.name}_{end}", post.get(f"{address.name}_{end}", ""))
    return post


def _known_place(request: HttpRequest, draft: Draft) -> None:
    """What the system knows is not asked again: somebody signed in begins where their last matter was."""
    who = person(request)
    if draft.place or "where" in draft.seen or who is None:
        return
    last = Case.objects.filter(reporter=who).order_by("-number").values_list("place", flat=True).first()
    place = registry.current().by_path.get(last or "")
    draft.place = place.code if place else ""


@require_http_methods(["GET", "HEAD", "POST"])
def who(request: HttpRequest, name: str) -> HttpResponse:
    """Screen 3: how to reach the person, or not at all; a last look; send."""
    institution = _institution(name)
    draft = drafts.load(request, name)
    if request.method == "POST" and request.POST.get("token"):
        sent_before = _already(request.POST["token"])
        if sent_before:
            return HttpResponseRedirect(reverse("report_sent", args=[sent_before]))
    for screen in ("what", "where"):
        if screen not in draft.seen:
            return _to(screen, institution)
    specs, errors = screens(institution)["who"], []
    filled = Filled(dict(draft.data))
    if request.method == "POST":
        filled = _read(request, institution, draft, specs)
        errors = _read_contact(request, draft)
        drafts.save(request, draft)
        if not errors and not filled.errors:
            outcome = _send(request, institution, draft)
            if isinstance(outcome, str):
                drafts.drop(request, name)
                return HttpResponseRedirect(reverse("report_sent", args=[outcome]))
            errors = _complaints(institution, outcome)
    fields = _draw(_frame(institution, draft), specs, filled)
    known = person(request)
    context = {
        "fields": fields, "draft": draft, "contact": [] if known else _contact(draft, errors), "known": known,
        "summary": _summary(institution, draft), "summary_photos": _photos(institution, draft),
    }  # fmt: skip
    return _page(request, institution, "who", context, [*forms.error_list(fields), *errors])


def _contact(draft: Draft, errors: list[dict[str, Any]]) -> list[dict[str, Any]]:
    wrong = {e["field"]: e["text"] for e in errors}
    return [
        {"name": "name", "id": "f-name", "kind": "text", "label": Text("怎么称呼您", "Your name"), "value": draft.name,
         "autocomplete": "name", "error": wrong.get("f-name")},
        {"name": "phone", "id": "f-phone", "kind": "tel", "label": Text("电话", "Phone"), "value": draft.phone,
         "help": Text("只有办这件事的人能看到。以后凭编号和电话后四位也能查进度。",
                      "Only those who handle the matter see it. Its last four digits also let you follow it."),
         "autocomplete": "tel", "inputmode": "tel", "error": wrong.get("f-phone")},
    ]  # fmt: skip


def _read_contact(request: HttpRequest, draft: Draft) -> list[dict[str, Any]]:
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


def _send(request: HttpRequest, institution: Institution, draft: Draft) -> str | Refusal:
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
        return _already(draft.token) or _lost()
    return outcome if isinstance(outcome, Refusal) else outcome.secret


def _lost() -> Refusal:
    again = Text("请再提交一次。", "Please send it again.")
    return Refusal("busy", again, again)


def _already(token: str) -> str:
    """The secret of the case this draft became, if it was sent before."""
    return Case.objects.filter(source=SOURCE, external=token).values_list("secret", flat=True).first() or ""


def _complaints(institution: Institution, refusal: Refusal) -> list[dict[str, Any]]:
    if not refusal.fields:
        return [{"field": "", "text": refusal.says}]
    fields = institution.fields
    return [{"field": "", "label": fields[n].title, "text": t} for n, t in refusal.fields.items() if n in fields]


def _summary(institution: Institution, draft: Draft) -> list[dict[str, Any]]:
    """What will be sent, for a last look; each line leads back to its screen."""
    frame, by = _frame(institution, draft), screens(institution)
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


def _photos(institution: Institution, draft: Draft) -> list[dict[str, Any]]:
    names = [s.name for s in screens(institution)["what"] if s.type == "files"]
    ids = [i for n in names for i in draft.data.get(n, ())]
    return [{"url": attachments.preview(i), "thumb": attachments.preview(i)} for i in ids]


@require_safe
def sent(request: HttpRequest, secret: str) -> HttpResponse:
    """``/c/<secret>/sent/``: the number, the link that opens it again, and the promised date."""
    door = by_secret(secret)
    case = door.case
    follow = request.build_absolute_uri(reverse("follow", args=[secret]))
    return private(
        render(
            request,
            "linli/resident/sent.html",
            {
                "case": case,
                "promise": last_day(case.promise_due),
                "follow": follow,
                "institution": runtime().institution(case.institution, case.version),
            },
        )
    )
