"""The month's figures for everybody, large and few: what came in, what was closed, how people rated it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from linli.insight import periods, published
from linli.insight.published import LEAST, Month
from linli.kernel.calendar import SHANGHAI
from linli.kernel.institution import Text
from linli.web.page.request import moment


@require_safe
def month(request: HttpRequest) -> HttpResponse:
    """``/figures/?month=2026-03``; the last whole month without."""
    scope = published.public_scope(moment(request))
    today = scope.now.astimezone(SHANGHAI).date()
    this = periods.around("month", today)
    latest = periods.before(this).first
    asked = _month(request.GET.get("month", ""), latest) or latest
    period = periods.around("month", asked)
    public = [i for i in scope.pack.institutions.values() if i.public]
    found = [published.month(scope, i, period) for i in public]
    oldest = min((i.valid_from for i in public), default=today)
    context = {
        "heading": Text("每月数据", "The month in figures"),
        "period": period.title,
        "months": [{"value": f"{d:%Y-%m}", "label": periods.around("month", d).title, "chosen": d == period.first}
                   for d in published.months(today, oldest)],
        "found": [_drawn(m) for m in found if m.received != 0 or m.closed != 0],
        "least": LEAST,
    }  # fmt: skip
    return render(request, "linli/open/figures.html", context)


def _month(raw: str, latest: date) -> date | None:
    try:
        found = date.fromisoformat(f"{raw}-01") if len(raw) == 7 else None
    except ValueError:
        return None
    return found if found and date(2000, 1, 1) <= found <= latest else None


FEW = Text(f"少于 {LEAST}", f"fewer than {LEAST}")


def _drawn(found: Month) -> dict[str, Any]:
    def told(n: int | None) -> Any:
        return FEW if n is None else str(n)

    return {
        "title": found.institution.title,
        "received": told(found.received),
        "closed": told(found.closed),
        "rates": [
            {
                "title": s.measure.title,
                "percent": s.percent,
                "parts": [{"label": t, "value": n} for t, n in s.parts],
                "left_out": told(s.left_out),
                "formula": s.measure.formula,
                "date_rule": s.measure.date_rule,
                "assumed": s.measure.assumed,
            }
            for s in found.rates
        ],
        "categories": [{"label": t, "value": n} for t, n in found.categories],
    }
