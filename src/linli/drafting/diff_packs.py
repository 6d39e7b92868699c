"""Two packs compared: each institution, and what all share: levels, posts, lists, results, calendars, numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from linli.drafting.diff import Change, Kind, diff
from linli.drafting.diff_limits import differences, sentences
from linli.drafting.diff_words import Side, quoted, say
from linli.kernel.calendar import Calendar
from linli.kernel.institution import Institution, Pack, Text

SHARED = Text("各项制度共用", "Shared by all institutions")


@dataclass(frozen=True, slots=True)
class Section:
    """The changes of one institution (``name`` empty: of what is shared), with both versions where there are two."""

    name: str
    title: Text
    old: str | None
    new: str | None
    changes: list[Change]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        changes = [c.as_json() for c in self.changes]
        return {"institution": self.name or None, "old": self.old, "new": self.new, "changes": changes}


def diff_packs(old: Pack, new: Pack) -> list[Section]:
    """The sections in which something differs: gone and new institutions, changed ones, then what is shared."""
    found = []
    for name in (*old.institutions, *(n for n in new.institutions if n not in old.institutions)):
        a, b = old.institutions.get(name), new.institutions.get(name)
        changes = diff(a, b, old, new) if a and b else [_whole(name, a, b)]
        title = a.title if a else b.title if b else SHARED
        found.append(Section(name, title, a.version if a else None, b.version if b else None, changes))
    found.append(Section("", SHARED, None, None, list(_shared(old, new))))
    return [section for section in found if section.changes]


def _whole(name: str, a: Institution | None, b: Institution | None) -> Change:
    there = a or b
    title = quoted(there.title) if there else Text(name, name)
    if b is None:
        zh, en = (
            "取消制度{t}；没有办结的事项仍按原来的版本办完。",
            "The institution {t} is dropped; its open cases go on.",
        )
        return Change("removed", name, say(zh, en, t=title))
    return Change("added", name, say("新增制度{t}。", "A new institution: {t}.", t=title))


def _shared(old: Pack, new: Pack) -> Iterator[Change]:
    yield from _titled("levels", Text("层级", "level"), old.levels, new.levels)
    yield from _titled("duties", Text("岗位", "post"), old.duties, new.duties)
    yield from _titled("results", Text("办理结果", "result"), old.results, new.results)
    yield from _lists(old, new)
    yield from _calendars(old.calendars, new.calendars)
    yield from _numbers(old, new)


def _titled(key: str, what: Text, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """Named things with a title: gone, new, renamed, or changed otherwise."""
    for name, there in {**new, **old}.items():
        a, b = old.get(name), new.get(name)
        path, title = f"{key}.{name}", quoted(there.title)
        if a is None or b is None:
            gone: Kind = "removed" if a else "added"
            zh, en = ("取消{w}{t}。", "The {w} {t} is dropped.") if a else ("新增{w}{t}。", "A new {w}: {t}.")
            yield Change(gone, path, say(zh, en, w=what, t=title))
        elif a.title != b.title:
            now = quoted(b.title)
            yield Change(
                "changed", path, say("{w}{t}改称{n}。", "The {w} {t} is now called {n}.", w=what, t=title, n=now)
            )
        if a and b and a != b:
            yield from _keys(path, what, title, a, b)


_KEYS = {
    "at": Text("所在层级", "where it is held"), "above": Text("空缺时的接办岗位", "who takes over"),
    "sees": Text("查看范围", "what it may read"), "works": Text("工作台", "its pages"),
    "counts": Text("统计口径", "how it counts"), "group": Text("所属类别", "its group"),
    "says": Text("告知内容", "what people are told"),
}  # fmt: skip


def _keys(path: str, what: Text, title: Text, a: Any, b: Any) -> Iterator[Change]:
    for key, label in _KEYS.items():
        was, now = getattr(a, key, None), getattr(b, key, None)
        if was != now:
            values = {"a": _plain(was), "b": _plain(now)}
            zh, en = "{w}{t}的{n}由{a}改为{b}。", "The {w} {t}: {n} changes from {a} to {b}."
            yield Change("changed", f"{path}.{key}", say(zh, en, w=what, t=title, n=label, **values))


def _plain(value: Any) -> Text:
    if value is None:
        return Text("无", "none")
    if isinstance(value, Text):
        return quoted(value)
    words = "、".join(value) if isinstance(value, tuple) else str(value)
    return Text(f" {words} ", words.replace("、", ", "))


def _lists(old: Pack, new: Pack) -> Iterator[Change]:
    for name in (*old.lists, *(n for n in new.lists if n not in old.lists)):
        a, b = old.lists.get(name), new.lists.get(name)
        if a is not None and b is not None:
            yield from _titled(f"lists.{name}", Text(f"选项表 {name} 的选项", f"choice of {name}:"), a, b)
        elif b is None:
            yield Change("removed", f"lists.{name}", say("取消选项表 {n}。", "The list {n} is dropped.", n=name))
        else:
            yield Change("added", f"lists.{name}", say("新增选项表 {n}。", "A new list: {n}.", n=name))


def _calendars(old: Mapping[str, Calendar], new: Mapping[str, Calendar]) -> Iterator[Change]:
    for name in (*old, *(n for n in new if n not in old)):
        a, b, path = old.get(name), new.get(name), f"calendars.{name}"
        if a is None or b is None:
            kind: Kind = "removed" if a else "added"
            zh, en = (
                ("取消日历 {n}。", "The calendar {n} is dropped.") if a else ("新增日历 {n}。", "A new calendar: {n}.")
            )
            yield Change(kind, path, say(zh, en, n=name))
            continue
        if a.hours != b.hours:
            yield Change(
                "changed", f"{path}.hours", say("日历 {n} 的办公时间有变。", "The hours of {n} change.", n=name)
            )
        before, after = a.years or {}, b.years or {}
        for year in sorted({*before, *after}):
            if before.get(year) != after.get(year):
                zh = "日历 {n} 补上了 {y} 年。" if year not in before else "日历 {n} 的 {y} 年安排有变。"
                yield Change(
                    "changed", f"{path}.{year}", say(zh, "The calendar {n} changes for {y}.", n=name, y=str(year))
                )


def _numbers(old: Pack, new: Pack) -> Iterator[Change]:
    """Parameters that no institution of both packs uses; the others are told where they matter."""
    told = {p for pack in (old, new) for i in pack.institutions.values() for p in _used(i)}
    for name in (*old.parameters, *(n for n in new.parameters if n not in old.parameters)):
        if name not in told and differences(old, name, new, name):
            where, label = Text(f"参数 {name} ", f"The parameter {name}"), Text("数值", "the value")
            sides = (_side(old), _side(new))
            for says in sentences(where, label, sides[0], name, sides[1], name):
                yield Change("changed", f"parameters.{name}", says)


def _side(pack: Pack) -> Side:
    return Side(pack, next(iter(pack.institutions.values())))


def _used(institution: Institution) -> Iterator[str | None]:
    yield from (c.limit for c in institution.clocks.values())
    for stage in institution.stages.values():
        yield stage.within
        yield stage.publish.period if stage.publish else None
        yield from (a.within for a in stage.acts.values())
    yield from (a.within for a in institution.anywhere.values())
