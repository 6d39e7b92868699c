"""What a grid worker finds on the way: one screen, a photo, the grid they stand in."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from linli.kernel.institution import Institution, Pack, Text
from linli.kernel.refusal import Refusal
from linli.ledger import act as ledger
from linli.ledger.definitions import runtime
from linli.people import registry
from linli.people.registry import Place
from linli.web.page import forms
from linli.web.page.forms import Filled, Frame
from linli.web.page.request import moment, needs_work, private, say, viewer
from linli.web.staff import opening

CHANNEL = "patrol"


@needs_work("field")
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest) -> HttpResponse:
    """``/field/report/``: nobody raised it, so nobody is asked to rate it; it is registered as found on patrol."""
    rt, snapshot, who = runtime(), registry.current(), viewer(request)
    found = opening.openable(rt.pack, who)
    if not found:
        raise Http404
    institution = next((i for i in found if i.name == request.GET.get("kind")), found[0])
    places = opening.places(snapshot, institution, who)
    frame, filled, errors = Frame(rt.pack, institution, snapshot), Filled(), list[dict[str, Any]]()
    if request.method == "POST":
        specs = [institution.fields[n] for n in _names(institution)]
        filled = forms.read(request.POST, request.FILES, specs, moment(request))
        place = next((p for p in places.values() if p.code == request.POST.get("place")), None)
        if place is None:
            errors = [{"field": "f-place", "text": Text("请选择在哪里。", "Choose where it is.")}]
        elif not filled.errors:
            outcome = opening.send(
                request, institution, place, filled.data, who, moment(request), ledger.Reporter(), CHANNEL
            )
            if not isinstance(outcome, Refusal):
                number = outcome if isinstance(outcome, int) else outcome.number
                messages.success(request, say(f"已登记，编号 {number}。", f"Registered as {number}."))
                return HttpResponseRedirect(reverse("field"))
            filled, errors = forms.refused(filled, outcome), _whole(outcome)
    fields = forms.controls(frame, institution.open.needs, _more(institution), filled)
    context = {
        "institution": institution,
        "fields": [f for f in fields if f["required"] or f["kind"] == "photos"],
        "more": [f for f in fields if not (f["required"] or f["kind"] == "photos")],
        "place": _place(rt.pack, places, request.POST.get("place", "")),
        "errors": [*forms.error_list(fields), *errors],
        "token": request.POST.get("token") or opening.token(),
    }
    status = 422 if context["errors"] else 200
    return private(render(request, "linli/field/report.html", context, status=status))


def _names(institution: Institution) -> list[str]:
    return [*institution.open.needs, *_more(institution)]


def _more(institution: Institution) -> list[str]:
    """A complaint about a unit is not made in passing: it is taken in where the accused cannot see it."""
    return [n for n in institution.open.may if n != institution.against]


def _whole(refusal: Refusal) -> list[dict[str, Any]]:
    return [] if refusal.fields else [{"field": "", "text": refusal.says}]


def _place(pack: Pack, places: dict[str, Place], chosen: str) -> dict[str, Any]:
    """A choice among the places of the duty, by the city's name of their level; the only one is chosen already."""
    level = next((pack.levels[p.kind].title for p in places.values() if p.kind in pack.levels), Text("地方", "place"))
    label = Text(f"在哪个{level.zh}", f"Where ({level.en})")
    options = [{"value": p.code, "label": words, "chosen": p.code == chosen} for words, p in places.items()]
    if len(options) > 1 and not chosen:
        options[0]["chosen"] = True
    kind = "radio" if len(options) <= 6 else "select"
    return {
        "name": "place", "id": "f-place", "kind": kind, "label": label, "required": True,
        "value": options[0]["value"] if len(options) == 1 else None, "options": options,
    }  # fmt: skip
