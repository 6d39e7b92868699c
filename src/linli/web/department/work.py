"""A called unit's desk: to accept, working, objected or under supervision; the answers stand under each row."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from linli.kernel.institution import Institution, Text
from linli.ledger import queries
from linli.ledger.definitions import runtime
from linli.ledger.filters import Filters
from linli.ledger.queries import Row
from linli.web.page.request import moment, needs_work, private, viewer
from linli.web.staff import quick, rows, sheets, table

MOST = 100


@needs_work("department")
@require_safe
def work(request: HttpRequest) -> HttpResponse:
    """``/department/``: open cases addressed to the viewer's unit, by stage in the order of the definition."""
    who, now, pack = viewer(request), moment(request), runtime().pack
    called = [i for i in pack.institutions.values() if any(r.at == "unit" for r in i.roles.values())]
    mine = queries.queue(who, now, MOST)
    held = {r.number for r in mine.rows}
    every = queries.listing(who, Filters(state="open", institution=tuple(i.name for i in called)), now, size=MOST)
    others = [r for r in every.rows if r.number not in held]
    context = {
        "groups": [g for i in called for g in _groups(i, mine.rows, others)],
        "late": sum(r.clock == "overdue" for r in mine.rows),
        "capped": mine.total > len(mine.rows) or every.older is not None,
        "heading": Text("本单位要办的", "For my unit"),
        "lead": _lead(mine),
        "waiting": rows.drawn(queries.waiting(who, now)),
        "empty": {"text": Text("现在没有要本单位办的事项。", "No call is open right now."), "icon": "check-circle"},
    }
    return private(render(request, "linli/department/work.html", context))


def _lead(mine: queries.Page) -> Text | None:
    if not mine.rows:
        return None
    n = sheets.count_words(mine)
    return Text(f"{n} 件在本单位手上，剩余时间少的排在前面。", f"{n} with your unit, the least time left first.")


def _groups(institution: Institution, mine: list[Row], others: list[Row]) -> list[dict[str, Any]]:
    """One group for each stage that has any: those my unit holds with their answers, the others to look at."""
    found = []
    for name, stage in institution.stages.items():
        held = [r for r in mine if (r.institution, r.at) == (institution.name, name)]
        seen = [r for r in others if (r.institution, r.at) == (institution.name, name)]
        if held or seen:
            found.append(
                {
                    "title": stage.title,
                    "count": len(held) + len(seen),
                    "tasks": [_task(r) for r in held],
                    "rows": rows.drawn(seen, kinds=False),
                }
            )
    return found


def _task(row: Row) -> dict[str, Any]:
    return rows.draw(row, kinds=False) | {"acts": rows.acts(row, "department_act")}


@needs_work("department")
@require_safe
def act(request: HttpRequest, number: int, act: str) -> HttpResponse:
    """The form of one act, under its row or on a page of its own."""
    return quick.form(request, number, act, reverse("department"))


@needs_work("department")
@require_safe
def cases(request: HttpRequest) -> HttpResponse:
    """Everything addressed to my unit, with search and what is closed."""
    return table.show(request, Text("本单位的全部事项", "All of my unit"), roots=False)
