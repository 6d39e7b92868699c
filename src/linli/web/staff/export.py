"""A list as a file: CSV (UTF-8 with a mark, as Excel wants it) or XLSX. It holds what the list shows and no more."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.http import HttpResponse

from linli.kernel.calendar import SHANGHAI
from linli.kernel.institution import Text
from linli.ledger import queries
from linli.ledger.filters import Filters
from linli.ledger.queries import Row
from linli.ledger.visible import Viewer

KINDS = ("csv", "xlsx")
MOST = 5000
STEP = 500
HEAD = (
    Text("编号", "Number"), Text("制度", "Kind"), Text("内容", "Text"), Text("类别", "Category"), Text("地点", "Place"),
    Text("单位", "Unit"), Text("登记时间", "Opened"), Text("环节", "Stage"), Text("办理人", "Held by"),
    Text("到期", "Due"), Text("结果", "Result"), Text("办结层级", "Closed under"), Text("办结时间", "Closed"),
)  # fmt: skip


def answer(kind: str, who: Viewer, filters: Filters, now: datetime, lang: str) -> HttpResponse:
    """The file, newest first, at most MOST rows (the last line says so when there are more)."""
    table = [[t.in_(lang) for t in HEAD], *lines(who, filters, now, lang)]
    if kind == "csv":
        response = HttpResponse(as_csv(table), content_type="text/csv; charset=utf-8")
    else:
        kind_of = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        response = HttpResponse(as_xlsx(table), content_type=kind_of)
    stamp = now.astimezone(SHANGHAI).strftime("%Y%m%d-%H%M")
    response.headers["Content-Disposition"] = f'attachment; filename="linli-{stamp}.{kind}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


def lines(who: Viewer, filters: Filters, now: datetime, lang: str) -> Iterator[list[str]]:
    """The rows, read page by page so that no export holds the whole table in memory twice."""
    before: int | None = None
    for _ in range(MOST // STEP):
        page = queries.listing(who, filters, now, before=before, size=STEP)
        yield from (_line(row, lang) for row in page.rows)
        if page.older is None:
            return
        before = page.older
    said = Text(f"只导出了前 {MOST} 件，请缩小范围再导出。", f"Only the first {MOST}; narrow the list to get the rest.")
    yield [said.in_(lang)]


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


def safe(cell: str) -> str:
    """A spreadsheet must not take what a resident typed for a formula: an apostrophe in front keeps it text."""
    return f"'{cell}" if cell.lstrip()[:1] in ("=", "+", "-", "@", "|", "%") or cell[:1] in ("\t", "\r", "\n") else cell


def as_csv(table: Iterable[list[str]]) -> bytes:
    """With a byte order mark: without it Excel reads Chinese as rubbish."""
    out = io.StringIO()
    csv.writer(out).writerows(table)
    return out.getvalue().encode("utf-8-sig")


def as_xlsx(table: Iterable[list[str]]) -> bytes:
    """A workbook with one sheet; every cell is text."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Linli")
    sheet.freeze_panes = "A2"
    for values in table:
        cells: list[Any] = []
        for value in values:
            cell = WriteOnlyCell(sheet, value=_printable(value))
            cell.data_type = "s"
            cells.append(cell)
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _printable(value: str) -> str:
    """XML has no place for control characters."""
    return "".join(c for c in value if c in "\t\n" or c >= " ")
