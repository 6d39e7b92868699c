"""Clocks as the partials draw them: how much is left, and when that becomes little."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from linli.kernel.calendar import SHANGHAI
from linli.kernel.case import PAUSE_CLOCK, STAGE_CLOCK
from linli.kernel.institution import Text
from linli.ledger.queries import CLOSE
from linli.ledger.rows import day_words
from linli.ledger.view import CaseView, ClockView


def last_day(due: datetime | None) -> date | datetime | None:
    """A limit that ends at 24:00 ends *on* that day as people say it; any other moment stays as it is."""
    if due is None:
        return None
    local = due.astimezone(SHANGHAI)
    return (local - timedelta(microseconds=1)).date() if local.time() == time() else due


def date_words(due: datetime) -> Text:
    """The last day of a limit, in both languages."""
    return Text(day_words(due, "zh"), day_words(due, "en"))


def drawn(clock: ClockView | None, now: datetime, *, named: bool = False) -> dict[str, Any] | None:
    """A running clock as ``{% clock %}`` takes it. The limit of “soon” is that of the lists."""
    if clock is None:
        return None
    state = clock.state
    if state == "ok" and clock.due - now <= CLOSE:
        state = "soon"
    return {"state": state, "due": clock.due, "last_day": last_day(clock.due), "name": clock.title if named else None}


def of_stage(view: CaseView, now: datetime) -> dict[str, Any] | None:
    """The clock of the stage the case is at, or the pause that holds it still."""
    return drawn(view.clock(PAUSE_CLOCK) if view.paused else view.clock(STAGE_CLOCK), now)
