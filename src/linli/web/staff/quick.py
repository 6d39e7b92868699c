"""One act's form by itself, put under a row of a list (htmx) or on a page of its own (without)."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from linli.web.page import case
from linli.web.page.request import moment, private


def form(request: HttpRequest, number: int, act: str, back: str) -> HttpResponse:
    """The form of ``act`` on case ``number``; it is sent to the case page's own address and returns to ``back``.

    404 for a case one may not see and for an act one may not do now.
    """
    door = case.by_number(request, number)
    view = door.view(moment(request))
    found = next((d for d in view.acts if d.name == act), None)
    if found is None:
        raise Http404
    drawn = case.draw_act(view, found, door, moment(request), None)
    context = {"act": drawn, "case": view.case, "view": view, "next": back, "door": door}
    part = "form_part" if request.headers.get("HX-Request") == "true" else "form"
    return private(render(request, f"linli/staff/{part}.html", context))
