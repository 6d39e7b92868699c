"""Limits as ISO 8601 durations, for tools that know no calendar.

BPMN timers count wall-clock time. Minutes, hours and days carry over as they are. Working time cannot: five working
days are written as the week they normally take, rounded up to whole days, and working hours beyond one office day as
that many working days and the rest. The exact limit stays in words in the timer's name and documentation; holidays
and make-up days are known only to Linli. "The same day" (0 days) is written as one day, its upper bound.
"""

from __future__ import annotations

from linli.kernel.calendar import Calendar
from linli.kernel.institution import Dated

OFFICE_HOURS = 8
"""Working hours of a day where the calendar names none."""
_HOUR_US = 3_600_000_000


REPEATS = {"week": "R/P1W", "month": "R/P1M", "quarter": "R/P3M", "year": "R/P1Y"}
"""ISO 8601 repetitions for what the calendar opens; day and hour are in words."""


def duration(value: Dated, calendar: Calendar | None) -> str:
    """The ISO 8601 duration nearest to a dated limit: P2D, PT24H, P7D for five working days."""
    amount, unit = value.value, value.unit
    if unit == "minute":
        return f"PT{amount}M"
    if unit == "hour":
        return f"PT{amount}H"
    if unit == "day":
        return f"P{amount or 1}D"
    if unit == "working_day":
        return f"P{_elapsed(amount) or 1}D"
    days, rest = divmod(amount, _hours(calendar))
    head = f"{_elapsed(days)}D" if days else ""
    tail = f"T{rest}H" if rest or not days else ""
    return f"P{head}{tail}"


def approximate(value: Dated) -> bool:
    """Whether the duration only stands near the limit, because a calendar decides."""
    return value.unit in ("working_day", "working_hour") or value.value == 0


def _elapsed(working_days: int) -> int:
    """Days on the wall calendar that so many working days normally take: seven for five, rounded up."""
    return -(-working_days * 7 // 5)


def _hours(calendar: Calendar | None) -> int:
    worked = sum(end - start for start, end in calendar.spans) if calendar and calendar.hours else 0
    return max(1, round(worked / _HOUR_US)) if worked else OFFICE_HOURS
