"""“Why?” over the JSON API: asked of a case and of a figure. The same answers as on the pages."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

from django.conf import settings

from linli.insight import figures, groups, rates, sheet
from linli.insight import why as figures_why
from linli.insight.figures import Scope
from linli.kernel.institution import Text
from linli.ledger import why
from linli.ledger.filters import categories, day_of
from linli.ledger.models import Case
from linli.ledger.view import view
from linli.web.api import v1_problem
from linli.web.api.v1_call import Call, api
from linli.web.api.v1_cases import by_number, linked
from linli.web.api.v1_problem import Problem, wrong
from linli.web.api.v1_reasons import shape
from linli.web.api.v1_shapes import Json

NO_DUTY = Text("只有任职的人能问统计数字。", "Figures are for people who hold a duty.")


@api("GET")
def case(call: Call, number: int) -> Any:
    """GET why: of one thing about a case (``what``), or of everything that can be asked."""
    return _answers(call, by_number(call, number), False)


@api("GET", public=True)
def link(call: Call, secret: str) -> Any:
    """GET the same for whoever holds the secret link."""
    return _answers(call, linked(secret), True)


def _answers(call: Call, found: Case, as_reporter: bool) -> Json:
    page = view(found, call.who, call.now, as_reporter=as_reporter)
    what = call.request.GET.get("what")
    if not what:
        every = why.answers(page, call.who, call.now, as_reporter)
        return {"items": [shape(w, call.lang) for w in every]}
    try:
        return {"items": [shape(why.answer(page, call.who, call.now, what, as_reporter), call.lang)]}
    except LookupError:
        raise v1_problem.not_found() from None


@api("GET")
def figure(call: Call, name: str) -> Any:
    """GET why a figure is what it is; ``from``, ``to`` and ``area`` as in the list of figures."""
    scope, first, last, area = _asked(call)
    try:
        return shape(figures_why.figure(scope, name, first, last, area), call.lang)
    except LookupError:
        raise v1_problem.not_found() from None


@api("GET")
def rates_of(call: Call, name: str) -> Any:
    """GET the rates of the institution ``name`` over a period, narrowed by area, unit or category; ``by`` for lines."""
    scope, first, last, area = _asked(call)
    query, institution = call.request.GET, scope.pack.institutions.get(name)
    if institution is None:
        raise v1_problem.not_found()
    unit, category, by = (query.get(n, "") for n in ("unit", "category", "by"))
    known = {
        "unit": (unit, scope.registry.units),
        "category": (category, categories(scope.pack)),
        "by": (by, groups.BYS),
    }
    for field, (value, values) in known.items():
        if value and value not in values:
            raise wrong(field, Text("没有这一项。", "There is no such value."))
    base = rates.closed(name, first, last, area).but(unit=unit, category=(category,) if category else ())
    lines = groups.lines(scope, institution, base, cast(groups.By, by)) if by else []
    return {
        "institution": name,
        "from": first.isoformat(),
        "to": last.isoformat(),
        "rates": [sheet.as_values(m) for m in rates.measures(scope, institution, base)],
        "lines": [
            {"title": sheet.text(line.group.title), "rates": [sheet.as_values(m) for m in line.measures]}
            for line in lines
        ],
    }


@api("GET")
def names(call: Call) -> Any:
    """GET the figures one may ask about."""
    scope, _, _, _ = _asked(call)
    root = f"{settings.PUBLIC_URL}/api/v1/figures"
    return {"items": [{"name": n, "why": f"{root}/{n}/why"} for n in figures_why.names(scope)]}


def _asked(call: Call) -> tuple[Scope, date, date, str]:
    """The caller's scope, the period (the last thirty days unless said) and the area."""
    if not call.who.is_staff:
        raise Problem(403, "not_yours", NO_DUTY)
    scope, query = figures.scope_of(call.who, call.now), call.request.GET
    first, last = figures.last_days(call.now)
    try:
        last = day_of(query["to"]) if query.get("to") else last
        first = day_of(query["from"]) if query.get("from") else min(first, last)
    except ValueError:
        raise Problem(400, "invalid", Text("日期写成 2026-03-09。", "Write days as 2026-03-09.")) from None
    if first > last:
        raise wrong("from", Text("from 在 to 之后。", "`from` lies after `to`."))
    area = query.get("area", "")
    if area and area not in scope.registry.places:
        raise wrong("area", Text("没有这个编码。", "There is no such code; see GET areas."))
    return scope, first, last, area
