"""Days, weeks, months, quarters and years of the Shanghai calendar, and the period before each. Pure arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, get_args

from linli.kernel.institution import Text

Kind = Literal["day", "week", "month", "quarter", "year"]
KINDS: tuple[Kind, ...] = get_args(Kind)
MONTHS = {"month": 1, "quarter": 3, "year": 12}
TITLES = {
    "day": Text("日", "Day"),
    "week": Text("周", "Week"),
    "month": Text("月", "Month"),
    "quarter": Text("季", "Quarter"),
    "year": Text("年", "Year"),
}


@dataclass(frozen=True, slots=True)
class Period:
    """The days ``first`` to ``last``, both included; ``kind`` is "" for days somebody chose."""

    first: date
    last: date
    kind: str = ""

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    @property
    def title(self) -> Text:
        """What people call it."""
        first, last = self.first, self.last
        if self.kind == "day":
            return Text(f"{first.year}年{first.month}月{first.day}日", first.isoformat())
        if self.kind == "week":
            year, week, _ = first.isocalendar()
            return Text(f"{year}年第{week}周", f"{year}, week {week}")
        if self.kind == "month":
            return Text(f"{first.year}年{first.month}月", f"{first:%Y-%m}")
        if self.kind == "quarter":
            quarter = (first.month + 2) // 3
            return Text(f"{first.year}年第{'一二三四'[quarter - 1]}季度", f"{first.year}, quarter {quarter}")
        if self.kind == "year":
            return Text(f"{first.year}年", str(first.year))
        return Text(f"{first} 至 {last}", f"{first} to {last}")


def around(kind: str, day: date) -> Period:
    """The period of this kind that ``day`` lies in; ValueError for a kind that is none."""
    if kind == "day":
        return Period(day, day, kind)
    if kind == "week":
        first = day - timedelta(days=day.weekday())
        return Period(first, first + timedelta(days=6), kind)
    if kind not in MONTHS:
        raise ValueError(f"{kind} is no period; use one of {', '.join(KINDS)}")
    months = MONTHS[kind]
    month = (day.month - 1) // months * months + 1
    first = date(day.year, month, 1)
    over = month + months
    after = date(day.year + (over - 1) // 12, (over - 1) % 12 + 1, 1)
    return Period(first, after - timedelta(days=1), kind)


def before(period: Period) -> Period:
    """The one before it: of the same kind, or just as many days."""
    last = period.first - timedelta(days=1)
    if period.kind:
        return around(period.kind, last)
    return Period(last - timedelta(days=period.days - 1), last)


def after(period: Period) -> Period:
    """The one that follows it."""
    first = period.last + timedelta(days=1)
    return around(period.kind, first) if period.kind else Period(first, first + timedelta(days=period.days - 1))
