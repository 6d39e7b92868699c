"""What a new version changes, in the words of an official; and, from :mod:`diff_follow`, which open cases follow it.

Compared is what the definition means: the order in which things are written, comments, and a parameter's name say
nothing; a limit is compared on every day. Every key of the language is compared, so that nothing changes unnoticed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Literal

from linli.drafting.diff_follow import Follow as Follow
from linli.drafting.diff_follow import declared, renamed
from linli.drafting.diff_follow import follow as follow
from linli.drafting.diff_limits import sentences
from linli.drafting.diff_words import LISTS, NONE, Side, label, quoted, say
from linli.drafting.words import SYSTEM
from linli.kernel.institution import Act, Calls, Field, Institution, Pack, Role, Stage, Text

Kind = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is different. ``path`` names it for a machine: ``stages.raised.acts.whistle.needs``."""

    kind: Kind
    path: str
    says: Text

    def as_json(self) -> dict[str, str]:
        """Plain values."""
        return {"kind": self.kind, "path": self.path, "zh": self.says.zh, "en": self.says.en}


def diff(old: Institution, new: Institution, old_pack: Pack, new_pack: Pack) -> list[Change]:
    """Everything that differs between two versions, from the whole down to single acts; empty when nothing does."""
    return list(_Comparing(Side(old_pack, old), Side(new_pack, new)).everything())


_APART = {"parties", "roles", "fields", "clocks", "stages", "anywhere", "open", "acts"}
"""Keys of an institution or a stage that are compared by themselves."""
_SILENT = {"mark", "marks", "version", "name", "was", "allows", "institution"}
"""Keys that change no case: where it was written, what it was called before, and which warnings may stand."""


class _Comparing:
    """Compares two versions part by part; each method yields what differs."""

    def __init__(self, old: Side, new: Side) -> None:
        self.old, self.new = old, new
        self.renamed = renamed(old.institution, new.institution)
        mine, theirs = old.institution, new.institution
        acts = {n: a for of in (mine.anywhere, *(s.acts for s in mine.stages.values())) for n, a in of.items()}
        now = {n: a for of in (theirs.anywhere, *(s.acts for s in theirs.stages.values())) for n, a in of.items()}
        self.called = {
            "stages": self.renamed,
            "fields": declared(mine.fields, theirs.fields),
            "acts": declared(acts, now),
            "roles": declared({**mine.roles, **mine.parties}, {**theirs.roles, **theirs.parties}),
        }
        """What is only called otherwise now, old → new, so that a list that names it has not changed."""

    def everything(self) -> Iterator[Change]:
        old, new = self.old.institution, self.new.institution
        yield from self._attributes(Text("本制度", "This institution"), "", old, new)
        for key, zh, en in (
            ("parties", "当事人", "party"),
            ("roles", "角色", "role"),
            ("fields", "填写项", "field"),
            ("clocks", "承诺", "promise"),
        ):
            yield from self._named(key, Text(zh, en), getattr(old, key), getattr(new, key))
        yield from self._opening(old, new)
        yield from self._stages(old.stages, new.stages)
        yield from self._acts("anywhere", None, old.anywhere, new.anywhere)

    def _named(self, key: str, what: Text, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
        """Parties, roles, fields or promises: gone, new, called otherwise, or different."""
        known = declared(old, new)
        for name, now in known.items():
            where = say("{what}{title}", "The {what} {title}", what=what, title=quoted(old[name].title))
            yield self._called(where, f"{key}.{name}", name, now)
            yield from self._attributes(where, f"{key}.{name}", old[name], new[now])
        for name in (n for n in old if n not in new and n not in known):
            title = quoted(old[name].title)
            says = say("取消{what}{title}。", "The {what} {title} is dropped.", what=what, title=title)
            yield Change("removed", f"{key}.{name}", says)
        for name in (n for n in new if n not in old and n not in known.values()):
            title, more = quoted(new[name].title), self._more(new[name])
            says = say("新增{what}{title}{more}。", "A new {what}: {title}{more}.", what=what, title=title, more=more)
            yield Change("added", f"{key}.{name}", says)
        for name in (n for n in old if n in new):
            where = say("{what}{title}", "The {what} {title}", what=what, title=quoted(old[name].title))
            yield from self._attributes(where, f"{key}.{name}", old[name], new[name])

    def _called(self, where: Text, path: str, old: str, new: str) -> Change:
        zh, en = "{w}的内部代号由 {a} 改为 {b}。", "{w} is now written {b} instead of {a}."
        return Change("changed", path, say(zh, en, w=where, a=old, b=new))

    def _more(self, thing: Any) -> Text:
        """Of a new role its post and level, of a new field who may read it."""
        if isinstance(thing, Role):
            duty, at = self.new.value("duty", thing.duty), self.new.value("level", thing.at)
            return say("，由{at}的{duty}担任", ", held by {duty} ({at})", at=at, duty=duty)
        if isinstance(thing, Field):
            return say("，{who}可以看到", ", which {who} may read", who=self.new.value("class", thing.class_))
        return Text("", "")

    def _opening(self, old: Institution, new: Institution) -> Iterator[Change]:
        where = say("提出环节{title}", "The opening act {title}", title=quoted(old.open.title))
        yield from self._attributes(where, "open", old.open, new.open, without={"to"})
        first, then = (i.open.to or next(iter(i.stages), "") for i in (old, new))
        if self.renamed.get(first, first) != then:
            yield self._from_to(where, "open.to", "stage", label("Act", "to")[0], first, then)

    def _stages(self, old: Mapping[str, Stage], new: Mapping[str, Stage]) -> Iterator[Change]:
        for name in (n for n in old if n not in new):
            title = quoted(old[name].title)
            if name in self.renamed:
                yield from self._stage_renamed(name, self.renamed[name], title)
            else:
                yield Change("removed", f"stages.{name}", say("取消{t}环节。", "The stage {t} is dropped.", t=title))
        for name in (n for n in new if n not in old and n not in self.renamed.values()):
            yield Change("added", f"stages.{name}", self._new_stage(new[name]))
        for name in old:
            here = self.renamed.get(name, name)
            if here in new:
                where = say("{t}环节", "Stage {t}", t=quoted(old[name].title))
                yield from self._attributes(where, f"stages.{name}", old[name], new[here])
                yield from self._acts(f"stages.{name}.acts", old[name], old[name].acts, new[here].acts)

    def _stage_renamed(self, name: str, now: str, title: Text) -> Iterator[Change]:
        zh, en = "{t}环节的内部代号由 {a} 改为 {b}，", "The stage {t} is now written {b} instead of {a}"
        if self.new.institution.stages[now].was == name:
            zh, en = zh + "停在这里的未结事项随之转入。", en + "; its open cases follow."
        else:
            zh, en = zh + "停在这里的未结事项要指明转到哪个环节。", en + ": say where its open cases go."
        yield Change("changed", f"stages.{name}", say(zh, en, t=title, a=name, b=now))

    def _new_stage(self, stage: Stage) -> Text:
        parts = [say("新增{t}环节", "A new stage: {t}", t=quoted(stage.title))]
        if stage.end:
            parts.append(Text("事项在这里办结", "where a case is closed"))
        if stage.holder:
            parts.append(say("由{who}办理", "held by {who}", who=self.new.role(stage.holder)))
        if stage.within or stage.until:
            when = Text(self.new.zh.by_when(stage), self.new.en.by_when(stage))
            zh = "时限 {when}" if stage.within else "时限{when}"
            parts.append(say(zh, "{when}", when=Text(when.zh.removesuffix("内"), when.en)))
        acts = [quoted(a.title) for a in stage.acts.values() if set(a.by) - set(SYSTEM)]
        if acts:
            parts.append(say("可以{acts}", "with {acts}", acts=self.new.join(acts)))
        return Text("，".join(p.zh for p in parts) + "。", ", ".join(p.en for p in parts) + ".")

    def _acts(self, path: str, stage: Stage | None, old: Mapping[str, Act], new: Mapping[str, Act]) -> Iterator[Change]:
        """Acts of a stage, or of every open stage when ``stage`` is None."""
        at = quoted(stage.title) if stage else None
        place = say("{t}环节", "at {t}", t=at) if at else Text("办理途中", "in any open stage")
        known = declared(old, new)
        for name, now in known.items():
            where = say("{p}{t}", "Act {t} {p}", p=place, t=quoted(old[name].title))
            yield self._called(where, f"{path}.{name}", name, now)
            yield from self._attributes(where, f"{path}.{name}", old[name], new[now])
        for name in (n for n in old if n not in new and n not in known):
            t = quoted(old[name].title)
            yield Change("removed", f"{path}.{name}", say("{p}取消{t}。", "{t} {p} is dropped.", p=place, t=t))
        for name in (n for n in new if n not in old and n not in known.values()):
            yield Change("added", f"{path}.{name}", self._new_act(new[name], place))
        for name in (n for n in old if n in new):
            where = say("{p}{t}", "Act {t} {p}", p=place, t=quoted(old[name].title))
            yield from self._attributes(where, f"{path}.{name}", old[name], new[name])

    def _new_act(self, act: Act, place: Text) -> Text:
        who = self.new.join(self.new.role(r) for r in act.by)
        parts = [say("{p}新增{t}，由{who}办理", "A new act {p}: {t}, by {who}", p=place, t=quoted(act.title), who=who)]
        if act.needs:
            needs = self.new.join(self.new.field(n) for n in act.needs)
            parts.append(say("须写明{f}", "which needs {f}", f=needs))
        if act.approves:
            parts.append(say("须{r}同意", "if {r} agrees", r=self.new.role(act.approves)))
        if act.to:
            parts.append(say("转入{s}环节", "leading to {s}", s=self.new.stage(act.to)))
        return Text("，".join(p.zh for p in parts) + "。", ", ".join(p.en for p in parts) + ".")

    def _attributes(
        self, where: Text, path: str, old: Any, new: Any, without: set[str] | None = None
    ) -> Iterator[Change]:
        """Every key of two things of the same class."""
        apart = _APART if isinstance(old, Institution | Stage) else set()
        silent = _SILENT - {"institution"} if isinstance(old, Calls) else _SILENT
        for key in (f.name for f in fields(old) if f.name not in apart | silent | (without or set())):
            a, b = getattr(old, key), getattr(new, key)
            if a != b:
                here = f"{path}.{key.rstrip('_')}".lstrip(".")
                yield from self._key(where, here, type(old).__name__, key, a, b, getattr(new, "does", None) == "tally")
            else:
                yield from self._beneath(where, f"{path}.{key}".lstrip("."), label(type(old).__name__, key), a, b)

    def _beneath(self, where: Text, path: str, named: tuple[Text, str], a: Any, b: Any) -> Iterator[Change]:
        """Where the texts are the same, the numbers that they name may still differ."""
        if named[1] == "parameter" and a:
            yield from self._limit(where, path, named[0], a, b)
        elif is_dataclass(a) and named[1] == "part":
            yield from self._inside(where, path, named[0], "part", a, b)

    def _key(self, where: Text, path: str, kind: str, key: str, a: Any, b: Any, ordered: bool) -> Iterator[Change]:
        named, value = label(kind, key)
        if value == "parameter" and a and b:
            yield from self._limit(where, path, named, a, b)
        elif value in ("part", "parts", "weights") or (value == "texts" and isinstance(a or b, Mapping)):
            yield from self._inside(where, path, named, value, a, b)
        elif value in LISTS and not (ordered and key == "result"):
            yield from self._lists(where, path, value, named, tuple(a), tuple(b))
        elif value in LISTS:
            old, new = (s.join(s.value(value, v) for v in x) for s, x in ((self.old, a), (self.new, b)))
            yield self._changed(where, path, named, old, new)
        elif not (isinstance(a, str) and self.called.get(f"{value}s", {}).get(a, a) == b):
            yield self._from_to(where, path, value, named, a, b)

    def _limit(self, where: Text, path: str, named: Text, a: str, b: str) -> Iterator[Change]:
        for says in sentences(where, named, self.old, a, self.new, b):
            yield Change("changed", path, says)

    def _inside(self, where: Text, path: str, named: Text, kind: str, a: Any, b: Any) -> Iterator[Change]:
        """A block, or a mapping of parts: gone, new, or different inside."""
        if not a or not b:
            zh, en = ("{w}取消{n}。", "{w}: {n} is dropped.") if a else ("{w}新增{n}。", "{w}: {n} is new.")
            yield Change("removed" if a else "added", path, say(zh, en, w=where, n=named))
        elif is_dataclass(a):
            yield from self._attributes(say("{w}的{n}", "{w}, {n}", w=where, n=named), path, a, b)
        else:
            for name in (*a, *(n for n in b if n not in a)):
                yield from self._entry(
                    say("{w}的{n}", "{w}, {n}", w=where, n=named), f"{path}.{name}", kind, name, a, b
                )

    def _entry(
        self, where: Text, path: str, kind: str, name: str, a: Mapping[str, Any], b: Mapping[str, Any]
    ) -> Iterator[Change]:
        titles = (getattr(x[name], "title", x[name]) for x in (a, b) if name in x)
        role = self.old.role(name) if name in self.old.institution.roles else self.new.role(name)
        title = role if kind == "weights" else quoted(next(titles))
        if name not in b or name not in a:
            gone = name in a
            zh, en = ("{w}取消{t}。", "{w}: {t} is dropped.") if gone else ("{w}增加{t}。", "{w}: {t} is added.")
            yield Change("removed" if gone else "added", path, say(zh, en, w=where, t=title))
        elif kind == "parts":
            yield from self._attributes(say("{w}{t}", "{w} {t}", w=where, t=title), path, a[name], b[name])
        elif a[name] != b[name]:
            value = "percent" if kind == "weights" else "text"
            yield self._from_to(where, path, value, title, a[name], b[name])

    def _lists(
        self, where: Text, path: str, kind: str, named: Text, a: tuple[str, ...], b: tuple[str, ...]
    ) -> Iterator[Change]:
        """Lists whose order says nothing: what is added, what is dropped."""
        a = tuple(self.called.get(kind, {}).get(n, n) for n in a)
        more = self.new.join(self.new.value(kind, n) for n in b if n not in a)
        less = self.old.join(self.old.value(kind, n) for n in a if n not in b)
        if more.zh and less.zh:
            zh, en = "{w}的{n}增加{more}，取消{less}。", "{w}: {n}: {more} added, {less} dropped."
        elif more.zh:
            zh, en = "{w}的{n}增加{more}。", "{w}: {n}: {more} added."
        elif less.zh:
            zh, en = "{w}的{n}取消{less}。", "{w}: {n}: {less} dropped."
        else:
            return
        yield Change("changed", path, say(zh, en, w=where, n=named, more=more, less=less))

    def _from_to(self, where: Text, path: str, kind: str, named: Text, a: Any, b: Any) -> Change:
        if kind == "parameter":
            a, b = (Text(s.zh.limit(v), s.en.limit(v)) if v else NONE for s, v in ((self.old, a), (self.new, b)))
            return self._changed(where, path, named, a, b)
        return self._changed(where, path, named, self.old.value(kind, a), self.new.value(kind, b))

    def _changed(self, where: Text, path: str, named: Text, a: Text, b: Text) -> Change:
        """From one value to another, in each language; where only the other language changes, it says so."""
        parts = {"w": where, "n": named, "a": a, "b": b}
        if a == NONE:
            says = say("{w}新定{n}：{b}。", "{w}: {n} is new: {b}.", **parts)
        elif b == NONE:
            says = say("{w}取消{n}（原为{a}）。", "{w}: {n} is dropped (it was {a}).", **parts)
        else:
            parts |= {"a": _spaced(a), "b": _spaced(b)}
            says = say("{w}的{n}由{a}改为{b}。", "{w}: {n} changes from {a} to {b}.", **parts)
        if a.zh == b.zh and a.en != b.en:
            says = Text(say("{w}的{n}修改了英文措辞。", "", **parts).zh, says.en)
        elif a.en == b.en and a.zh != b.zh:
            says = Text(says.zh, say("", "{w}: {n} is reworded in Chinese.", **parts).en)
        return Change("changed", path, says)


def _spaced(text: Text) -> Text:
    """A space between Chinese and a figure or a Latin letter, as the rest of the product writes it."""
    return Text(f" {text.zh}" if text.zh[:1].isascii() and text.zh[:1].isalnum() else text.zh, text.en)
