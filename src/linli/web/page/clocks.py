"""Clocks as the partials draw them: how much is left, and when that becomes little."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from linli.kernel.case import STAGE_CLOCK
from linli.ledger.queries import CLOSE
from linli.ledger.view import CaseView, ClockView


def drawn(clock: ClockView | None, now: datetime, *, named: bool = False) -> dict[str, Any] | None:
    """A running clock as ``parts/clock.html`` takes it. The limit of “soon” is that of the lists."""
    if clock is None:
        return None
    state = clock.state
    if state == "ok" and clock.due - now <= CLOSE:
        state = "soon"
    return {"state": state, "due": clock.due, "name": clock.title if named else None}


def of_stage(view: CaseView, now: datetime) -> dict[str, Any] | None:
    """The clock of the stage the case is at, or the pause that holds it still."""
    return drawn(view.clock("pause") if view.paused else view.clock(STAGE_CLOCK), now)
