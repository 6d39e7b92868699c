"""Two time limits compared day by day: from which day on they differ, and by how much."""

from __future__ import annotations

from datetime import date, timedelta

from linli.drafting.diff_words import NONE, Side, say
from linli.kernel.institution import Dated, Pack, Text

_ONE = timedelta(days=1)
Condition = frozenset[tuple[str, tuple[str, ...]]]
"""The code fields a value depends on, each with the codes for which it holds."""
Span = tuple[date | None, date | None, Dated | None, Dated | None]
"""First and last day (None: from the first rule, without an end) and the two values that differ."""


def differences(old: Pack, was: str | None, new: Pack, now: str | None, when: Condition = frozenset()) -> list[Span]:
    """The spans of days on which the parameter ``was`` of ``old`` and ``now`` of ``new`` give different limits.

    Compared are the values for the cases that ``when`` names: field and its values; none, for all others.
    """
    both = ((old.parameters.get(was or "", ())), (new.parameters.get(now or "", ())))
    pairs = tuple(tuple(v for v in values if _condition(v) == when) for values in both)
    days = sorted({d for values in pairs for v in values for d in (v.from_, v.to and v.to + _ONE) if d})
    found: list[Span] = []
    for number, day in enumerate(days):
        last = days[number + 1] - _ONE if number + 1 < len(days) else None
        a, b = (_on(values, day) for values in pairs)
        if _same(a, b):
            continue
        first = None if number == 0 else day
        before = found[-1] if found else None
        if before and before[1] and before[1] + _ONE == day and _same(before[2], a) and _same(before[3], b):
            found[-1] = (before[0], last, a, b)
        else:
            found.append((first, last, a, b))
    return found


def _on(values: tuple[Dated, ...], day: date) -> Dated | None:
    return next((v for v in values if v.from_ <= day and (v.to is None or day <= v.to)), None)


def _same(a: Dated | None, b: Dated | None) -> bool:
    return (a and (a.value, a.unit, a.calendar)) == (b and (b.value, b.unit, b.calendar))


def _condition(value: Dated) -> Condition:
    return frozenset((name, tuple(sorted(codes))) for name, codes in value.when.items())


def sentences(where: Text, label: Text, old: Side, was: str | None, new: Side, now: str | None) -> list[Text]:
    """One sentence for each span, as an official says it; none when the limits are the same on every day."""
    before, after = old.pack.parameters.get(was or "", ()), new.pack.parameters.get(now or "", ())
    whens = list(dict.fromkeys(_condition(v) for v in (*before, *after)))
    found = []
    for when in whens if before and after else whens[:1]:  # all gone, or all new, is one change
        for first, last, a, b in differences(old.pack, was, new.pack, now, when):
            calendars = a is not None and b is not None and a.calendar != b.calendar
            found.append(
                say(
                    "{when}{where}{kind}的{label}由{a}改为{b}。",
                    "{when}{where}{kind}: {label} changes from {a} to {b}.",
                    a=_amount(a, calendars),
                    b=_amount(b, calendars),
                    kind=_kind(new, b or a) if when else "",
                    where=where,
                    label=label,
                    when=_when(first, last),
                )
            )
    return found


def _kind(side: Side, value: Dated | None) -> Text:
    """The cases a value is for: （“类别”为“供水”的）."""
    return Text(f"（{side.zh.condition(value)}的）", f" ({side.en.condition(value)})") if value else Text("", "")


_UNITS = {
    "minute": ("分钟", "minute"),
    "hour": ("小时", "hour"),
    "day": ("日", "day"),
    "working_day": ("个工作日", "working day"),
    "working_hour": ("个工作小时", "working hour"),
}


def _amount(value: Dated | None, with_calendar: bool) -> Text:
    if value is None:
        return NONE
    if value.unit == "percent":
        return Text(f" {value.value}%", f"{value.value} %")
    zh, en = _UNITS[value.unit]
    said = Text(f" {value.value} {zh}", f"{value.value} {en}{'' if value.value == 1 else 's'}")
    if value.value == 0:
        said = Text("当日", "the same day")
    if with_calendar:
        said = say("{said}（{name} 日历）", "{said} (calendar {name})", said=said, name=value.calendar)
    return said


def _when(first: date | None, last: date | None) -> Text:
    if first is None and last is None:
        return Text("", "")
    begins, ends = (_day(d) if d else None for d in (first, last))
    if begins and ends:
        return say("自{a}起至{b}止，", "From {a} to {b}: ", a=begins, b=ends)
    if begins:
        return say("自{a}起，", "From {a} on: ", a=begins)
    return say("到{b}为止，", "Until {b}: ", b=ends or "")


def _day(day: date) -> Text:
    return Text(f" {day.year} 年 {day.month} 月 {day.day} 日", day.isoformat())
