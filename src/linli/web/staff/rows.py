"""A row of :mod:`linli.ledger.queries` as ``{% case_row %}`` draws it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from linli.kernel.institution import Text
from linli.ledger.queries import Row
from linli.web.page import nav
from linli.web.page.rows import case_row


def drawn(rows: Iterable[Row], *, kinds: bool = True) -> list[dict[str, Any]]:
    """``rows`` as the ``rows`` of ``parts/case_list.html``; see :func:`draw`."""
    return [draw(row, kinds=kinds) for row in rows]


def draw(row: Row, *, kinds: bool = True) -> dict[str, Any]:
    """One row; a field the viewer may not read is not in ``row`` and so not here.

    ``kinds``: a called unit's case says that it is one, in place of its category; a list of nothing else need not.
    """
    drawn = case_row(row)
    own = {"place": row.place, "unit": row.unit, "holder": row.holder or _closed_by(row), "asks": row.asks}
    return drawn | own | ({"category": row.kind} if row.unit and kinds else {})


def acts(row: Row, form: str) -> list[dict[str, Any]]:
    """The acts of a row, each with the address of its form: ``form`` names a page of a number and an act."""
    return [{"title": title, "url": nav.act_address(form, row.number, name)} for name, title in row.acts]


def _closed_by(row: Row) -> Text | None:
    return Text(f"{row.tier.zh}办结", f"closed: {row.tier.en}") if row.ended and row.tier else None
