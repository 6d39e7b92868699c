"""One row → one request, or every reason why not. Pure: what exists here and what time it is come in as arguments."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from linli.features.requests.mapping import FIELDS, Layout
from linli.kernel.calendar import SHANGHAI
from linli.kernel.institution import Text

Cell = str | datetime

EARLIEST = datetime(1949, 10, 1, tzinfo=SHANGHAI)
LONGEST = {"number": 100, "name": 100, "phone": 30}
"""Characters that fit the columns where these are kept."""

_TIME = re.compile(
    r"(\d{4})[/\-.年](\d{1,2})[/\-.月](\d{1,2})日?"
    r"(?:[T\s]*(\d{1,2})[:时点](\d{1,2})(?:[:分](?:(\d{1,2})(?:\.\d+)?秒?)?)?)?"
    r"\s*(Z|[+-]\d{2}:?\d{2})?"
)
_FORMULA = re.compile(
    r"\s*=|"  # a spreadsheet computes whatever begins with =
    r"\s*[@+\-][A-Za-z][\w.]*[(|!]|"  # the older ways: @SUM(, +cmd|, -HYPERLINK(
    r".*[=+\-@]\s*cmd\s*[(|]",  # starting a program, wherever it stands
    re.IGNORECASE | re.DOTALL,
)
_RISKY = ("=", "+", "-", "@", "\t", "\r")
BROKEN = "\ufffd"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row is not taken: the column (empty for the whole row) and what to mend."""

    column: str
    says: Text


@dataclass(frozen=True, slots=True)
class Raw:
    """A row as it stands in the file. ``at`` is how far reading has come; ``problem`` is set when it cannot be read."""

    line: int
    cells: tuple[Cell, ...]
    at: int
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """What a row asks for, in the ledger's words. ``reported`` is None when the file tells no times."""

    line: int
    number: str
    reported: datetime | None
    place: str
    data: Mapping[str, str]
    name: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What rows may name: categories by code or title, areas by code or name (None for a name several areas bear)."""

    categories: Mapping[str, str] = field(default_factory=dict)
    areas: Mapping[str, str | None] = field(default_factory=dict)
    fields: tuple[str, ...] = ("text", "category", "address")
    """The fields of the institution's opening act."""


def request(raw: Raw, layout: Layout, known: Known, now: datetime) -> Request | list[Problem]:
    """The request that a row asks for, or all its problems; never both, never none."""
    if raw.problem is not None:
        return [raw.problem]
    if len(raw.cells) != layout.width:
        return [_wrong_width(len(raw.cells), layout.width)]
    row = _Row(raw, layout)
    number = row.number()
    reported = row.time(now)
    place = row.area(known)
    data = {"text": row.matter(), "category": row.category(known), "address": row.text("address")}
    data |= {name: row.text(name) for name in known.fields if name not in FIELDS}
    name, phone = row.text("name"), row.text("phone")
    if row.problems:
        return row.problems
    given = {name: value for name, value in data.items() if value and name in known.fields}
    return Request(raw.line, number, reported, place, given, name, phone)


def _wrong_width(cells: int, width: int) -> Problem:
    if cells > width:
        says = Text(
            f"有 {cells} 栏，表头只有 {width} 栏：文字里有逗号或引号时，整格要加引号。",
            f"{cells} cells, but the header has {width}: a cell with commas or quotes must be quoted.",
        )
    else:
        says = Text(f"只有 {cells} 栏，表头有 {width} 栏。", f"Only {cells} cells; the header has {width}.")
    return Problem("", says)


class _Row:
    """The cells of one row by field, collecting what is wrong with them."""

    def __init__(self, raw: Raw, layout: Layout) -> None:
        self.raw, self.layout = raw, layout
        self.problems: list[Problem] = []

    def wrong(self, name: str, zh: str, en: str) -> str:
        """Note a problem; the value is empty then."""
        self.problems.append(Problem(self.layout.column(name), Text(zh, en)))
        return ""

    def cell(self, name: str) -> Cell:
        """The cell of a field, translated, or its constant."""
        at = self.layout.index.get(name)
        found = self.raw.cells[at] if at is not None else ""
        if isinstance(found, str):
            found = unescaped(found).strip()
            found = self.layout.mapping.values.get(name, {}).get(found, found)
        return found if found != "" else self.layout.mapping.constants.get(name, "")

    def text(self, name: str) -> str:
        """The cell as text that may be kept: whole characters, no formula, not longer than its column."""
        found = written(self.cell(name))
        if BROKEN in found:
            return self.wrong(name, "有乱码（编码损坏）。", "Some characters are broken (wrong encoding).")
        if "\0" in found:
            return self.wrong(name, "有空字符（NUL）。", "There is a NUL character.")
        if _FORMULA.match(found):
            return self.wrong(name, "看起来是电子表格公式，不能登记。", "This looks like a spreadsheet formula.")
        longest = LONGEST.get(name)
        if longest and len(found) > longest:
            return self.wrong(
                name,
                f"最多 {longest} 字，现在 {len(found)} 字。",
                f"At most {longest} characters; this has {len(found)}.",
            )
        return found

    def number(self) -> str:
        """The source's number of the request."""
        before = len(self.problems)
        found = self.text("number")
        if not found and len(self.problems) == before:
            return self.wrong("number", "没有编号。", "There is no number.")
        if any(unicodedata.category(c) == "Cc" for c in found):
            return self.wrong("number", "编号里有换行等控制字符。", "There are control characters in the number.")
        return found

    def time(self, now: datetime) -> datetime | None:
        """When it was raised; None when the file has no such column."""
        if "time" not in self.layout.index and "time" not in self.layout.mapping.constants:
            return None
        cell = self.cell("time")
        if cell == "":
            self.wrong("time", "没有时间。", "There is no time.")
            return None
        found = moment(cell, self.layout.mapping.time_formats)
        if found is None:
            say = str(cell)[:40]
            self.wrong(
                "time",
                f"“{say}”不是看得懂的时间，应写成 2026-03-09 14:05:00。",
                f"“{say}” is not a time; write 2026-03-09 14:05:00.",
            )
        elif found > now:
            self.wrong("time", f"时间 {found:%Y-%m-%d %H:%M} 在将来。", f"{found:%Y-%m-%d %H:%M} is in the future.")
        elif found < EARLIEST:
            self.wrong("time", f"时间 {found:%Y-%m-%d} 太早。", f"{found:%Y-%m-%d} is too long ago.")
        else:
            return found
        return None

    def matter(self) -> str:
        """The text, with the subject in front of it unless it begins with it anyway."""
        before = len(self.problems)
        title, text = self.text("title"), self.text("text")
        if len(self.problems) > before:
            return ""
        if not text and "text" in self.layout.index:
            return self.wrong("text", "没有内容。", "There is no text.")
        if not title and not text:
            return self.wrong("title", "没有内容。", "There is no text.")
        return text if text.startswith(title) else f"{title}\n{text}" if text else title

    def category(self, known: Known) -> str:
        """The code of the category."""
        if "category" not in known.fields:
            return ""
        before = len(self.problems)
        found = self.text("category")
        if found in known.categories:
            return known.categories[found]
        if len(self.problems) > before:
            return ""
        if not found:
            return self.wrong("category", "没有类别。", "There is no category.")
        return self.wrong("category", f"没有“{found[:40]}”这个类别。", f"There is no category “{found[:40]}”.")

    def area(self, known: Known) -> str:
        """The path of the area where it is."""
        before = len(self.problems)
        found = self.text("area")
        if len(self.problems) > before:
            return ""
        if not found:
            return self.wrong("area", "没有区域。", "There is no area.")
        if found not in known.areas:
            return self.wrong("area", f"没有“{found[:40]}”这个区域。", f"There is no area “{found[:40]}”.")
        path = known.areas[found]
        if path is None:
            return self.wrong(
                "area",
                f"有几个区域都叫“{found[:40]}”，请写编码。",
                f"Several areas are called “{found[:40]}”: write the code.",
            )
        return path


def written(cell: Cell) -> str:
    """A cell as text."""
    return cell if isinstance(cell, str) else cell.strftime("%Y-%m-%d %H:%M:%S")


def moment(cell: Cell, formats: Sequence[str] = ()) -> datetime | None:
    """The instant a cell names, in Shanghai unless it says otherwise; None when it names none."""
    if isinstance(cell, datetime):
        return cell if cell.tzinfo else cell.replace(tzinfo=SHANGHAI)
    text = unicodedata.normalize("NFKC", cell).strip()
    try:
        for form in formats:
            try:
                found = datetime.strptime(text, form)  # noqa: DTZ007 - the zone is added below
                return found if found.tzinfo else found.replace(tzinfo=SHANGHAI)
            except ValueError:
                continue
        match = None if formats else _TIME.fullmatch(text)
        if match is None:
            return None
        *parts, zone = match.groups()
        found = datetime(*(int(part or 0) for part in parts))  # type: ignore[arg-type]  # noqa: DTZ001 - below
        if zone:
            return datetime.fromisoformat(f"{found.isoformat()}{zone}")
        return found.replace(tzinfo=SHANGHAI)
    except (ValueError, OverflowError):
        return None


def escaped(cell: Cell) -> str:
    """A cell for a CSV that people open in a spreadsheet: what would be computed there gets an apostrophe in front."""
    text = written(cell).replace("\0", BROKEN)
    return f"'{text}" if text.startswith(_RISKY) else text


def unescaped(text: str) -> str:
    """What :func:`escaped` was given."""
    return text[1:] if text.startswith("'") and text[1:].startswith(_RISKY) else text
