"""Tables as people send them: CSV in UTF-8 or GB18030, and workbooks. Rows come one by one; a damaged row, a broken
byte or a quote that is never closed costs that row and no other."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO

from linli.features.requests.rules import Cell, Problem, Raw
from linli.kernel.institution import Text

LONGEST_ROW = 4 * 1024 * 1024
"""Bytes of one line, and characters of one row: more is no row but a file that has lost its line ends or quotes."""
MOST_LINES = 5_000
"""Lines of one row; a cell may hold line breaks."""
SAMPLE = 1024 * 1024
ENCODINGS = ("utf-8", "gb18030")

UNCLOSED = Text(
    "引号没有成对：从这一行开始的一格没有结束。", "Unbalanced quotes: a cell that begins on this line never ends."
)
MISQUOTED = Text(
    "引号位置不对：格内的引号要写成两个，整格再加引号。",
    "A quote in the wrong place: double it inside a cell and quote the whole cell.",
)
UNDECODED = Text("有乱码（编码损坏）。", "Some bytes are broken (wrong encoding).")
ENDLESS = Text("这一行超过 4 MB。", "This line is longer than 4 MB.")


class UnreadableFile(Exception):
    """Not a table at all; one sentence says what to do."""


@dataclass(slots=True)
class Table:
    """An open table: its header, and its rows once. ``size`` is what ``Raw.at`` reaches at the end, in ``unit``."""

    header: tuple[str, ...]
    rows: Iterator[Raw]
    size: int
    unit: str
    encoding: str
    close: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Line:
    """A physical line. ``at`` is the offset behind it, in bytes."""

    number: int
    text: str
    at: int
    problem: Text | None = None


def open_table(path: Path, encoding: str | None = None) -> Table:
    """Open a CSV file or a workbook, told apart by their first bytes. Raises UnreadableFile."""
    try:
        with path.open("rb") as file:
            start = file.read(SAMPLE)
    except OSError as problem:
        raise UnreadableFile(f"打不开 {path}：{problem.strerror}。 Cannot open the file.") from None
    if start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return _workbook(path)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableFile(f"{path} 是 UTF-16；请另存为 CSV UTF-8。 Save it as CSV UTF-8.")
    return _csv(path, encoding or detect(start))


def detect(start: bytes) -> str:
    """The encoding in which more lines beyond ASCII can be read; broken ones must not decide for the others."""
    if start.startswith(b"\xef\xbb\xbf"):
        return "utf-8"
    lines = [line for line in start.splitlines()[:20_000] if not line.isascii()]
    fits = [sum(_decodes(line, encoding) for line in lines) for encoding in ENCODINGS]
    # Chinese in GB18030 is almost never valid UTF-8, but UTF-8 is often valid GB18030: UTF-8 needs half of them.
    return ENCODINGS[0] if fits[0] * 2 >= fits[1] else ENCODINGS[1]


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


# ---- CSV


def _csv(path: Path, encoding: str) -> Table:
    csv.field_size_limit(LONGEST_ROW + 1)  # the module's own limit would refuse a cell of 128 KB with a traceback
    file = path.open("rb")
    lines = _lines(file, encoding)
    first = next((line for line in lines if line.text.strip()), None)
    if first is None:
        file.close()
        raise UnreadableFile(f"{path} 是空的。 The file is empty.")
    delimiter = max(",\t;", key=first.text.count)
    header = next(_records(iter([first]), delimiter, None))
    if header.problem is not None or first.problem is not None:
        file.close()
        raise UnreadableFile(f"{path} 的表头读不出来：{(header.problem or header).says.zh}")  # type: ignore[union-attr]
    names = tuple(str(cell).strip() for cell in header.cells)
    return Table(names, _records(lines, delimiter, len(names)), path.stat().st_size, "B", encoding, file.close)


def _lines(file: BinaryIO, encoding: str) -> Iterator[Line]:
    number, at = 0, 0
    while raw := file.readline(LONGEST_ROW):
        number, at, problem = number + 1, at + len(raw), None
        while not raw.endswith(b"\n") and (more := file.readline(LONGEST_ROW)):
            # The rest of a line that is too long is read and dropped.
            at, problem = at + len(more), ENDLESS
            if more.endswith(b"\n"):
                break
        if number == 1:
            raw = raw.removeprefix(b"\xef\xbb\xbf")
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            text, problem = raw.decode(encoding, "replace"), problem or UNDECODED
        yield Line(number, text, at, problem)


def _records(lines: Iterator[Line], delimiter: str, width: int | None) -> Iterator[Raw]:
    """Rows out of lines. A row that swallowed its neighbours through a lost quote gives them back."""
    waiting: deque[Line] = deque()
    while (first := waiting.popleft() if waiting else next(lines, None)) is not None:
        if not first.text.strip():
            continue
        taken, cells, problem = _take(first, lines, waiting, delimiter)
        if len(taken) > 1 and (cells is None or (width is not None and len(cells) != width)):
            waiting.extendleft(reversed(taken[1:]))
            taken, cells, problem = taken[:1], None, UNCLOSED
        broken = next((line.problem for line in taken if line.problem), None) or problem
        if cells is None:
            cells = _leniently(first.text, delimiter)
        if any(cells):
            found = Problem("", broken) if broken else None
            yield Raw(first.number, tuple(cells), taken[-1].at, found)


def _take(
    first: Line, lines: Iterator[Line], waiting: deque[Line], delimiter: str
) -> tuple[list[Line], list[str] | None, Text | None]:
    """The lines of one row, its cells, or why it has none."""
    taken, length = [first], len(first.text)
    cells, problem = _parse([first.text], delimiter)
    while problem is UNCLOSED and len(taken) < MOST_LINES and length < LONGEST_ROW:
        line = waiting.popleft() if waiting else next(lines, None)
        if line is None:
            break
        taken.append(line)
        length += len(line.text)
        if '"' in line.text:  # only then can the cell have ended
            cells, problem = _parse([t.text for t in taken], delimiter)
    return taken, cells, problem


def _parse(texts: Sequence[str], delimiter: str) -> tuple[list[str] | None, Text | None]:
    try:
        return next(csv.reader(texts, strict=True, delimiter=delimiter)), None
    except csv.Error as problem:
        return None, UNCLOSED if "unexpected end" in str(problem) else MISQUOTED
    except StopIteration:
        return [], None


def _leniently(text: str, delimiter: str) -> list[str]:
    """The cells of a line that is not a proper row, for the person who mends it."""
    try:
        return next(csv.reader([text.rstrip("\r\n")], delimiter=delimiter), [])
    except csv.Error:
        return [text]


# ---- workbooks


def _workbook(path: Path) -> Table:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(str(path))
        sheet = book.get_sheet_by_index(0)
        rows = enumerate(sheet.iter_rows(), 1)
    except (CalamineError, OSError, IndexError) as problem:
        raise UnreadableFile(f"{path} 不是能读的工作簿（{problem}）。 Not a workbook that can be read.") from None
    header = next((row for _, row in rows if any(_cell(c) for c in row)), None)
    if header is None:
        raise UnreadableFile(f"{path} 的第一张表是空的。 The first sheet is empty.")
    names = tuple(str(_cell(c)).strip() for c in header)
    while names and not names[-1]:
        names = names[:-1]
    return Table(names, _sheet_rows(rows, len(names)), sheet.total_height, " 行", "xlsx", book.close)


def _sheet_rows(rows: Iterable[tuple[int, Sequence[object]]], width: int) -> Iterator[Raw]:
    for number, row in rows:
        cells = [_cell(c) for c in row]
        while len(cells) > width and not cells[-1]:
            cells.pop()
        if any(cells):
            yield Raw(number, tuple(cells), number)


def _cell(value: object) -> Cell:
    """A cell as text, or as the instant it is; whole numbers without the point that a spreadsheet keeps."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - as written; the zone is added by the rules
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return "" if value is None else str(value)
