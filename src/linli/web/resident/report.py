"""Reporting in three screens: what, where, who. Each is a plain form; nothing typed is lost on the way.

Which fields stand on which screen is read off the definition (see :mod:`linli.web.resident.screens`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from linli.kernel.institution import Field, Institution, Text
from linli.ledger.definitions import runtime
from linli.ledger.models import Case
from linli.people import registry
from linli.web.page import attachments, danger, forms
from linli.web.page.case import by_secret
from linli.web.page.clocks import last_day
from linli.web.page.forms import Filled
from linli.web.page.raising import raisable
from linli.web.page.request import moment, person, private
from linli.web.resident import draft as drafts
from linli.web.resident.draft import Draft
from linli.web.resident.places import Chooser
from linli.web.resident.same import after, chosen, unasked
from linli.web.resident.screens import SCREENS, draw, frame_of, point_of, read, screens, with_position
from linli.web.resident.sending import already, complaints, contact_fields, photos, read_contact, send, summary
from linli.web.resident.suggest import suggest

STEPS = (Text("什么事", "What"), Text("在哪里", "Where"), Text("怎么找您", "You"))


@require_safe
def choose(request: HttpRequest) -> HttpResponse:
    """``/report/``: straight to the form when only one kind of matter can be raised."""
    found = raisable(runtime().pack)
    if len(found) == 1:
        return HttpResponseRedirect(reverse("report_what", args=[found[0].name]))
    return render(request, "linli/resident/choose.html", {"institutions": found})


def _institution(name: str) -> Institution:
    found = runtime().pack.institutions.get(name)
    if found is None or not found.public:
        raise Http404
    return found


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
        filled = read(request, institution, draft, specs)
        if not filled.errors:
            draft.seen = sorted({*draft.seen, "what"})
        drafts.save(request, draft)
        if not filled.errors:
            return _to("danger" if unheeded(draft, specs) else "where", institution)
    fields = draw(frame_of(institution, draft), specs, filled)
    needed = [f for f in fields if f["required"] or f["kind"] == "photos"]
    context = {
        **_suggested(institution, specs, {n: str(v) for n, v in filled.data.items()}),
        "suggest_url": reverse("report_suggest", args=[name]),
        "fields": needed,
        "more": [f for f in fields if f not in needed],
        "has_draft": bool(draft.data) and request.method != "POST",
        "dangers_known": danger.every(runtime().pack),
    }
    return _page(request, institution, "what", context, forms.error_list(fields))


def unheeded(draft: Draft, specs: list[Field]) -> list[danger.Danger]:
    """Dangers in what was written for which the person was not yet told whom to call."""
    said = [str(draft.data.get(s.name, "")) for s in specs if s.type == "text"]
    return [d for d in danger.found(runtime().pack, said) if d.name not in draft.safe]


@require_http_methods(["GET", "HEAD", "POST"])
def call_first(request: HttpRequest, name: str) -> HttpResponse:
    """``/report/<institution>/danger/``: whom to call, before anything else; then the report goes on."""
    institution = _institution(name)
    draft = drafts.load(request, name)
    dangers = unheeded(draft, screens(institution)["what"])
    if request.method == "POST" or not dangers:
        draft.safe = sorted({*draft.safe, *(d.name for d in dangers)})
        drafts.save(request, draft)
        return _to("where", institution)
    context = {"institution": institution, "dangers": dangers}
    return private(render(request, "linli/resident/danger.html", context))


@require_POST
def hint(request: HttpRequest, name: str) -> HttpResponse:
    """What the words typed so far may be about: the fragment above the groups."""
    institution = _institution(name)
    specs = screens(institution)["what"]
    found = _suggested(institution, specs, request.POST, keep_chosen=True)
    found["dangers"] = danger.found(runtime().pack, [request.POST.get(s.name, "") for s in specs if s.type == "text"])
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
        filled = read(request, institution, draft, specs)
        draft.place, point = chooser.read(request.POST), point_of(filled, specs)
        found = chooser.at_point(point) if point and point != before else ""
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
        ask = is_done and bool(unasked(institution, draft, moment(request)))
        drafts.save(request, draft)
        if is_done:
            return _to("same" if ask else "who", institution)
        if not filled.errors and not errors:
            return HttpResponseRedirect(reverse("report_where", args=[name]) + "#place")
    fields = draw(frame_of(institution, draft), specs, filled)
    context = {
        "fields": with_position(fields),
        "selects": chooser.selects(draft.place),
        "place": chooser.words(draft.place),
        "is_lowest": bool(draft.place) and not chooser.parts(draft.place),
        "is_outside": chooser.outside(point_of(filled, specs) or ""),
    }
    return _page(request, institution, "where", context, [*forms.error_list(fields), *errors])


def _first_id(chooser: Chooser, place: str) -> str:
    selects = chooser.selects(place)
    return str(selects[-1]["id"]) if selects else ""


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
        sent_before = already(request.POST["token"])
        if sent_before:
            return HttpResponseRedirect(reverse("report_sent", args=[sent_before]))
    for screen in ("what", "where"):
        if screen not in draft.seen:
            return _to(screen, institution)
    specs, errors = screens(institution)["who"], []
    filled = Filled(dict(draft.data))
    if request.method == "POST":
        filled = read(request, institution, draft, specs)
        errors = read_contact(request, draft)
        drafts.save(request, draft)
        if not errors and not filled.errors:
            outcome = send(request, institution, draft)
            if isinstance(outcome, str):
                drafts.drop(request, name)
                return HttpResponseRedirect(reverse("report_sent", args=[outcome]))
            errors = complaints(institution, outcome)
    fields = draw(frame_of(institution, draft), specs, filled)
    known = person(request)
    context = {
        "fields": fields, "draft": draft, "contact": [] if known else contact_fields(draft, errors), "known": known,
        "summary": summary(institution, draft), "summary_photos": photos(institution, draft),
        "same": chosen(draft),
    }  # fmt: skip
    return _page(request, institution, "who", context, [*forms.error_list(fields), *errors])


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
                "joined": after(request, case),
            },
        )
    )
