"""The year plan: who was to hold what, month by month; what was missed stays visible, with its reason."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from linli.insight import figures, sessions
from linli.insight.sessions import STATES, Slot, YearPlan
from linli.kernel.calendar import SHANGHAI
from linli.kernel.institution import Text
from linli.ledger.definitions import NoPack, runtime
from linli.web.command.figures import EVERY_WORK
from linli.web.page import nav
from linli.web.page.request import moment, needs_work, private, viewer

TONES = {"held": "done", "missed": "late", "late": "late", "open": "active", "absent": "late", "vacant": "warn"}
FIRST_YEAR, LAST_YEAR = 2000, 2100


def has_plan(request: HttpRequest) -> bool:
    """Whether the calendar opens anything here: only then the page is offered."""
    try:
        return bool(sessions.by_calendar(runtime().pack))
    except NoPack:
        return False


@needs_work(*EVERY_WORK)
@require_safe
def plan_page(request: HttpRequest) -> HttpResponse:
    """``/command/plan/?year=``"""
    scope = figures.scope_of(viewer(request), moment(request))
    this = scope.now.astimezone(SHANGHAI).year
    raw = request.GET.get("year", "")
    year = int(raw) if raw.isdecimal() and len(raw) == 4 and FIRST_YEAR <= int(raw) <= LAST_YEAR else this
    plans = sessions.year_plans(scope, year)
    context = {
        "heading": Text("全年计划", "Year plan"),
        "year": year,
        "older": f"?year={year - 1}" if year > FIRST_YEAR else None,
        "newer": f"?year={year + 1}" if year < LAST_YEAR else None,
        "plans": [_drawn(p) for p in plans],
        "rules": [{"label": STATES[n], "value": rule} for n, rule in sessions.RULES.items()],  # type: ignore[index]
    }
    return private(render(request, "linli/command/plan.html", context))


def _drawn(plan: YearPlan) -> dict[str, Any]:
    wrong = [
        {"place": h.place, "period": period_words(s.period), "url": _url(s), "chip": _chip(s), "reason": s.reason}
        for h in plan.holders
        for s in h.slots
        if s.state in ("missed", "late", "absent")
    ]
    return {
        "title": plan.title,
        "duty": plan.duty,
        "gap": plan.gap,
        "columns": [period_words(p) for p in plan.periods],
        "rows": [
            {"place": h.place, "names": "、".join(h.names), "done": h.count("held"), "of": len(h.slots),
             "cells": [{"label": period_words(s.period), "chip": _chip(s), "url": _url(s)} for s in h.slots]}
            for h in plan.holders
        ],
        "counts": [{"label": STATES[n], "value": plan.count(n)} for n in STATES if n != "before" and plan.count(n)],
        "wrong": wrong,
    }  # fmt: skip


def _chip(slot: Slot) -> dict[str, Any]:
    return {"label": STATES[slot.state], "tone": TONES.get(slot.state, "")}


def _url(slot: Slot) -> str | None:
    return nav.case_address(slot.number) if slot.number else None


def period_words(period: str) -> Text:
    """2026-03 → 3月, 2026-Q1 → 一季度, 2026-W10 → 第10周, 2026 → 全年."""
    year, _, rest = period.partition("-")
    if not rest:
        return Text("全年", year)
    if rest.startswith("Q"):
        return Text(f"{'一二三四'[int(rest[1:]) - 1]}季度", rest)
    if rest.startswith("W"):
        return Text(f"第{int(rest[1:])}周", rest)
    return Text(f"{int(rest)}月", period)
