"""The grid worker's phone: what I hold, the least time left first, each with its answers one tap away."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from linli.kernel.institution import Text
from linli.ledger import queries
from linli.ledger.queries import Row
from linli.web.page.request import moment, needs_work, private, viewer
from linli.web.staff import opening, quick, rows, sheets, table

SIZE = 20
"""Tasks on a page: each carries its buttons, and a thumb scrolls no further."""


@needs_work("field")
@require_safe
def tasks(request: HttpRequest) -> HttpResponse:
    """``/field/``"""
    who, now = viewer(request), moment(request)
    number = sheets.number(request)
    page = queries.queue(who, now, SIZE, (number - 1) * SIZE)
    if back := sheets.beyond(page, number, reverse("field")):
        return back
    waiting = queries.waiting(who, now) if number == 1 else []
    context = {
        "rows": [_task(r) for r in page.rows],
        "total": sheets.count_words(page),
        "late": page.late,
        "pager": sheets.pager(page, number, SIZE, "?"),
        "waiting": rows.drawn(waiting),
        "heading": Text("我的任务", "My tasks"),
        "lead": _lead(page),
        "actions": _actions(request),
        "empty": {"text": Text("手上没有任务，辛苦了。", "Nothing to do. Well done."), "icon": "check-circle"},
    }
    return private(render(request, "linli/field/tasks.html", context))


def _actions(request: HttpRequest) -> list[dict[str, Any]]:
    if not opening.may_take_in(request):
        return []
    return [{"url": reverse("field_report"), "text": Text("登记发现的问题", "Register what I found"), "icon": "camera"}]


def _lead(page: queries.Page) -> Text | None:
    if not page.rows:
        return None
    n = sheets.count_words(page)
    if page.late:
        return Text(f"共 {n} 件，其中 {page.late} 件已逾期。", f"{n} in all, {page.late} overdue.")
    return Text(f"共 {n} 件，剩余时间少的排在前面。", f"{n} in all, the least time left first.")


def _task(row: Row) -> dict[str, Any]:
    return rows.draw(row) | {"acts": rows.acts(row, "field_act")}


@needs_work("field")
@require_safe
def act(request: HttpRequest, number: int, act: str) -> HttpResponse:
    """The form of one act, under its row or on a page of its own."""
    return quick.form(request, number, act, reverse("field"))


@needs_work("field")
@require_safe
def cases(request: HttpRequest) -> HttpResponse:
    """Everything in my grids, with search and what is closed."""
    return table.show(request, Text("我这一片的全部事项", "Everything in my area"))
