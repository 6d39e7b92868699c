"""Tables that leave as files: CSV after RFC 4180, a row at a time, and XLSX, built in a file; neither fills the memory.

What people typed must not become a formula in whoever's spreadsheet opens it: see :func:`safe`.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterable, Iterator
from typing import IO

from django.http import FileResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

CSV, XLSX = "csv", "xlsx"
MARK = "\ufeff"
"""Without a byte order mark Excel reads Chinese as rubbish; programs that read CSV for machines want none."""
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CHUNK = 200
"""Rows in one piece of the answer."""
_STARTS = ("=", "+", "-", "@", "|", "%", "＝", "＋", "－", "＠")
LONGEST_CELL = 32_767
"""Characters in a cell, by Excel's own limit."""


def safe(cell: str) -> str:
    """A spreadsheet must not take what a resident typed for a formula: an apostrophe in front keeps it text."""
    return f"'{cell}" if cell.lstrip()[:1] in _STARTS or cell[:1] in ("\t", "\r", "\n") else cell


class _Line:
    """What csv.writer writes to: keeps nothing."""

    def write(self, line: str) -> str:
        """Hand the line straight back."""
        return line


def csv_pieces(table: Iterable[list[str]], mark: bool = True) -> Iterator[bytes]:
    """The table as CSV (comma, quotes where needed, CRLF, UTF-8), some rows at a time."""
    writer = csv.writer(_Line())  # writerow returns what write returns
    piece = [MARK] if mark else []
    for values in table:
        piece.append(writer.writerow(values))
        if len(piece) >= CHUNK:
            yield "".join(piece).encode("utf-8", "replace")
            piece.clear()
    if piece:
        yield "".join(piece).encode("utf-8", "replace")


def xlsx_file(table: Iterable[list[str]]) -> IO[bytes]:
    """A workbook with one sheet in a temporary file; every cell is text, and rows leave memory as they are written."""
    import xlsxwriter

    made = tempfile.TemporaryFile(prefix="linli-")  # noqa: SIM115 - whoever answers with it closes it
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(made, options)
    sheet = book.add_worksheet("Linli")
    sheet.freeze_panes(1, 0)
    for number, values in enumerate(table):
        for column, value in enumerate(values):
            if value:
                sheet.write_string(number, column, _printable(value)[:LONGEST_CELL])
    book.close()
    made.seek(0)
    return made


def _printable(value: str) -> str:
    """XML has no place for control characters."""
    if value.isprintable():
        return value
    return "".join(c for c in value if c in "\t\n" or (c >= " " and not "\ud800" <= c <= "\udfff"))


def answer(kind: str, table: Iterable[list[str]], name: str, mark: bool = True) -> HttpResponseBase:
    """The table as a download called ``name.kind``; ``mark`` a CSV for Excel."""
    response: HttpResponseBase
    if kind == CSV:
        response = StreamingHttpResponse(csv_pieces(table, mark), content_type="text/csv; charset=utf-8")
        response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    else:
        response = FileResponse(xlsx_file(table), as_attachment=True, filename=f"{name}.xlsx", content_type=EXCEL)
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
