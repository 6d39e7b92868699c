"""The case page, drawn from the definition: by its number for people signed in, by its secret link for who raised it.

No stage and no act is known here. What may be done comes from the view, each act with a form of its own; an act is
sent to ``ledger.act`` and a refusal brings the same page back with the reason and everything typed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from linli.kernel.calendar import SHANGHAI
from linli.kernel.institution import Text
from linli.kernel.refusal import Refusal
from linli.ledger import act as ledger
from linli.ledger import view as views
from linli.ledger import visible
from linli.ledger.definitions import runtime
from linli.ledger.models import Case
from linli.ledger.view import CaseView, Doable
from linli.ledger.visible import ANYBODY, Viewer
from linli.people import registry
from linli.web.page import drawing, forms, nav, together, why
from linli.web.page.forms import Filled, Frame
from linli.web.page.request import moment, needs_person, person, private, say, viewer, words

PURPOSES = (
    Text("核实情况", "To ask about it"), Text("约时间上门", "To arrange a visit"), Text("回访", "To ask how it went"),
)  # fmt: skip
"""Why staff look at somebody's telephone number, one tap each."""


@dataclass(frozen=True, slots=True)
class Door:
    """How somebody came to the case: by number as who they are, or by its secret link as who raised it."""

    case: Case
    who: Viewer
    secret: str | None = None

    @property
    def page(self) -> str:
        """The page's own address."""
        return reverse("follow", args=[self.secret]) if self.secret else nav.case_address(self.case.number)

    def act(self, name: str) -> str:
        """Where the form of an act is sent."""
        if self.secret:
            return reverse("follow_act", args=[self.secret, name])
        return reverse("case_act", args=[self.case.number, name])

    def view(self, now: datetime) -> CaseView:
        """The case as this person sees it."""
        return views.view(self.case, self.who, now, as_reporter=self.secret is not None)


@dataclass(frozen=True, slots=True)
class Again:
    """A form that came back: which act, what was sent, and why it was refused."""

    act: str
    filled: Filled
    refusal: Refusal


def by_number(request: HttpRequest, number: int) -> Door:
    """The door for somebody signed in; 404 alike for what does not exist and for what they may not see."""
    try:
        return Door(visible.find(viewer(request), number), viewer(request))
    except Case.DoesNotExist:
        raise Http404 from None


def by_secret(secret: str) -> Door:
    """The door of the secret link; only cases that people raise have one that works."""
    try:
        case = visible.by_secret(secret)
    except Case.DoesNotExist:
        raise Http404 from None
    institution = runtime().institution(case.institution, case.version)
    party = institution.parties.get(institution.raised_by)
    if party is None or party.who != "person":
        raise Http404
    return Door(case, ANYBODY, secret)


@needs_person
@require_http_methods(["GET", "HEAD"])
def case(request: HttpRequest, number: int) -> HttpResponse:
    """``/cases/<number>/``"""
    return show(request, by_number(request, number))


@require_http_methods(["GET", "HEAD"])
def follow(request: HttpRequest, secret: str) -> HttpResponse:
    """``/c/<secret>/``: whoever holds the link is who raised the case."""
    return show(request, by_secret(secret))


@needs_person
@require_http_methods(["GET", "HEAD", "POST"])
def case_act(request: HttpRequest, number: int, act: str) -> HttpResponse:
    """An act by somebody signed in."""
    return do(request, by_number(request, number), act)


@require_http_methods(["GET", "HEAD", "POST"])
def follow_act(request: HttpRequest, secret: str, act: str) -> HttpResponse:
    """An act by whoever raised the case, through the secret link."""
    return do(request, by_secret(secret), act)


@needs_person
@require_http_methods(["GET", "HEAD"])
def case_diagram(request: HttpRequest, number: int) -> HttpResponse:
    """The institution's picture with this case in it, fetched when the fold is opened."""
    return diagram(request, by_number(request, number))


@require_http_methods(["GET", "HEAD"])
def follow_diagram(request: HttpRequest, secret: str) -> HttpResponse:
    """The same through the secret link."""
    return diagram(request, by_secret(secret))


@needs_person
@require_http_methods(["GET", "HEAD"])
def case_why(request: HttpRequest, number: int) -> HttpResponse:
    """``/cases/<number>/why/?what=``: why a deadline, a holder, a unit, or an act that is not offered."""
    return answer(request, by_number(request, number))


@require_http_methods(["GET", "HEAD"])
def follow_why(request: HttpRequest, secret: str) -> HttpResponse:
    """The same through the secret link."""
    return answer(request, by_secret(secret))


def answer(request: HttpRequest, door: Door) -> HttpResponse:
    """What is asked of the case, in the words that whoever asks may read."""
    return why.answers(door.view(moment(request)), door.who, request, door.secret is not None, door.page)


def diagram(request: HttpRequest, door: Door) -> HttpResponse:
    """A fragment for htmx, a page of its own without."""
    now = moment(request)
    view = door.view(now)
    context = {"picture": drawing.picture(view, now), "view": view, "back": door.page}
    is_fragment = request.headers.get("HX-Request") == "true"
    return private(render(request, f"linli/page/{'diagram_part' if is_fragment else 'diagram'}.html", context))


def show(request: HttpRequest, door: Door, again: Again | None = None) -> HttpResponse:
    """The page; status 422 when a form came back."""
    now = moment(request)
    view = door.view(now)
    context = drawing.page(view, now, door.secret)
    for part in (*context["promises"], *context["children"]):
        part["why"] = why.of_part(part, door.page)
    asks = why.folds(view, door.page)
    if context["rail"]["here"]:
        context["rail"]["here"] |= {"why_holder": asks["holder"], "why_clock": asks["stage"]}
    acts = [draw_act(view, d, door, now, again) for d in view.acts]
    first = _first(view, acts)
    if again is None and first:
        first[0]["open"] = True
    context |= {
        "together": together.part(view, door.who, now, {a["name"]: a["action"] for a in acts}),
        "acts": first,
        "works": view.clearance in ("handler", "supervisor"),  # who works reads first, who waits acts first
        "more_acts": [a for a in acts if a not in first],
        "more_open": any(a["open"] for a in acts if a not in first),
        "diagram_url": door.page + "diagram/",
        "contact_url": reverse("case_contact", args=[view.case.number]),
        "others_see": works_or_own(view, door),
        "page_url": door.page,
        "purposes": PURPOSES,
        "why": asks,
        "institution_url": reverse("institution", args=[view.institution.name]),
        "next": request.POST.get("next") or request.GET.get("next", ""),
        **_returned(view, acts, again),
    }
    if again:
        context["refused_why"] = why.refusal(view, door.who, request, door.secret is not None, again.act, again.refusal)
    return private(render(request, "linli/page/case.html", context, status=422 if again else 200))


def _first(view: CaseView, acts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The acts to show before the others: those of the stage, what the clock would do anyway last.

    Where the stage itself leaves whoever works only one way, what the institution lets them do here and in other stages
    to bring the case on (verify or reject a report, refuse a task) is no less important.
    """
    stage, anywhere = view.institution.stages[view.case.stage], view.institution.anywhere
    own = [a for a in acts if a["base"] in stage.acts or a["settles"]]
    if view.clearance in ("handler", "supervisor") and sum(not a["settles"] for a in own) == 1:
        here = [a["base"] for a in acts if a["moves"] and a["base"] in anywhere and anywhere[a["base"]].only_in]
        own = [a for a in acts if a in own or a["base"] in here]
    return sorted(own, key=lambda a: a["base"] == stage.overdue)


def works_or_own(view: CaseView, door: Door) -> bool:
    """Whether the page leads to what others see of the case: for those who handle it and for whoever raised it."""
    own = door.secret is not None or str(view.case.reporter_id) == door.who.person
    return own or view.clearance in ("handler", "supervisor")


def draw_act(view: CaseView, doable: Doable, door: Door, now: datetime, again: Again | None) -> dict[str, Any]:
    """An act with its form, as ``linli/page/act.html`` takes it; what came back is in it again."""
    back = again if again and again.act == doable.name else None
    snapshot, day = registry.current(), now.astimezone(SHANGHAI).date()
    asked = [view.institution.fields[n] for n in (*doable.needs, *doable.may)]
    calls = any(f.type == "units" and f.max != 1 for f in asked)
    listed = tuple(snapshot.dispatch(view.case.category, view.case.place, day)) if calls else ()
    frame = Frame(runtime().pack, view.institution, snapshot, view.case.place, listed, again=back is not None)
    prefix = doable.name.replace(".", "-") + "-"
    filled = forms.refused(back.filled, back.refusal) if back else None
    fields = forms.controls(frame, doable.needs, doable.may, filled, prefix, doable.results)
    taps = is_taps(view, doable)
    return {
        "name": doable.name,
        "base": doable.name.partition(".")[0],
        "settles": "." in doable.name,
        "title": doable.title,
        "action": door.act(doable.name),
        "note": _note(doable),
        "shared": together.shared(view, doable),
        "facts": drawing.facts(doable.facts),
        "questions": [question(f) for f in fields[: len(doable.needs)]] if taps else [],
        "fields": fields[len(doable.needs) :] if taps else fields,
        "has_files": any(f["kind"] == "photos" for f in fields),
        "errors": forms.error_list(_tap_ids(fields) if taps else fields) if back else [],
        "open": back is not None,
        "moves": doable.moves,
        "danger": doable.name.endswith(".decline"),
    }


def is_taps(view: CaseView, doable: Doable) -> bool:
    """An act that asks nothing but short choices is answered by one tap each."""
    lists, fields = runtime().pack.lists, view.institution.fields

    def is_short(name: str) -> bool:
        spec = fields[name]
        return spec.type == "yes_no" or (spec.type == "code" and len(forms.leaves(lists.get(spec.list or "", {}))) <= 4)

    return len(doable.needs) > 1 and not doable.results and all(is_short(n) for n in doable.needs)


def question(f: dict[str, Any]) -> dict[str, Any]:
    """A short choice as ``parts/rate.html`` takes it; faces go from the best answer (named first) to the worst."""
    count = len(f["options"])
    faces = {2: ("check", "x"), 3: ("smile", "meh", "frown"), 4: ("smile", "smile", "meh", "frown")}
    icons = faces.get(count, ("dot",) * count)
    answers = [{**o, "icon": i} for o, i in zip(f["options"], icons, strict=True)]
    return {"name": f["name"], "label": f["label"], "value": f["value"], "error": f["error"], "answers": answers}


def _tap_ids(fields: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**f, "id": f"f-{f['name']}"} if f["kind"] == "radio" else f for f in fields]


def _note(doable: Doable) -> Text | None:
    if doable.asks:
        return Text(f"要经{doable.asks.zh}同意后生效。", f"Takes effect once agreed by: {doable.asks.en}.")
    if doable.to:
        return Text(f"办完后转到“{doable.to.zh}”。", f"The case then goes to “{doable.to.en}”.")
    return None


def _returned(view: CaseView, acts: list[dict[str, Any]], again: Again | None) -> dict[str, Any]:
    """The alert of a refusal; what was typed into an act that cannot be done any more is shown to be copied."""
    if again is None:
        return {}
    typed: list[dict[str, Any]] = []
    if all(a["name"] != again.act for a in acts):
        fields = view.institution.fields
        typed = [{"label": fields[n].title, "value": v} for n, v in again.filled.data.items() if n in fields and v]
        typed = [t for t in typed if isinstance(t["value"], str)]
    return {"refused": again.refusal, "typed": typed}


def do(request: HttpRequest, door: Door, act: str) -> HttpResponse:
    """Do the act that was sent; see :func:`show` for what comes back when it is refused."""
    if request.method != "POST":
        return HttpResponseRedirect(door.page)
    now = moment(request)
    outcome = perform(request, door, act, now)
    if isinstance(outcome, Again):
        door.case.refresh_from_db()
        return show(request, door, outcome)
    # The tag tells the browser that the draft of this form has arrived and may be forgotten (see app.js).
    messages.success(request, what_now(door, now), extra_tags=f"case-{door.case.number}-{act}")
    wanted = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure())
    return HttpResponseRedirect(wanted if wanted and is_ours else door.page)


def perform(request: HttpRequest, door: Door, act: str, now: datetime) -> ledger.Receipt | Again:
    """Read the form and hand it to the ledger. Shared with the audiences' quick forms."""
    institution = runtime().institution(door.case.institution, door.case.version)
    spec = institution.acts_at(door.case.stage).get(act.partition(".")[0]) or institution.anywhere.get(act)
    names = dict.fromkeys((*spec.needs, *spec.may)) if spec else [n for n in institution.fields if n in request.POST]
    settles = "." in act
    filled = forms.read(request.POST, request.FILES, [] if settles else [institution.fields[n] for n in names], now)
    if settles or spec is None or len(spec.result) <= 1:
        filled.data.pop(forms.RESULT, None)
    if filled.errors:
        return Again(act, filled, _own_refusal(filled))
    seq = request.POST.get("seq", "")
    who = None if door.secret else str(person(request).id)  # type: ignore[union-attr]
    outcome = ledger.act(
        str(door.case.id), act, filled.data, who, now,
        as_reporter=door.secret is not None, seq=int(seq) if seq.isdecimal() else None,
    )  # fmt: skip
    return Again(act, filled, outcome) if isinstance(outcome, Refusal) else outcome


def _own_refusal(filled: Filled) -> Refusal:
    first = next(iter(filled.errors.values()))
    return Refusal("incomplete", first, Text("改好后再提交，已填内容都在。", "Send it again; nothing typed is lost."))


def what_now(door: Door, now: datetime) -> str:
    """What happened and what comes next, in a sentence."""
    door.case.refresh_from_db()
    view = door.view(now)
    done = words(view.happened[-1].title)
    stage = words(view.stage)
    if view.case.ended:
        result = words(view.result) if view.result else stage
        return say(f"已办理：{done}。事项到此结束（{result}）。", f"Done: {done}. The case is closed ({result}).")
    holder = words(view.holder) if view.holder else ""
    return say(
        f"已办理：{done}。现在在“{stage}”" + (f"，由{holder}办理。" if holder else "。"),
        f"Done: {done}. It is now at “{stage}”" + (f", with {holder}." if holder else "."),
    )
