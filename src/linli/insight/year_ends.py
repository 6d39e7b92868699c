"""Calendars whose last known year is nearly over: without the next one no working day after it can be counted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from linli.kernel.institution import Pack, Text

SOON = 60
"""Days. The State Council's notice for a year comes in November of the year before."""


def ending(pack: Pack, today: date) -> Iterator[Text]:
    """For each calendar that ends within SOON days, or has ended: what follows, and what to do."""
    for calendar in pack.calendars.values():
        last = max(calendar.years) if calendar.years else None
        if last is None or (date(last, 12, 31) - today).days > SOON:
            continue
        zh = (
            f"日历 {calendar.name} 只到 {last} 年底，时限要算到 {last + 1} 年的事项登记不了，也办不下去。"
            f"请把国务院办公厅公布的 {last + 1} 年放假调休安排补进制度包的 calendars.yaml，再用 linli load 发布。"
        )
        en = (
            f"The calendar {calendar.name} ends with {last}: a matter whose time runs into {last + 1} is refused. "
            f"Add the State Council's holidays of {last + 1} to calendars.yaml and run linli load."
        )
        yield Text(zh, en)
