"""A list as a file: CSV (UTF-8 with a mark, as Excel wants it) or XLSX. It holds what the list shows and no more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from django.http.response import HttpResponseBase

from linli.kernel.calendar import SHANGHAI
from linli.kernel.institution import Text
from linli.ledger import queries
from linli.ledger.filters import Filters
from linli.ledger.queries import Row
from linli.ledger.visible import Viewer
from linli.web.page import sheets
from linli.web.page.sheets import safe

KINDS = (sheets.CSV, sheets.XLSX)
MOST = 200_000
STEP = 1000
HEAD = (
    Text("编号", "Number"), Text("制度", "Kind"), Text("内容", "Text"), Text("类别", "Category"), Text("地点", "Place"),
    Text("单位", "Unit"), Text("登记时间", "Opened"), Text("环节", "Stage"), Text("办理人", "Held by"),
    Text("到期", "Due"), Text("结果", "Result"), Text("办结层级", "Closed under"), Text("办结时间", "Closed"),
)  # fmt: skip


def answer(kind: str, found: Iterable[Row], now: datetime, lang: str) -> HttpResponseBase:
    """The file, newest first, at most MOST rows (the last line says so when there are more)."""
    stamp = now.astimezone(SHANGHAI).strftime("%Y%m%d-%H%M")
    response = sheets.answer(kind, lines(found, lang), f"linli-{stamp}")
    response.headers["Cache-Control"] = "private, no-store"
    return response


def listed(who: Viewer, filters: Filters, now: datetime) -> Iterator[Row]:
    """The rows of a list, read page by page, so that no export holds the whole table in memory."""
    before: int | None = None
    while True:
        page = queries.listing(who, filters, now, before=before, size=STEP)
        yield from page.rows
        if page.older is None:
            return
        before = page.older


def lines(found: Iterable[Row], lang: str) -> Iterator[list[str]]:
    """The head, a line for each row, and a last one when not all of them are there."""
    yield [t.in_(lang) for t in HEAD]
    for number, row in enumerate(found):
        if number == MOST:
            most = Text(
                f"只导出了前 {MOST} 件，请缩小范围再导出。", f"Only the first {MOST}; narrow the list to get the rest."
            )
            yield [most.in_(lang)]
            return
        yield _line(row, lang)


def _line(row: Row, lang: str) -> list[str]:
    def words(value: Text | None) -> str:
        return value.in_(lang) if value else ""

    def moment(value: datetime | None) -> str:
        return value.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if value else ""

    cells = [
        str(row.number), words(row.kind), row.text, words(row.category), row.place, row.unit, moment(row.opened),
        words(row.stage), words(row.holder), moment(row.due), words(row.result), words(row.tier), moment(row.ended),
    ]  # fmt: skip
    return [safe(c) for c in cells]
