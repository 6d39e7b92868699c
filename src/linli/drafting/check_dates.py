"""Parameters: every day has exactly one value, with a unit that can be counted and a source."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from linli.drafting.check_names import acts_of, mark_of
from linli.drafting.codes import found
from linli.drafting.finding import Finding
from linli.kernel.institution import Dated, Institution, Pack

NO_SOURCE = re.compile(r"\W*(todo|tbd|fixme|unknown|none|n/?a|待定|待补|不详|无|暂无)?\W*", re.IGNORECASE)


def check_dates(pack: Pack) -> list[Finding]:
    """Gaps, overlaps, units, calendars and sources of all parameters."""
    findings: list[Finding] = []
    for name, values in pack.parameters.items():
        ordered = sorted(values, key=lambda v: v.from_)
        cases = {tuple(sorted(v.when.items())): None for v in ordered}  # each kind of case has days of its own
        for case in cases:
            findings += _days(name, [v for v in ordered if tuple(sorted(v.when.items())) == case])
        findings += _late(pack, name, [v for v in ordered if not v.when] or ordered)
        for value in ordered:
            findings += _value(pack, name, value)
    return findings


def parameters_of(institution: Institution) -> set[str]:
    """The parameters that an institution's clocks need."""
    wanted = {s.within for s in institution.stages.values()} | {p.act.within for p in acts_of(institution)}
    return {name for name in wanted | {c.limit for c in institution.clocks.values()} if name}


def _days(name: str, values: list[Dated]) -> Iterator[Finding]:
    for value, after in zip(values, [*values[1:], None], strict=True):
        if value.to is not None and value.to < value.from_:
            say = f"{name} 的 to 在 from 之前。", f"A value of {name} ends before it begins."
            yield found("parameter-gap", mark_of(value, "to"), *say)
        elif after is not None and (value.to is None or value.to >= after.from_):
            say = f"{name} 从 {after.from_} 起有两个值。", f"{name} has two values from {after.from_} on."
            yield found("parameter-overlap", mark_of(value, "to"), *say)
        elif value.to is not None and (after is None or value.to + timedelta(days=1) < after.from_):
            gap = value.to + timedelta(days=1)
            say = f"{name} 从 {gap} 起没有值。", f"{name} has no value from {gap} on."
            yield found("parameter-gap", mark_of(value, "to"), *say)


def _late(pack: Pack, name: str, values: list[Dated]) -> Iterator[Finding]:
    users = [i for i in pack.institutions.values() if name in parameters_of(i)]
    if not values or not users:
        return
    first = min(users, key=lambda i: i.valid_from)
    if values[0].from_ > first.valid_from:
        say = (
            f"{name} 从 {values[0].from_} 起才有值，{first.name} 从 {first.valid_from} 起就要用。",
            f"{name} begins on {values[0].from_}, but {first.name} is in force from {first.valid_from}.",
        )
        yield found("parameter-starts-late", mark_of(values[0], "from_"), *say)


def _value(pack: Pack, name: str, value: Dated) -> Iterator[Finding]:
    if NO_SOURCE.fullmatch(value.source):
        say = f"{name} 的数值没有出处。", f"A value of {name} has no source."
        yield found("parameter-without-source", mark_of(value, "source"), *say)
    if value.value < 0 or (value.value == 0 and value.unit != "day"):
        say = f"{name} 是 {value.value} {value.unit}。", f"{name} is {value.value} {value.unit}."
        yield found("limit-not-positive", mark_of(value, "value"), *say)
    calendar = pack.calendars.get(value.calendar)
    if calendar is None or not value.unit.startswith("working"):
        return
    if calendar.years is None:
        say = (
            f"{name} 按工作日计，日历 {value.calendar} 却没有节假日。",
            f"{name} counts working time on {value.calendar}, which knows no holidays.",
        )
        yield found("working-time-without-holidays", mark_of(value, "calendar"), *say)
        return
    for year in _missing(set(calendar.years), value.from_, value.to):
        say = f"{name} 要用 {year} 年的日历 {value.calendar}。", f"{name} needs {year} of calendar {value.calendar}."
        yield found("calendar-without-year", mark_of(value, "calendar"), *say)


def _missing(years: set[int], since: date, until: date | None) -> list[int]:
    """Years without data from ``since`` to the last year known; the future's notices are not out yet."""
    last = max(years, default=since.year)
    if until is not None:
        last = min(last, until.year)
    return [y for y in range(since.year, max(last, since.year) + 1) if y not in years][:3]
