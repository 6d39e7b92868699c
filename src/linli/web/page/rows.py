"""Rows of a list, for every audience, and what a matter is called."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from linli.kernel.institution import Institution, Text
from linli.ledger import queries
from linli.ledger.definitions import Runtime
from linli.ledger.models import Case
from linli.ledger.titles import result_title
from linli.web.page import nav


def case_rows(found: Iterable[queries.Row]) -> list[dict[str, Any]]:
    """Rows of :mod:`linli.ledger.queries` (filtered for the viewer there) as the ``rows`` of ``case_list.html``."""
    return [case_row(row) for row in found]


def case_row(row: queries.Row) -> dict[str, Any]:
    """One row; a closed case says how it came out instead of a clock."""
    state = {"label": row.result or row.stage, "tone": "done"} if row.ended else {"label": row.stage, "tone": "active"}
    return {
        "url": nav.case_address(row.number),
        "number": row.number,
        "text": row.text or row.category or row.kind,
        "category": row.category if row.text else None,
        "place": row.unit or row.place,
        "opened": row.opened,
        "stage": state,
        "clock": {"state": row.clock, "due": row.due} if row.clock and row.due else None,
        "holder": row.holder,
    }


def headline(rt: Runtime, institution: Institution, seen: dict[str, Any], most: int = 60) -> Any:
    """What the matter is called: the first words of its first text, else its category, else the institution's name."""
    for name in (*institution.open.needs, *institution.open.may):
        spec = institution.fields[name]
        if spec.type == "text" and seen.get(name):
            text = " ".join(str(seen[name]).split())
            return text if len(text) <= most else f"{text[: most - 1]}…"
    return category(rt, institution, seen) or institution.title


def category(rt: Runtime, institution: Institution, seen: dict[str, Any]) -> Text | None:
    """The title of the first code that the opening asks for."""
    for name in (*institution.open.needs, *institution.open.may):
        spec = institution.fields[name]
        if spec.type == "code" and seen.get(name):
            code = rt.pack.lists.get(spec.list or "", {}).get(str(seen[name]))
            return code.title if code else None
    return None


def stage_chip(rt: Runtime, institution: Institution, case: Case) -> dict[str, Any]:
    """Where the case stands; a closed one says how it came out."""
    stage = institution.stages[case.stage]
    if case.ended:
        return {"label": result_title(rt.pack, case.result) if case.result else stage.title, "tone": "done"}
    return {"label": stage.title, "tone": "active"}
