"""The whole at a glance: what is open and where, what runs out, at which tier matters end, who is missing.

Every number is a link to exactly its cases; every rate shows its parts, what is left out and how it is computed.
"""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from linli.insight import figures, pressing, shares
from linli.insight import why as figures_why
from linli.insight.figures import Part, Rate, Scope
from linli.insight.pressing import Pressed
from linli.insight.shares import Report721, Tier
from linli.insight.year_ends import ending
from linli.kernel.calendar import SHANGHAI
from linli.kernel.institution import Text
from linli.ledger import filters as narrowing
from linli.ledger import queries
from linli.ledger.filters import Filters, day_of
from linli.web.page import why
from linli.web.page.request import moment, needs_work, private, viewer
from linli.web.staff import filter_form, rows, table

MOST = 15
GAPS = 30


EVERY_WORK = ("command", "desk", "department", "field")
"""Whoever holds a duty finds the figures of what they cover; visibility does the rest."""


@needs_work(*EVERY_WORK)
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """``/command/``"""
    who, now = viewer(request), moment(request)
    scope = figures.scope_of(who, now)
    first, last, wrong = _period(request, scope)
    area = _area(request, scope)
    asked = {"from": first.isoformat(), "to": last.isoformat(), "area": area}
    report = shares.report_721(scope, first, last, area)
    stages = figures.by_stage(scope, area)
    rates = list(figures.all_on_time(scope, scope.pack.institutions, first, last, area).values())
    pressed = pressing.counted(scope, area)
    gaps = queries.gaps(who, now)
    soon = queries.listing(who, Filters(state="open", area=area, soon=True), now, size=5)
    context = {
        "heading": Text("总览", "Overview"),
        "first": first,
        "last": last,
        "wrong": wrong,
        "ending": list(ending(scope.pack, now.astimezone(SHANGHAI).date())),
        "areas": [
            {"value": c, "label": label, "chosen": c == area}
            for c, label in filter_form.areas(scope.pack, scope.registry, who)
        ],
        "stats": _stats(figures.pressing(scope, area), rates),
        "report": report,
        "named": any(t.aim for t in report.tiers),
        "why_stats": _why(asked, COUNTED, *figures_why.COUNTS),
        "why_tiers": _why(asked, SHARES, *(f"tier:{t.part.key}" for t in report.tiers)),
        "why_gaps": _why(asked, COUNTED, "gaps"),
        "tiers": _tiers(report),
        "excluded": _links(report.excluded),
        "unclosed": _unclosed(report),
        "grids": _grids(report),
        "stages": [{"title": scope.pack.institutions[n].title, "lines": _lines(p)} for n, p in stages.items()],
        "rates": [
            _rate(r) | {"why": _why(asked, RATES, f"on_time:{n}")}
            for n, r in zip(scope.pack.institutions, rates, strict=True)
            if r.whole
        ],
        "units": _unit_table(figures.responses(scope, first, last, area), asked),
        "holders": _lines(figures.overdue_by_holder(scope, area)[:MOST]),
        "levels": _pressed(pressing.by_level(scope, pressed), Text("层级", "Level")),
        "pressed_units": _pressed(pressing.by_unit(scope, pressed), Text("单位", "Unit")),
        "soon": rows.drawn(soon.rows),
        "soon_url": table.link("command_cases", Filters(state="open", area=area, soon=True)),
        "soon_more": soon.total > len(soon.rows),
        "waiting": rows.drawn(queries.waiting(who, now)),
        "held": queries.held_count(who)[0],
        "gaps": gaps[:GAPS],
        "gap_count": len(gaps),
        "gap_more": max(0, len(gaps) - GAPS),
    }
    return private(render(request, "linli/command/overview.html", context))


@needs_work(*EVERY_WORK)
@require_safe
def explained(request: HttpRequest) -> HttpResponse:
    """``/command/why/?figure=``: how the figures named came about; 404 for one that is none."""
    scope = figures.scope_of(viewer(request), moment(request))
    first, last, _ = _period(request, scope)
    cases_url, names = reverse("command_cases"), request.GET.getlist("figure")[:MOST]
    try:
        found = [figures_why.figure(scope, n, first, last, **_narrowed(request, scope)) for n in names]
    except LookupError:
        raise Http404 from None
    drawn = [why.drawn(w, True, cases_url) for w in found]
    return why.respond(request, drawn, Text("总览", "Overview"), reverse("command"))


def _narrowed(request: HttpRequest, scope: Scope) -> dict[str, Any]:
    """Area, unit and category of the address, as far as they exist."""
    asked = {n: request.GET.getlist(n) for n in ("area", "unit", "category")}
    given, _ = narrowing.read(asked, scope.pack, scope.registry)
    return {"area": given.area, "unit": given.unit, "category": given.category[:1]}


def _area(request: HttpRequest, scope: Scope) -> str:
    area = request.GET.get("area", "")
    return area if area in scope.registry.places else ""


COUNTED = Text("怎么数的？", "How is it counted?")
SHARES = Text("这些占比怎么来的？目标从哪来？", "How do the shares come about, and whose target is it?")
RATES = Text("怎么算的？", "How is it computed?")


def _why(asked: dict[str, str], ask: Text, *names: str) -> dict[str, Any]:
    """The fold that explains these figures for the period and area of the page."""
    query = urlencode([("figure", n) for n in names] + [(k, v) for k, v in asked.items() if v])
    return {"url": f"{reverse('command_why')}?{query}", "ask": ask}


def _period(request: HttpRequest, scope: Scope) -> tuple[date, date, Text | None]:
    """The days asked for; the last thirty when nothing, or nothing sensible, was asked."""
    first, last = figures.last_days(scope.now)
    try:
        asked = [day_of(request.GET[n]) if request.GET.get(n) else None for n in ("from", "to")]
    except ValueError:
        return (
            first,
            last,
            Text("日期没有看懂，显示最近 30 天。", "The dates are not readable; showing the last 30 days."),
        )
    last = asked[1] or last
    first = asked[0] or min(first, last)
    if first > last:
        first, last = last, first
    return first, last, None


@needs_work(*EVERY_WORK)
@require_safe
def cases(request: HttpRequest) -> HttpResponse:
    """``/command/cases/``: where every figure opens, and the list for everyday work."""
    return table.show(request, Text("事项", "Matters"))


def _url(part: Part) -> str:
    return table.link("command_cases", part.filters)


def _stats(open_now: tuple[Part, Part, Part], rates: list[Rate]) -> list[dict[str, Any]]:
    tones, icons = ("", "soon", "late"), ("list", "hourglass", "alert-triangle")
    unit = Text("件", "cases")
    found = [
        {"label": p.title, "figure": p.value, "unit": unit, "url": _url(p), "icon": i, "tone": t if p.value else ""}
        for p, t, i in zip(open_now, tones, icons, strict=True)
    ]
    for rate in sorted(rates, key=lambda r: -r.whole)[:1]:  # of what there is most of
        parts = Text(f"{rate.good.value} / {rate.whole} 件", f"{rate.good.value} of {rate.whole}")
        found.append(
            {
                "label": rate.title,
                "figure": rate.percent,
                "unit": "%",
                "parts": parts,
                "icon": "clock",
                "url": "#in-time",
            }
        )
    return found


def _tiers(report: Report721) -> list[dict[str, Any]]:
    return [{"label": _with_target(t), "value": t.part.value, "url": _url(t.part)} for t in report.tiers]


def _with_target(tier: Tier) -> Text:
    title = tier.part.title
    if tier.target is None:
        return title
    return Text(f"{title.zh}（参考 {tier.target}%）", f"{title.en} (target {tier.target}%)")


def _links(parts: tuple[Part, ...]) -> list[dict[str, Any]]:
    return [{"label": p.title, "value": p.value, "url": _url(p)} for p in parts if p.value]


def _unclosed(report: Report721) -> list[dict[str, Any]]:
    return [
        {
            "tier": u.tier,
            "up": _links((u.further_up,)) if u.further_up else [],
            "categories": _links(u.categories),
            "overdue": _links((u.overdue,)),
        }
        for u in report.unclosed
        if (u.further_up and u.further_up.value) or u.overdue.value
    ]


def _grids(report: Report721) -> dict[str, Any] | None:
    if not report.grids:
        return None
    names = _columns(("在哪里", "Where"), ("办结", "Closed"), ("在本级办结", "Closed here"), ("重新办理过", "Reopened"))
    flagged = any(g.flagged for g in report.grids[:MOST])
    note = {"label": Text("提示", "Note")}
    chip = {"label": Text("去掉重办的就达不到参考值", "Below the target without them"), "tone": "warn"}
    lines = []
    for g in report.grids[:MOST]:
        parts = zip(names[1:], (g.closed, g.lowest, g.reopened), strict=True)
        cells = [{"text": g.title}, *(_cell(column, part) for column, part in parts)]
        cells += [note | ({"chip": chip} if g.flagged else {"text": ""})] if flagged else []
        lines.append(cells)
    names += [note] if flagged else []
    return {"columns": names, "rows": lines}


def _columns(first: tuple[str, str], *others: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"label": Text(*first)}, *({"label": Text(*o), "num": True} for o in others)]


def _cell(column: dict[str, Any], part: Part) -> dict[str, Any]:
    return {"label": column["label"], "text": str(part.value), "num": True, "url": _url(part) if part.value else None}


def _lines(parts: list[Part]) -> list[dict[str, Any]]:
    return [{"label": p.title, "value": p.value, "url": _url(p) if p.value else None} for p in parts]


def _rate(rate: Rate) -> dict[str, Any]:
    return {
        "title": rate.title,
        "percent": rate.percent,
        "parts": [{"label": p.title, "value": p.value, "url": _url(p)} for p in (rate.good, *rate.others)],
        "excluded": _links(rate.excluded),
        "formula": rate.formula,
        "date_rule": rate.date_rule,
    }


def _pressed(found: list[Pressed], what: Text) -> dict[str, Any] | None:
    if not found:
        return None
    columns: list[dict[str, Any]] = [
        {"label": what},
        *({"label": p.title, "num": True} for p in (found[0].soon, found[0].overdue)),
    ]
    lines = [[{"text": p.title}, _cell(columns[1], p.soon), _cell(columns[2], p.overdue)] for p in found]
    return {"columns": columns, "rows": lines}


def _unit_table(responses: list[tuple[str, Rate]], asked: dict[str, str]) -> dict[str, Any] | None:
    if not responses:
        return None
    columns = _columns(("单位", "Unit"), ("按时率", "In time"), ("按时答复", "Answered in time"))
    columns += _columns(("超时或未答复", "Late or none"))[:1] + _columns(("现在逾期", "Overdue now"))[:1]
    columns += _columns(("不计入", "Left out"))[:1]
    for column in columns[1:]:
        column["num"] = True
    lines = []
    for name, rate in responses[:MOST]:
        share = "—" if rate.percent is None else f"{rate.percent}%"
        url = _why(asked, RATES, f"unit:{rate.good.filters.unit}")["url"]
        parts = (rate.good, *rate.others, *rate.excluded)
        cells = [_cell(c, p) for c, p in zip(columns[2:], parts, strict=True)]
        lines.append([{"text": name}, {"label": columns[1]["label"], "text": share, "num": True, "url": url}, *cells])
    return {"columns": columns, "rows": lines, "formula": responses[0][1].formula, "dates": responses[0][1].date_rule}
