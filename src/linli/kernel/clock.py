"""Limits and due instants: the arithmetic of promises.

Sources: Civil Code, article 201 (the opening day is not counted; counting starts the next day) and article 203
(the last day ends at 24:00). Article 203 also moves a last day that is a statutory holiday to the day after the
holiday; a `day` limit here is a promise in natural days and is not moved. Who wants that writes `working_day`.

Every datetime taken must be aware (TypeError otherwise); every datetime returned is in Asia/Shanghai.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, get_args

from linli.kernel.calendar import DAY_US, SHANGHAI, Calendar, add_working_days, microseconds, working_days_between

Unit = Literal["minute", "hour", "day", "working_day", "working_hour"]
UNITS: tuple[Unit, ...] = get_args(Unit)

_SECOND_US = 1_000_000
_MEASURE: dict[str, int] = {"minute": 60, "hour": 3600, "working_hour": 3600, "day": 1, "working_day": 1}
"""How many seconds, or days, one of the unit is: the measure of `remaining` and `resume`."""
_ONE_DAY = timedelta(days=1)
_TICK = timedelta.resolution


@dataclass(frozen=True, slots=True)
class Limit:
    """`amount` of `unit`, counted on the calendar named `calendar`.

    0 days is "the same day" (当日). Raises ValueError for a negative amount or an unknown unit.
    """

    amount: int
    unit: Unit
    calendar: str

    def __post_init__(self) -> None:
        if isinstance(self.amount, bool) or not isinstance(self.amount, int) or self.amount < 0:
            raise ValueError(f"Limit amount must be a whole number, 0 or more; got {self.amount!r}.")
        _known(self.unit)


def due(limit: Limit, start: datetime, calendar: Calendar) -> datetime:
    """The instant at which `limit`, started at `start`, has run out.

    A day or working-day limit counts from the day after `start` and ends at 24:00 of its last day, that is 00:00
    of the following day. Hours and minutes are exact elapsed time. Working hours pass only inside the calendar's
    hours on working days. Raises CalendarGap when the counting reaches a year without data.
    """
    _same(limit, calendar)
    return resume(limit.unit, calendar, start, limit.amount * _MEASURE[limit.unit])


def remaining(unit: Unit, calendar: Calendar, now: datetime, due: datetime) -> int:
    """What is left of a clock due at `due` when it stops at `now`, in the clock's own measure; `resume` takes it.

    day: days d with today < d <= last day. working_day: the working days among them. minute, hour: elapsed seconds.
    working_hour: working seconds. Seconds are rounded up, so a pause may give up to a second and never takes one.

    Before `due` the answer is 0 or more (0 days: today is the last day). From `due` on it is negative for days and
    0 or less for seconds: the clock is overdue, and `resume` keeps it so. Raises CalendarGap.
    """
    _known(unit)
    here, end = _local(now), _local(due)
    left = end.astimezone(UTC) - here.astimezone(UTC)
    late = left <= timedelta(0)
    if unit in ("minute", "hour"):
        return -(-(left // _TICK) // _SECOND_US)
    if unit == "working_hour":
        passed = -_worked_us(calendar, end, here) if late else _worked_us(calendar, here, end)
        seconds = -(-passed // _SECOND_US)
        # A human may set a due instant outside the working hours; it must not shorten to "now".
        return seconds if late else max(1, seconds)
    today, last = here.date(), _last_day(end)
    if unit == "day":
        return min(-1, (last - today).days) if late else (last - today).days
    if late:  # working days in [last, today): the last day itself is counted, so that late is never 0
        return -max(1, working_days_between(calendar, last - _ONE_DAY, today - _ONE_DAY))
    return max(int(last > today), working_days_between(calendar, today, last))


def resume(unit: Unit, calendar: Calendar, now: datetime, remaining: int) -> datetime:
    """The new due instant of a clock that goes on at `now` with `remaining` (see `remaining`) left.

    A clock resumed at the instant it stopped is due when it was. An overdue clock (negative) stays overdue: the
    result is not after `now`. Raises CalendarGap.
    """
    _known(unit)
    here = _local(now)
    if unit == "working_day":
        return _end_of(add_working_days(calendar, here.date(), remaining))
    if unit == "day":
        return _end_of(here.date() + timedelta(days=remaining))
    if unit == "working_hour":
        return _add_working_us(calendar, here, remaining * _SECOND_US)
    return _add_elapsed(here, timedelta(seconds=remaining))


def share(limit: Limit, start: datetime, due: datetime, calendar: Calendar, percent: int) -> datetime:
    """The instant at which `percent` (1 to 100) of `limit` has passed, between `start` and `due`.

    Measured back from `due`: what is then left is (100 - percent) % of the limit. So after a pause or an extension,
    which move `due`, the reminders still come when that much is left. Half a day is twelve hours of that day.
    Raises ValueError for another percent, and CalendarGap.
    """
    _same(limit, calendar)
    if not 1 <= percent <= 100:
        raise ValueError(f"A share of a limit is 1 to 100 percent; got {percent}.")
    begin, end = _local(start), _local(due)
    if percent == 100:
        return end
    unit = limit.unit
    one = DAY_US if unit in ("day", "working_day") else _SECOND_US
    left = limit.amount * _MEASURE[unit] * one * (100 - percent) // 100
    if unit in ("minute", "hour"):
        at = _add_elapsed(end, -left * _TICK)
    elif unit == "working_hour":
        at = _add_working_us(calendar, end, -left)
    else:
        days, rest = divmod(left, DAY_US)
        day = _last_day(end)
        if days:
            day = add_working_days(calendar, day, -days) if unit == "working_day" else day - timedelta(days=days)
        at = _end_of(day) - rest * _TICK
    return min(max(at, begin), end)


def _known(unit: str) -> None:
    if unit not in UNITS:
        raise ValueError(f"Unknown unit '{unit}' of a limit; use one of {', '.join(UNITS)}.")


def _same(limit: Limit, calendar: Calendar) -> None:
    if limit.calendar != calendar.name:
        raise ValueError(f"The limit counts on calendar '{limit.calendar}' but was given '{calendar.name}'.")


def _local(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise TypeError(f"{at!r} has no time zone; give an aware datetime.")
    return at if at.tzinfo is SHANGHAI else at.astimezone(SHANGHAI)


def _end_of(day: date) -> datetime:
    return datetime.combine(day + _ONE_DAY, time(), SHANGHAI)


def _last_day(due: datetime) -> date:
    return (due - _TICK).date()


def _add_elapsed(at: datetime, span: timedelta) -> datetime:
    # By way of UTC: adding to a zoned datetime moves the wall clock, which differs under summer time (1986-1991).
    return (at.astimezone(UTC) + span).astimezone(SHANGHAI)


def _per_day_us(calendar: Calendar) -> int:
    return sum(end - start for start, end in calendar.spans)


def _split(at: datetime, *, closing: bool) -> tuple[date, int]:
    """The day of `at` and the microseconds of it that are over; closing: midnight is 24:00 of the day before.

    So a span that ends at midnight on New Year's Eve asks nothing of the year after.
    """
    if closing and at.time() == time():
        return at.date() - _ONE_DAY, DAY_US
    return at.date(), microseconds(at.time())


def _inside(calendar: Calendar, day: date, clock: int) -> int:
    """Working microseconds of `day` that are over at microsecond `clock` of it."""
    if not calendar.is_working(day):
        return 0
    return sum(min(max(clock - start, 0), end - start) for start, end in calendar.spans)


def _worked_us(calendar: Calendar, start: datetime, end: datetime) -> int:
    """Working microseconds between two instants; 0 when `end` is not after `start`."""
    if end <= start:
        return 0
    first, opening = _split(start, closing=False)
    last, closing = _split(end, closing=True)
    whole = working_days_between(calendar, first - _ONE_DAY, last - _ONE_DAY) * _per_day_us(calendar)
    return whole + _inside(calendar, last, closing) - _inside(calendar, first, opening)


def _add_working_us(calendar: Calendar, at: datetime, span: int) -> datetime:
    """The earliest instant `span` working microseconds after `at`; a negative span goes back; 0 is `at` itself."""
    if span == 0:
        return at
    day, clock = _split(at, closing=span < 0)
    # Counted from the start of `day`; `rest` is in (0, a whole day]: the end of a day, not the start of the next.
    days, rest = divmod(_inside(calendar, day, clock) + span - 1, _per_day_us(calendar))
    from_day = day - _ONE_DAY if days >= 0 else day
    return _at_inside(calendar, add_working_days(calendar, from_day, days + (days >= 0)), rest + 1)


def _at_inside(calendar: Calendar, day: date, passed: int) -> datetime:
    """The instant of working day `day` at which `passed` of its working microseconds, 0 < passed, are over."""
    for start, end in calendar.spans:
        if passed <= end - start:
            return datetime.combine(day, time(), SHANGHAI) + (start + passed) * _TICK
        passed -= end - start
    raise AssertionError("more working time than the day has")
