"""Working days of mainland China: which days count, and how to count them.

Weekends alone do not tell: every year the State Council moves working days onto weekends (调休) and bridges
holidays with them. A calendar therefore knows each year from its notice; for a year without data it raises
`CalendarGap`, it never guesses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")

DAY_US = 24 * 3600 * 1_000_000
"""Microseconds of a whole day."""


class CalendarGap(ValueError):
    """Counting would touch `year`, for which the calendar named `calendar` has no data.

    `zh` and `en` say so to the person who can mend it.
    """

    def __init__(self, calendar: str, year: int) -> None:
        self.calendar = calendar
        self.year = year
        self.zh = (
            f"日历“{calendar}”没有{year}年的放假调休安排，无法计算工作日。"
            f"请按国务院办公厅关于{year}年部分节假日安排的通知，在 calendars.yaml 中补充{year}年。"
        )
        self.en = (
            f"Calendar '{calendar}' has no data for {year}, so its working days cannot be counted. "
            f"Add {year} to calendars.yaml from the State Council's holiday notice for that year."
        )
        super().__init__(f"{self.en} {self.zh}")

    def __reduce__(self) -> tuple[type[CalendarGap], tuple[str, int]]:
        return type(self), (self.calendar, self.year)


@dataclass(frozen=True, slots=True)
class Year:
    """What one year's holiday notice changes.

    `off`: days off (statutory or bridged; weekend days inside a holiday may be listed). `worked`: weekend days
    worked instead (调休). A notice may reach back into December of the year before.
    """

    off: frozenset[date]
    worked: frozenset[date]
    source: str


@dataclass(frozen=True, slots=True)
class _Block:
    """A run of neighbouring years with data, indexed so that counting is two look-ups."""

    first_year: int
    last_year: int
    first: int  # ordinal of 1 January of first_year
    days: tuple[int, ...]  # ordinals of the working days, ascending
    before: tuple[int, ...]  # before[i]: working days in [first, first + i); one longer than the run


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which days and hours are worked.

    `weekend`: weekdays not worked unless made up (Monday is 0). `hours`: spans of a working day, ascending,
    local time in Asia/Shanghai; an end of 00:00 means 24:00; no spans means the whole day. `years` None means
    that every day counts (around the clock).

    Raises ValueError when the spans, the weekend or the days of a year contradict themselves.
    """

    name: str
    weekend: frozenset[int] = frozenset({5, 6})
    hours: tuple[tuple[time, time], ...] = ()
    years: Mapping[int, Year] | None = field(default=None, hash=False)
    spans: tuple[tuple[int, int], ...] = field(init=False, repr=False, compare=False)
    """`hours` as microseconds of the day, half open."""
    _blocks: Mapping[int, _Block] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.weekend < set(range(7)):
            raise ValueError(
                f"Calendar '{self.name}': weekend must be some of the weekdays 0 (Monday) to 6, "
                f"and leave one; got {sorted(self.weekend)}."
            )
        object.__setattr__(self, "spans", _spans(self.name, self.hours))
        object.__setattr__(self, "_blocks", _index(self))

    def is_working(self, day: date) -> bool:
        """Whether `day` is worked. Raises CalendarGap for a year without data."""
        if self.years is None:
            return True
        block = self._block(day.year)
        i = day.toordinal() - block.first
        return block.before[i + 1] > block.before[i]

    def _block(self, year: int) -> _Block:
        """The indexed run of years around `year`. Raises CalendarGap when there is none."""
        found = self._blocks.get(year)
        if found is None:
            raise CalendarGap(self.name, year)
        return found


def next_working(calendar: Calendar, day: date) -> date:
    """The first working day on or after `day`. Raises CalendarGap."""
    return day if calendar.is_working(day) else add_working_days(calendar, day, 1)


def add_working_days(calendar: Calendar, day: date, n: int) -> date:
    """The `n`-th working day after `day`; `day` itself is not counted (Civil Code, article 201).

    A negative `n` is the |n|-th working day before `day`; 0 is the first working day on or after `day`.
    Raises CalendarGap when the counting reaches a year without data.
    """
    if calendar.years is None:
        return day + timedelta(days=n)
    if n == 0:
        return next_working(calendar, day)
    ordinal = day.toordinal()
    if n > 0:
        block = calendar._block(date.fromordinal(ordinal + 1).year)
        i = block.before[ordinal + 1 - block.first] + n - 1
        if i >= len(block.days):
            raise CalendarGap(calendar.name, block.last_year + 1)
    else:
        block = calendar._block(date.fromordinal(ordinal - 1).year)
        i = block.before[ordinal - block.first] + n
        if i < 0:
            raise CalendarGap(calendar.name, block.first_year - 1)
    return date.fromordinal(block.days[i])


def working_days_between(calendar: Calendar, after: date, until: date) -> int:
    """How many working days d have `after` < d <= `until`; 0 when there are none. Raises CalendarGap."""
    if until <= after:
        return 0
    if calendar.years is None:
        return (until - after).days
    start = after.toordinal() + 1
    block = calendar._block(date.fromordinal(start).year)
    if until.year > block.last_year:
        raise CalendarGap(calendar.name, block.last_year + 1)
    return block.before[until.toordinal() - block.first + 1] - block.before[start - block.first]


def microseconds(at: time) -> int:
    """Microseconds from 00:00 to `at`."""
    return ((at.hour * 60 + at.minute) * 60 + at.second) * 1_000_000 + at.microsecond


def _spans(name: str, hours: tuple[tuple[time, time], ...]) -> tuple[tuple[int, int], ...]:
    if not hours:
        return ((0, DAY_US),)
    spans = tuple((microseconds(start), microseconds(end) or DAY_US) for start, end in hours)
    last = 0
    for start, end in spans:
        if not last <= start < end:
            shown = ", ".join(f"{a:%H:%M}-{b:%H:%M}" for a, b in hours)
            raise ValueError(f"Calendar '{name}': hours must ascend and not overlap; got {shown}.")
        last = end
    return spans


def _index(calendar: Calendar) -> dict[int, _Block]:
    years = calendar.years or {}
    off = frozenset[date]().union(*(y.off for y in years.values()))
    worked = frozenset[date]().union(*(y.worked for y in years.values()))
    _refuse_contradictions(calendar, off, worked)
    blocks: dict[int, _Block] = {}
    for first_year in (y for y in sorted(years) if y - 1 not in years):
        last_year = first_year
        while last_year + 1 in years:
            last_year += 1
        first = date(first_year, 1, 1).toordinal()
        days: list[int] = []
        before = [0]
        for ordinal in range(first, date(last_year, 12, 31).toordinal() + 1):
            day = date.fromordinal(ordinal)
            if day in worked or (day.weekday() not in calendar.weekend and day not in off):
                days.append(ordinal)
            before.append(len(days))
        block = _Block(first_year, last_year, first, tuple(days), tuple(before))
        blocks.update(dict.fromkeys(range(first_year, last_year + 1), block))
    return blocks


def _refuse_contradictions(calendar: Calendar, off: frozenset[date], worked: frozenset[date]) -> None:
    where = f"Calendar '{calendar.name}'"
    if both := off & worked:
        raise ValueError(f"{where}: {min(both)} is both off and worked; keep one.")
    if idle := sorted(d for d in worked if d.weekday() not in calendar.weekend):
        raise ValueError(f"{where}: {idle[0]} is listed as a make-up day but is no weekend day; remove or correct it.")
    for number, year in (calendar.years or {}).items():
        for day in sorted(year.off | year.worked):
            if day.year != number and (day.year, day.month) != (number - 1, 12):
                raise ValueError(f"{where}: {day} is listed under {number}; move it to {day.year} or correct it.")
