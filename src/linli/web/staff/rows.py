"""A row of :mod:`linli.ledger.queries` as ``{% case_row %}`` draws it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.urls import reverse

from linli.kernel.institution import Text
from linli.ledger.queries import Row


def drawn(rows: Iterable[Row], *, kinds: bool = True) -> list[dict[str, Any]]:
    """``rows`` as the ``rows`` of ``parts/case_list.html``; see :func:`draw`."""
    return [draw(row, kinds=kinds) for row in rows]


def draw(row: Row, *, kinds: bool = True) -> dict[str, Any]:
    """One row; a field the viewer may not read is not in ``row`` and so not here.

    ``kinds``: a called unit's case says that it is one, in place of its category; a list of nothing else need not.
    """
    return {
        "url": reverse("case", args=[row.number]),
        "number": row.number,
        "text": row.text or row.category or row.kind,
        "category": row.kind if row.unit and kinds else row.category if row.text else None,
        "place": row.place,
        "unit": row.unit,
        "opened": row.opened,
        "stage": chip(row),
        "clock": {"state": row.clock, "due": row.due} if row.clock else None,
        "holder": row.holder or _closed_by(row),
        "asks": row.asks,
    }


def acts(row: Row, form: str) -> list[dict[str, Any]]:
    """The acts of a row, each with the address of its form: ``form`` names a page of a number and an act."""
    if not row.acts:
        return []
    stem = reverse(form, args=[row.number, "-"]).removesuffix("-/")  # one look through all addresses, not one for each
    return [{"title": title, "url": f"{stem}{name}/"} for name, title in row.acts]


def chip(row: Row) -> dict[str, Any]:
    """Where it stands; a closed case says how it came out."""
    if row.ended:
        return {"label": row.result or row.stage, "tone": "done"}
    return {"label": row.stage, "tone": "active"}


def _closed_by(row: Row) -> Text | None:
    return Text(f"{row.tier.zh}办结", f"closed: {row.tier.en}") if row.ended and row.tier else None
