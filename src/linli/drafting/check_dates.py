"""Parameters: every day has exactly one value, with a unit that can be counted and a source."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from linli.drafting.check_names import acts_of, mark_of
from linli.drafting.codes import found
from linli.drafting.finding import Finding, nearest
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
        findings += [*_fallback(name, ordered), *_cases(pack, name, ordered), *_percent(pack, name, ordered)]
        for value in ordered:
            findings += _value(pack, name, value)
    return [*findings, *_targets(pack), *_retained(pack)]


RETAIN = re.compile(r"retain_(?:([a-z0-9_]+)_)?limit")


def _retained(pack: Pack) -> Iterator[Finding]:
    """How long data is kept: of an institution that exists, in days, of all its cases alike (ledger.retention)."""
    for name, values in pack.parameters.items():
        match = RETAIN.fullmatch(name)
        if match is None:
            continue
        own = bool(values) and values[0].mark.file.startswith(f"{pack.name}/")  # else the pack it extends is asked
        if match[1] and match[1] not in pack.institutions and own:
            say = (
                f"没有名为 {match[1]} 的制度，{name} 管不到任何事项。",
                f"No institution {match[1]}: {name} keeps nothing.",
            )
            yield found(
                "undeclared-name", mark_of(values[0], "from_"), *say, remedy=nearest(match[1], pack.institutions)
            )
        for value in values:
            if value.unit != "day" or value.when:
                key = "when" if value.when else "unit"
                say = f"{name} 只能按日数，不分情形。", f"{name} is counted in days, for every case alike."
                yield found("retention-not-days", mark_of(value, key), *say)


def _targets(pack: Pack) -> Iterator[Finding]:
    """What the levels aim at is declared and is a share."""
    for level in pack.levels.values():
        for name in level.target:
            if name not in pack.parameters:
                say = f"没有名为 {name} 的参数。", f"There is no parameter called {name}."
                fix = nearest(name, pack.parameters)
                yield found("undeclared-name", mark_of(level, "target"), *say, remedy=fix)
            for value in pack.parameters.get(name, ()):
                if value.unit != "percent":
                    say = f"{name} 是目标，单位应是 percent。", f"{name} is a target, so its unit is percent."
                    yield found("target-not-percent", mark_of(value, "unit"), *say)


def parameters_of(institution: Institution) -> set[str]:
    """The parameters that an institution's clocks need."""
    wanted = {s.within for s in institution.stages.values()} | {p.act.within for p in acts_of(institution)}
    wanted |= {s.publish.period for s in institution.stages.values() if s.publish}
    return {name for name in wanted | {c.limit for c in institution.clocks.values()} if name}


def _days(name: str, values: list[Dated]) -> Iterator[Finding]:
    for value, after in zip(values, [*values[1:], None], strict=True):
        if value.to is not None and value.to < value.from_:
            say = f"{name} 的 to 在 from 之前。", f"A value of {name} ends before it begins."
            yield found("parameter-gap", mark_of(value, "to"), *say)
        elif after is not None and (value.to is None or value.to >= after.from_):
            say = f"{name} 从 {after.from_} 起有两个值。", f"{name} has two values from {after.from_} on."
            yield found("parameter-overlap", mark_of(value, "to"), *say)
        elif not value.when and value.to and (after is None or value.to + timedelta(days=1) < after.from_):
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


def _fallback(name: str, values: list[Dated]) -> Iterator[Finding]:
    """Values for some kinds of case need one for every other case on the same days."""
    plain = [v for v in values if not v.when]
    for value in (v for v in values if v.when):
        day: date | None = value.from_
        while day is not None and (value.to is None or day <= value.to):
            cover = next((v for v in plain if v.from_ <= day and (v.to is None or day <= v.to)), None)
            if cover is None:
                say = f"{name} 在 {day} 只有带 when 的值。", f"On {day} {name} has only values with `when`."
                yield found("parameter-without-fallback", mark_of(value, "when"), *say)
                break
            day = cover.to + timedelta(days=1) if cover.to else None


def _cases(pack: Pack, name: str, values: list[Dated]) -> Iterator[Finding]:
    """Every field that `when` asks for is a code field wherever the parameter is used, and takes these codes."""
    for value in (v for v in values if v.when):
        for user in (i for i in pack.institutions.values() if name in parameters_of(i)):
            for asked, codes in value.when.items():
                field = user.fields.get(asked)
                known = pack.lists.get(field.list or "", {}) if field and field.type == "code" else {}
                if odd := sorted(set(codes) - set(known)):
                    say = (
                        f"{user.name} 的 {asked} 不会是 {'、'.join(odd)}，这个值永远用不上。",
                        f"{asked} of {user.name} is never {', '.join(odd)}: this value is never used.",
                    )
                    yield found("parameter-without-fallback", mark_of(value, "when"), *say)


def _percent(pack: Pack, name: str, values: list[Dated]) -> Iterator[Finding]:
    users = [i.name for i in pack.institutions.values() if name in parameters_of(i)]
    for value in (v for v in values if v.unit == "percent" and users):
        say = f"{users[0]} 把百分比 {name} 当时限。", f"{users[0]} uses the percent {name} as a time limit."
        yield found("percent-as-limit", mark_of(value, "unit"), *say)


def _value(pack: Pack, name: str, value: Dated) -> Iterator[Finding]:
    if NO_SOURCE.fullmatch(value.source):
        say = f"{name} 的数值没有出处。", f"A value of {name} has no source."
        yield found("parameter-without-source", mark_of(value, "source"), *say)
    if value.value < 0 or (value.value == 0 and value.unit not in ("day", "percent")):
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
