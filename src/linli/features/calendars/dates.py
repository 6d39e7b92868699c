"""Dates as a calendar file (RFC 5545), in Asia/Shanghai. Pure: plain values in, bytes out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from icalendar import Alarm, Calendar, Event

from linli.kernel.calendar import SHANGHAI

BEFORE = timedelta(minutes=30)
"""A deadline is drawn as the half hour that ends with it: midnight belongs to the day that is over."""
WARNING = timedelta(hours=2)
EVENING = timedelta(hours=2)
"""How long a meeting is drawn whose end nobody has written down."""


@dataclass(frozen=True, slots=True)
class Dated:
    """One date: a deadline (``due``), or a meeting on a ``day``, from ``start`` if its hour is known.

    ``key`` stays the same when the date moves. Nothing personal belongs in ``title``.
    """

    key: str
    title: str
    url: str
    due: datetime | None = None
    day: date | None = None
    start: datetime | None = None
    place: str = ""
    paused: bool = False


def calendar(name: str, dates: Iterable[Dated], host: str, now: datetime) -> bytes:
    """The calendar file. ``host`` makes the keys unique in the world."""
    made = Calendar()
    made.add("prodid", "-//Linli//linli//ZH")
    made.add("version", "2.0")
    made.add("calscale", "GREGORIAN")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", name)
    made.add("x-wr-timezone", "Asia/Shanghai")
    made.add("refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    made.add("x-published-ttl", "PT1H")
    for one in dates:
        made.add_component(_event(one, host, now))
    made.add_missing_timezones()
    return made.to_ical()


def _event(one: Dated, host: str, now: datetime) -> Event:
    event = Event()
    event.add("uid", f"{one.key}@{host}")
    event.add("dtstamp", now)
    event.add("summary", one.title)
    event.add("url", one.url)
    event.add("transp", "TRANSPARENT")
    event.add("status", "TENTATIVE" if one.paused else "CONFIRMED")
    if one.place:
        event.add("location", one.place)
    if one.due is not None:
        end = one.due.astimezone(SHANGHAI)
        event.add("dtstart", end - BEFORE)
        event.add("dtend", end)
    elif one.start is not None:
        event.add("dtstart", one.start.astimezone(SHANGHAI))
        event.add("dtend", (one.start + EVENING).astimezone(SHANGHAI))
    elif one.day is not None:
        event.add("dtstart", one.day)
        event.add("dtend", one.day + timedelta(days=1))
    if not one.paused:
        event.add_component(_alarm(one.title))
    return event


def _alarm(words: str) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", words)
    alarm.add("trigger", -WARNING)
    return alarm
