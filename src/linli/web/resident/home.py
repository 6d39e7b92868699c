"""The front page, and the list of what somebody signed in has raised."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from linli.ledger import queries
from linli.ledger.definitions import NoPack, runtime
from linli.ledger.filters import Filters
from linli.ledger.visible import Viewer
from linli.web.page import sign_in
from linli.web.page.raising import raisable
from linli.web.page.request import moment, needs_person, person, private
from linli.web.page.rows import case_rows


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """``/``: what one may raise, and where to follow it."""
    try:
        institutions = raisable(runtime().pack)
    except NoPack:
        return render(request, "linli/resident/no_pack.html", status=503)
    context = {"institutions": institutions, "is_demo": sign_in.is_demo()}
    return render(request, "linli/resident/home.html", context)


@needs_person
@require_safe
def my_matters(request: HttpRequest) -> HttpResponse:
    """``/my/``: what the person raised themself, whatever duties they hold; the same list as everywhere."""
    who = person(request)
    themself = Viewer(str(who.id) if who else None, ())
    number = request.GET.get("before", "")
    page = queries.listing(themself, Filters(), moment(request), before=int(number) if number.isdecimal() else None)
    context = {
        "rows": case_rows(page.rows),
        "older": page.older,
        "empty": {"text": {"zh": "您还没有反映过事情。", "en": "You have not raised anything yet."}, "icon": "inbox"},
    }
    return private(render(request, "linli/resident/my_matters.html", context))
