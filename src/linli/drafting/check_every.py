"""The calendar opens a case: on a day that exists, for places, without anybody who fills in something."""

from __future__ import annotations

import re
from collections.abc import Iterator

from linli.drafting.check_names import mark_of
from linli.drafting.codes import found
from linli.drafting.finding import Finding
from linli.kernel.institution import Institution, Pack

LONGEST = {"week": 7, "month": 31, "quarter": 92, "year": 366}
HOUR = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]\Z")


def check_every(pack: Pack, institution: Institution) -> Iterator[Finding]:
    """``every``: its day and hour, and whether the opening can be done by the calendar."""
    every = institution.every
    if every is None:
        return
    if not HOUR.match(every.at):
        yield found(
            "every-wrong-time", mark_of(every, "at"), f"没有 {every.at} 这个钟点。", f"There is no hour {every.at}."
        )
    if not 1 <= abs(every.day) <= LONGEST[every.each]:
        say = f"{every.each} 里没有第 {every.day} 天。", f"A {every.each} has no day {every.day}."
        yield found("every-wrong-time", mark_of(every, "day"), *say)
    if "clock" not in institution.open.by:
        say = "open 的 by 里没有 clock。", "The clock may not open it."
        yield found("every-cannot-open", mark_of(institution.open, "by"), *say)
    for name in institution.open.needs:
        say = f"开办要填 {name}，日历不会填。", f"The opening needs {name}, which the calendar cannot fill in."
        yield found("every-cannot-open", mark_of(institution.open, "needs"), *say)
    duty = pack.duties.get(every.duty)
    if duty and not any(kind in pack.levels for kind in duty.at):
        say = f"{every.duty} 不在地方上任职。", f"{every.duty} is not held at a place."
        yield found("every-cannot-open", mark_of(every, "duty"), *say)
