"""When people of the demo do things: residents in waking hours, grid workers all week, officials in office hours."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from random import Random

from linli.kernel.calendar import SHANGHAI, Calendar

Spans = tuple[tuple[time, time], ...]

AWAKE: Spans = ((time(7), time(22)),)
GRID: Spans = ((time(8), time(19, 30)),)
REVIEW: Spans = ((time(9), time(11, 40)), (time(13, 10), time(19)))
DAY = timedelta(days=1)


class Hours:
    """The minutes somebody is at it, as one long line: an instant ↔ minutes at it since the first day.

    ``works`` tells whether a day counts; ``spans`` are ascending and inside one day, local time in Asia/Shanghai.
    """

    def __init__(self, first: date, last: date, spans: Spans, works: Callable[[date], bool]) -> None:
        self.starts: list[datetime] = []
        self.before: list[float] = []  # minutes at it before the span that starts there
        self.lengths: list[float] = []
        total = 0.0
        day = first
        while day <= last:
            for begin, end in spans if works(day) else ():
                start = datetime.combine(day, begin, SHANGHAI)
                length = (datetime.combine(day, end, SHANGHAI) - start) / timedelta(minutes=1)
                self.starts.append(start)
                self.before.append(total)
                self.lengths.append(length)
                total += length
            day += DAY

    def minutes(self, moment: datetime) -> float:
        """Minutes at it until ``moment``."""
        i = bisect_right(self.starts, moment) - 1
        if i < 0:
            return 0.0
        inside = (moment - self.starts[i]) / timedelta(minutes=1)
        return self.before[i] + min(inside, self.lengths[i])

    def at(self, minutes: float) -> datetime:
        """The first instant with ``minutes`` behind it."""
        i = max(0, bisect_left(self.before, minutes) - 1)
        return self.starts[i] + timedelta(minutes=max(0.0, minutes - self.before[i]))

    def after(self, moment: datetime, least: float, most: float, dice: Random) -> datetime:
        """A moment ``least`` to ``most`` minutes at it after ``moment``, to the second."""
        return self.at(self.minutes(moment) + dice.uniform(least, most)).replace(microsecond=0)

    def ago(self, moment: datetime, least: float, most: float, dice: Random) -> datetime:
        """A moment ``least`` to ``most`` minutes at it before ``moment``, to the second."""
        return self.after(moment, -most, -least, dice)

    def between(self, begin: datetime, end: datetime, dice: Random) -> datetime:
        """A moment at it from ``begin`` to ``end``."""
        return self.at(dice.uniform(self.minutes(begin), self.minutes(end))).replace(microsecond=0)


class Week:
    """Everybody's hours around the sixty days."""

    def __init__(self, first: date, last: date, office: Calendar) -> None:
        self.awake = Hours(first, last, AWAKE, lambda _: True)
        self.grid = Hours(first, last, GRID, lambda _: True)
        self.review = Hours(first, last, REVIEW, lambda _: True)
        self.office = Hours(first, last, office.hours, office.is_working)
