"""Every rate of an institution over a period: parts, what is left out, formula, the period before, line by line.

Every number opens to exactly its cases; the same table leaves as CSV or XLSX, with the same permissions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from linli.insight import figures, groups, periods, rates, sheet
from linli.insight.figures import Part, Scope
from linli.insight.groups import Line
from linli.insight.periods import Period
from linli.insight.rates import Measure
from linli.kernel.calendar import SHANGHAI
from linli.kernel.institution import Institution, Text
from linli.ledger import filters as narrowing
from linli.ledger.filters import Filters
from linli.web.command.figures import EVERY_WORK
from linli.web.page import sheets
from linli.web.page.request import lang, moment, needs_work, private, viewer
from linli.web.staff import filter_form, table

NOTHING = {"text": Text("现行制度里还没有可算的比率。", "No institution in force has a rate yet."), "icon": "bar-chart"}
WHY = Text("怎么算的？", "How is it computed?")
FEW = {"label": Text("件数少，仅供参考", "Few cases, read with care"), "tone": "warn"}
MOST_LINES = 400
MOST_COLUMNS = 7
"""Rates side by side; the others one at a time."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page is asked for; what makes no sense falls back to the usual and is said."""

    institution: Institution
    period: Period
    base: Filters
    by: str
    figure: str
    wrong: tuple[Text, ...]

    def query(self, **changes: Any) -> str:
        """The address of this page with some of it changed."""
        here = {"institution": self.institution.name, "area": self.base.area, "unit": self.base.unit, "by": self.by}
        here |= {"category": "".join(self.base.category), "figure": self.figure}
        if self.period.kind:
            here |= {"period": self.period.kind, "on": self.period.first.isoformat()}
        else:
            here |= {"from": self.period.first.isoformat(), "to": self.period.last.isoformat()}
        return "?" + urlencode([(k, v) for k, v in {**here, **changes}.items() if v])


@needs_work(*EVERY_WORK)
@require_safe
def rates_page(request: HttpRequest) -> HttpResponse:
    """``/command/rates/``"""
    scope = figures.scope_of(viewer(request), moment(request))
    every = measured_institutions(scope)
    if not every:
        nothing = {"heading": Text("各项比率", "Rates"), "nothing": NOTHING}
        return private(render(request, "linli/command/rates.html", nothing))
    asked = _asked(request, scope, every)
    now = rates.measures(scope, asked.institution, asked.base)
    lines = _lines(scope, asked)
    if request.GET.get("export") in (sheets.CSV, sheets.XLSX):
        rows = sheet.rows(scope, asked.institution, asked.base, now, lines, lang())
        name = f"linli-figures-{asked.institution.name}-{asked.period.first}-{asked.period.last}"
        return private(cast(HttpResponse, sheets.answer(request.GET["export"], rows, name)))
    earlier = periods.before(asked.period)
    then = rates.measures(scope, asked.institution, _within(asked.base, earlier), still=False)
    context = {
        "heading": Text("各项比率", "Rates"),
        "asked": asked,
        "form": _form(scope, asked, every),
        "before": earlier.title,
        "newer": asked.query(on=periods.after(asked.period).first.isoformat()) if asked.period.kind else None,
        "older": asked.query(on=earlier.first.isoformat()) if asked.period.kind else None,
        "summary": _summary(now, then),
        "cards": [_card(asked, m) for m in now if m.whole or m.left_out],
        "idle": [m.title for m in now if not (m.whole or m.left_out)],
        "lines": _table(asked, lines),
        "by_title": groups.TITLES.get(asked.by),
        "exports": [{"kind": k, "url": asked.query(export=k)} for k in (sheets.CSV, sheets.XLSX)],
    }
    return private(render(request, "linli/command/rates.html", context))


def measured_institutions(scope: Scope) -> dict[str, Institution]:
    """Those that any rate is counted for: what residents raise first."""
    on = scope.now.astimezone(SHANGHAI).date()
    found = [i for i in scope.pack.institutions.values() if rates.plans(scope.pack, i, on)]
    return {i.name: i for i in sorted(found, key=lambda i: not i.public)}


def _asked(request: HttpRequest, scope: Scope, every: dict[str, Institution]) -> Asked:
    get, wrong = request.GET, []
    given, unknown = narrowing.read(
        {k: get.getlist(k) for k in ("area", "unit", "category")}, scope.pack, scope.registry
    )
    institution = every.get(get.get("institution", "")) or next(iter(every.values()))
    period = _period(request, scope)
    if period is None:
        wrong.append(Text("日期没有看懂，显示本月。", "The dates are not readable; showing this month."))
        period = periods.around("month", scope.now.astimezone(SHANGHAI).date())
    base = rates.closed(institution.name, period.first, period.last).but(
        area=given.area, unit=given.unit, category=given.category[:1]
    )
    by = get.get("by", "area")
    known = [p.name for p in rates.plans(scope.pack, institution, period.last)]
    figure = get.get("figure", "") if get.get("figure", "") in known else ""
    return Asked(institution, period, base, by if by in groups.BYS else "", figure, (*unknown, *wrong))


def _period(request: HttpRequest, scope: Scope) -> Period | None:
    """The period asked for; this month when nothing was; None when it makes no sense."""
    get, today = request.GET, scope.now.astimezone(SHANGHAI).date()
    try:
        days = {n: narrowing.day_of(get[n]) for n in ("from", "to", "on") if get.get(n)}
        kind = get.get("period", "")
        if kind not in periods.KINDS and ("from" in days or "to" in days):
            last = days.get("to", today)
            first = days.get("from", min(today, last))
            return Period(min(first, last), max(first, last))
        return periods.around(kind or "month", days.get("on", today))
    except ValueError:
        return None


def _within(base: Filters, period: Period) -> Filters:
    return base.but(closed_from=period.first, closed_to=period.last)


def _lines(scope: Scope, asked: Asked) -> list[Line]:
    if asked.by not in groups.BYS:
        return []
    wanted = (asked.figure,) if asked.figure else ()
    return groups.lines(scope, asked.institution, asked.base, asked.by, wanted)[:MOST_LINES]


# --- drawing


def _form(scope: Scope, asked: Asked, every: dict[str, Institution]) -> dict[str, Any]:
    def options(pairs: Any, chosen: str) -> list[dict[str, Any]]:
        return [{"value": v, "label": label, "chosen": v == chosen} for v, label in pairs]

    plans = rates.plans(scope.pack, asked.institution, asked.period.last)
    codes = narrowing.categories(scope.pack)
    heads = [(n, c.title) for n, c in codes.items() if c.group is None]
    areas = filter_form.areas(scope.pack, scope.registry, scope.who) if scope.who else []
    return {
        "institutions": options([(n, i.title) for n, i in every.items()], asked.institution.name),
        "periods": options([*periods.TITLES.items(), ("", Text("自选日期", "Days I choose"))], asked.period.kind),
        "on": asked.period.first if asked.period.kind else None,
        "first": None if asked.period.kind else asked.period.first,
        "last": None if asked.period.kind else asked.period.last,
        "areas": options(areas, asked.base.area),
        "categories": options(heads, "".join(asked.base.category)),
        "bys": options(groups.TITLES.items(), asked.by),
        "figures": options([(p.name, p.title) for p in plans], asked.figure),
        "unit": asked.base.unit,
    }


def _percent(measure: Measure) -> str:
    return "—" if measure.percent is None else f"{measure.percent}%"


def _summary(now: list[Measure], then: list[Measure]) -> dict[str, Any]:
    """All rates with those of the period before; what is open now belongs to no period before."""
    columns: list[dict[str, Any]] = [
        {"label": Text("比率", "Rate")},
        *({"label": t, "num": True} for t in (
            Text("本期", "This period"), Text("件数", "Cases"), Text("上期", "Before"),
            Text("上期件数", "Cases before"), Text("相差（百分点）", "Points"))),
        {"label": Text("提示", "Note")},
    ]  # fmt: skip
    labels = [c["label"] for c in columns]
    earlier, rows = {m.name: m for m in then}, []
    for m in (m for m in now if m.whole or m.left_out):
        old = earlier.get(m.name)
        comparable = old is not None and m.name != rates.ON_TIME
        off = round(m.percent - old.percent, 1) if old and None not in (m.percent, old.percent) and comparable else None  # type: ignore[operator]
        note = FEW if m.small or (old and old.small) else None
        cells: list[dict[str, Any]] = [{"text": m.title, "url": f"#rate-{m.name}"}]
        texts = [_percent(m), str(m.whole), *((_percent(old), str(old.whole)) if comparable and old else ("—", "—"))]
        texts.append("—" if off is None else f"{off:+}")
        cells += [{"label": label, "text": t, "num": True} for label, t in zip(labels[1:6], texts, strict=True)]
        rows.append([*cells, {"label": labels[6], "chip": note, "text": ""}])
    return {"columns": columns, "rows": rows}


def _card(asked: Asked, measure: Measure) -> dict[str, Any]:
    return {
        "name": measure.name,
        "title": measure.title,
        "percent": measure.percent,
        "whole": measure.whole,
        "parts": [{"label": c.part.title, "value": c.part.value, "url": _url(c.part)} for c in measure.parts],
        "excluded": [{"label": p.title, "value": p.value, "url": _url(p)} for p in measure.excluded if p.value],
        "left_out": measure.left_out,
        "formula": measure.formula,
        "date_rule": measure.date_rule,
        "less": measure.less,
        "small": FEW if measure.small else None,
        "assumed": measure.assumed,
        "why": {"url": _why(asked, measure.name), "ask": WHY},
    }


def _why(asked: Asked, name: str) -> str:
    pairs = [("figure", f"{name}:{asked.institution.name}"), ("from", asked.period.first.isoformat())]
    pairs += [("to", asked.period.last.isoformat()), ("area", asked.base.area), ("unit", asked.base.unit)]
    pairs += [("category", c) for c in asked.base.category]
    return f"{reverse('command_why')}?{urlencode([p for p in pairs if p[1]])}"


def _url(part: Part) -> str:
    return table.link("command_cases", part.filters)


def _table(asked: Asked, lines: list[Line]) -> dict[str, Any] | None:
    """One rate: its parts side by side. All of them: one column each, every cell leading to that one rate."""
    if not lines:
        return None
    kept = [n for n, m in enumerate(lines[0].measures) if any(line.measures[n].whole for line in lines)]
    if not kept:
        return None
    draw = _one if asked.figure else _all
    columns, rows = draw(asked, lines, kept)
    return {"columns": columns, "rows": rows} if rows else None


def _one(asked: Asked, lines: list[Line], kept: list[int]) -> tuple[list[dict[str, Any]], list[list[dict[str, Any]]]]:
    head = lines[0].measures[kept[0]]
    titles = [head.title, *(c.part.title for c in head.parts), Text("不计入", "Left out"), Text("提示", "Note")]
    columns: list[dict[str, Any]] = [
        {"label": Text("", "")},
        *({"label": t, "num": n < len(titles) - 1} for n, t in enumerate(titles)),
    ]
    rows = []
    for line in _few_last(lines, kept[0]):
        m = line.measures[kept[0]]
        cells: list[dict[str, Any]] = [{"text": line.group.title}]
        cells.append({"label": titles[0], "text": _percent(m), "num": True})
        for title, c in zip(titles[1:], m.parts, strict=False):
            url = _url(c.part) if c.part.value else None
            cells.append({"label": title, "text": str(c.part.value), "num": True, "url": url})
        cells.append({"label": titles[-2], "text": str(m.left_out), "num": True})
        rows.append([*cells, {"label": titles[-1], "chip": FEW if m.small else None, "text": ""}])
    return columns, rows


def _few_last(lines: list[Line], n: int) -> list[Line]:
    """In their own order, those over too few cases after the others: they are not to be read beside them."""
    some = [line for line in lines if line.measures[n].whole or line.measures[n].left_out]
    return sorted(some, key=lambda line: line.measures[n].small)


def _all(asked: Asked, lines: list[Line], kept: list[int]) -> tuple[list[dict[str, Any]], list[list[dict[str, Any]]]]:
    kept = kept[:MOST_COLUMNS]
    titles = [lines[0].measures[n].title for n in kept]
    columns: list[dict[str, Any]] = [{"label": Text("", "")}, *({"label": t, "num": True} for t in titles)]
    rows = []
    for line in lines:
        cells: list[dict[str, Any]] = [{"text": line.group.title}]
        for title, n in zip(titles, kept, strict=True):
            m = line.measures[n]
            text = f"{_percent(m)} ({m.whole})" if m.whole else "—"
            url = asked.query(figure=m.name) + "#lines" if m.whole else None
            cells.append({"label": title, "text": text, "num": True, "url": url})
        rows.append(cells)
    return columns, rows
