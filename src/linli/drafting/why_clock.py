"""Why a clock is due when it is: since when it runs, which days were counted, what stopped or lengthened it.

The story is told from the entries themselves, so it tells what was promised then, whatever the rules say today.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby

from linli.drafting.why import WEEKDAYS, Step, amount_words, day_words, moment_words
from linli.kernel.calendar import SHANGHAI, Calendar, CalendarGap
from linli.kernel.case import (
    STAGE_CLOCK,
    ClockFired,
    ClockSet,
    ClockStopped,
    Entry,
    Extended,
    Followed,
    Moved,
    Opened,
    Paused,
    Resumed,
)
from linli.kernel.institution import Institution, Pack, Text

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Done:
    """An entry with the version it was done under; ``serial`` counts the case's entries from 1."""

    serial: int
    entry: Entry
    institution: Institution


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to the clock after it started: one event, and the entry that brought it."""

    done: Done
    event: Paused | Resumed | Extended | ClockFired | ClockStopped


@dataclass(frozen=True, slots=True)
class Run:
    """The last time a clock was started on a case, and everything that happened to it since."""

    name: str
    by: Done
    stage: str
    set: ClockSet
    changes: tuple[Change, ...] = ()

    @property
    def due(self) -> datetime:
        """When it runs out, by all that happened so far; for a clock that stands, when it would have."""
        due = self.set.due
        for change in self.changes:
            if isinstance(change.event, Extended):
                due = change.event.due
            elif isinstance(change.event, Resumed):
                due = change.event.dues.get(self.name, due)
        return due

    @property
    def ended(self) -> Change | None:
        """What stopped it; None while it is on the case."""
        last = self.changes[-1] if self.changes else None
        return last if last and isinstance(last.event, ClockStopped) else None

    @property
    def stands(self) -> bool:
        """It is paused."""
        held = [c.event for c in self.changes if isinstance(c.event, Paused | Resumed)]
        return bool(held) and isinstance(held[-1], Paused)


def last_run(story: Sequence[Done], name: str) -> Run | None:
    """The last run of the clock ``name``; None if it never ran."""
    run: Run | None = None
    stage = ""
    for done in story:
        for event in done.entry.events:
            if isinstance(event, Moved):
                stage = event.to
            elif isinstance(event, Opened | Followed):
                stage = event.stage
            elif isinstance(event, ClockSet) and event.name == name:
                run = Run(name, done, stage, event)
            elif run and _touches(event, name):
                run = replace(run, changes=(*run.changes, Change(done, event)))  # type: ignore[arg-type]
    return run


def _touches(event: object, name: str) -> bool:
    if isinstance(event, Extended | ClockFired | ClockStopped):
        return event.name == name
    return (isinstance(event, Paused) and name in event.remaining) or (
        isinstance(event, Resumed) and name in event.dues
    )


def counted(pack: Pack, unit: str, calendar: str, start: datetime, due: datetime) -> list[Step]:
    """How one gets from ``start`` to ``due``: the days or hours that count, those that do not, and by which notice."""
    known = pack.calendars.get(calendar)
    first, end = start.astimezone(SHANGHAI), due.astimezone(SHANGHAI)
    if unit in ("minute", "hour") or known is None or end <= first:
        return _elapsed(unit, first, end)
    last = (end - timedelta.resolution).date()
    try:
        if unit == "working_hour":
            return _hours(known, first, end)
        if unit == "working_day":
            return _working_days(known, first.date(), last)
    except CalendarGap as gap:  # the year was taken out of the calendar after the clock had started
        return [Step("counted", Text(gap.zh, gap.en))]
    return _days(first.date(), last)


def _elapsed(unit: str, start: datetime, end: datetime) -> list[Step]:
    if unit not in ("minute", "hour"):
        return []
    length = _length(round((end.astimezone(UTC) - start.astimezone(UTC)).total_seconds() / 60))
    zh = f"连续计时 {length.zh}，夜里和节假日也算。"
    return [Step("counted", Text(zh, f"{length.en} without a break: nights and holidays count."))]


def _days(start: date, last: date) -> list[Step]:
    if last <= start:
        return [Step("counted", Text("当日 24:00 为止。", "Until 24:00 of the same day."))]
    n, first, end = (last - start).days, day_words(start + _DAY, start.year), day_words(last, start.year)
    zh = f"从第二天（{first.zh}）数起，每天都算，数 {n} 天，到 {end.zh} 24:00 为止。"
    en = f"Counted from the day after ({first.en}), every day: {amount_words(n, 'day').en}, until 24:00 of {end.en}."
    return [Step("counted", Text(zh, en))]


def _working_days(calendar: Calendar, start: date, last: date) -> list[Step]:
    days = [start + _DAY * n for n in range(1, (last - start).days + 1)] or [last]
    worked = [d for d in days if calendar.is_working(d)]
    year, n = start.year, len(worked)
    listed, end = _runs(worked, year), day_words(last, year)
    zh = f"从第二天数起，只数工作日：{listed.zh}，共 {n} 天，到 {end.zh} 24:00 为止。"
    en = f"Counted from the day after, working days only: {listed.en}: {n} in all, until 24:00 of {end.en}."
    return [Step("counted", Text(zh, en)), *_exceptions(calendar, days, year)]


def _exceptions(calendar: Calendar, days: Sequence[date], year: int) -> Iterator[Step]:
    """Weekend days that were worked, holidays that were not, plain weekends, and the notices that say so."""
    made_up = [d for d in days if d.weekday() in calendar.weekend and calendar.is_working(d)]
    if made_up:
        zh = "、".join(f"{day_words(d, year).zh}（周{WEEKDAYS[d.weekday()][0]}）" for d in made_up)
        en = ", ".join(f"{day_words(d, year).en} ({WEEKDAYS[d.weekday()][1]})" for d in made_up)
        yield Step("made_up", Text(f"{zh}调休上班，算工作日。", f"{en}: worked in exchange for a holiday, so counted."))
    free = [list(run) for idle, run in groupby(days, lambda d: not calendar.is_working(d)) if idle]
    off = {d for y in (calendar.years or {}).values() for d in y.off}
    holidays = [d for run in free if off & set(run) for d in run]
    weekends = [d for run in free if not off & set(run) for d in run]
    if holidays:
        listed = _runs(holidays, year)
        yield Step("holiday", Text(f"{listed.zh}放假，不算。", f"{listed.en}: holidays, not counted."))
    if weekends:
        listed = _runs(weekends, year)
        yield Step("weekend", Text(f"{listed.zh}是周末，不算。", f"{listed.en}: weekend, not counted."))
    if made_up or holidays:
        years = {y for d in (*made_up, *holidays) for y in (d.year, d.year + 1)}
        told = [y for n, y in (calendar.years or {}).items() if n in years and (y.off | y.worked) & set(days)]
        for found in told:
            yield Step("notice", Text(f"放假和调休依据：{found.source}", f"By the notice: {found.source}"))


def _runs(days: Sequence[date], year: int) -> Text:
    """Days as people list them: 3月2日—6日、9日."""
    runs: list[list[date]] = []
    for day in days:
        if runs and day - runs[-1][-1] == _DAY:
            runs[-1].append(day)
        else:
            runs.append([day])
    return Text("、".join(_run(r, year).zh for r in runs), ", ".join(_run(r, year).en for r in runs))


def _run(run: Sequence[date], year: int) -> Text:
    first, last = day_words(run[0], year), day_words(run[-1], year)
    if len(run) == 1:
        return first
    same = (run[0].year, run[0].month) == (run[-1].year, run[-1].month)
    zh = f"{run[-1].day}日" if same else last.zh
    return Text(f"{first.zh}—{zh}", f"{first.en} – {last.en}")


def _hours(calendar: Calendar, start: datetime, end: datetime) -> list[Step]:
    """The working time that passed on each day."""
    days = [start.date() + _DAY * n for n in range((end.date() - start.date()).days + 1)]
    used = [(d, _worked(calendar, d, start, end)) for d in days if calendar.is_working(d)]
    spans = "、".join(f"{a:%H:%M}–{'24:00' if b == time() else f'{b:%H:%M}'}" for a, b in calendar.hours)
    year = start.year
    parts = [(day_words(d, year), m) for d, m in used if m]
    zh = "，".join(f"{d.zh} {_length(m).zh}" for d, m in parts)
    en = ", ".join(f"{d.en} {_length(m).en}" for d, m in parts)
    says = Text(f"只算上班时间（{spans}）：{zh}。", f"Office hours only ({spans}): {en}.")
    return [Step("counted", says), *_exceptions(calendar, days, year)]


def _worked(calendar: Calendar, day: date, start: datetime, end: datetime) -> int:
    """Whole minutes of office time of ``day`` between the two moments."""
    total = timedelta()
    for opens, closes in calendar.hours or ((time(), time()),):
        a = datetime.combine(day, opens, SHANGHAI)
        b = datetime.combine(day if closes != time() else day + _DAY, closes, SHANGHAI)
        total += max(timedelta(), min(b, end) - max(a, start))
    return round(total.total_seconds() / 60)


def _length(minutes: int) -> Text:
    if minutes % 60 == 0:
        return amount_words(minutes // 60, "hour")
    if minutes < 60:
        return amount_words(minutes, "minute")
    hours, rest = amount_words(minutes // 60, "hour"), amount_words(minutes % 60, "minute")
    return Text(f"{hours.zh} {rest.zh}", f"{hours.en} {rest.en}")


def steps(pack: Pack, run: Run, act_title: Text, changed: Iterable[tuple[Change, Text, str]]) -> Iterator[Step]:
    """The run told in order. ``changed`` gives each change with the title of its act and the reason one may read.

    A stage that lasts until a date somebody wrote down has nothing to count.
    """
    fixed = run.name == STAGE_CLOCK and bool(run.by.institution.stages[run.stage].until)
    set_, year = run.set, run.set.start.astimezone(SHANGHAI).year
    at = moment_words(set_.start)
    yield Step(
        "started", Text(f"{at.zh}，从“{act_title.zh}”起算。", f"Started {at.en} with “{act_title.en}”."), set_.start
    )
    seen: set[str] = set()

    def count(start: datetime, due: datetime) -> Iterator[Step]:
        for step in [] if fixed else counted(pack, set_.unit, set_.calendar, start, due):
            if step.kind != "notice" or step.says.zh not in seen:  # one notice is named once
                yield step
            seen.add(step.says.zh)

    yield from count(set_.start, set_.due)
    due = set_.due
    for change, title, reason in changed:
        event, when = change.event, change.done.entry.at
        if isinstance(event, Paused):
            if event.at < when:  # an extension of a clock that stands already: the same pause with more left
                continue
            yield _paused(run, event, title, reason, when, year)
        elif isinstance(event, Resumed):
            due = event.dues[run.name]
            yield _resumed(due, when, title, year)
            yield from count(when, due)
        elif isinstance(event, Extended):
            yield _extended(due, event.due, title, reason, when, year)
            due = event.due
        elif isinstance(event, ClockFired):
            ran = moment_words(due, year)
            yield Step("ran_out", Text(f"{ran.zh} 到期，没有办完。", f"Ran out {ran.en}."), when)
        else:
            stopped = moment_words(when, year)
            says = Text(f"{stopped.zh} “{title.zh}”，停止计时。", f"Stopped {stopped.en} by “{title.en}”.")
            yield Step("stopped", says, when)


def _paused(run: Run, event: Paused, title: Text, reason: str, when: datetime, year: int) -> Step:
    left, at = _left(run.set.unit, event.remaining[run.name]), moment_words(when, year)
    why_zh, why_en = (f"，理由：{reason}", f": {reason}") if reason else ("", "")
    zh = f"{at.zh} “{title.zh}”，计时停下，还剩 {left.zh}{why_zh}。"
    return Step("paused", Text(zh, f"Paused {at.en} by “{title.en}” with {left.en} left{why_en}."), when)


def _left(unit: str, remaining: int) -> Text:
    """What a clock keeps while it stands, in its own measure: days, or seconds for the others."""
    if unit in ("day", "working_day"):
        return amount_words(max(0, remaining), unit) if remaining > 0 else Text("当天", "the same day")
    return _length(max(0, remaining) // 60)


def _resumed(due: datetime, when: datetime, title: Text, year: int) -> Step:
    at, until = moment_words(when, year), moment_words(due, year)
    zh = f"{at.zh} “{title.zh}”，接着算，到 {until.zh}。"
    return Step("resumed", Text(zh, f"Went on {at.en} by “{title.en}”, until {until.en}."), when)


def _extended(was: datetime, due: datetime, title: Text, reason: str, when: datetime, year: int) -> Step:
    at, before, after = moment_words(when, year), moment_words(was, year), moment_words(due, year)
    why_zh, why_en = (f"，理由：{reason}", f": {reason}") if reason else ("", "")
    zh = f"{at.zh} “{title.zh}”，原定 {before.zh}，延长到 {after.zh}{why_zh}。"
    return Step(
        "extended", Text(zh, f"Extended {at.en} by “{title.en}”, from {before.en} to {after.en}{why_en}."), when
    )
