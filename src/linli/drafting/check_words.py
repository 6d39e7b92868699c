"""Words for people, placeholders in messages, and rules written where they have no effect."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from linli.drafting.check_names import BY_ITSELF, PlacedAct, acts_of, mark_of
from linli.drafting.codes import found
from linli.drafting.finding import Finding
from linli.kernel.institution import Act, Institution, Pack, Text

HAN = re.compile(r"[㐀-鿿]")
BLOCK_TYPES = {
    "ballot": {"choice": "text", "roll": "number", "item": "text"},
    "meeting": {"agenda": "items", "present": "number", "roll": "number", "resolutions": "items"},
    "slot": {"place": "text", "start": "moment", "end": "moment"},
    "funding": {"amount": "number", "who": "text"},
}
"""The type of field that each key of a block names."""
LATIN_WORDS = re.compile(r"[A-Za-z]{2,}.*[A-Za-z]{2,}")


def check_words(pack: Pack, institution: Institution) -> list[Finding]:
    """Texts, placeholders, idle rules and unused names of one institution."""
    findings = [f for text in texts(institution) for f in check_text(text)]
    for placed in acts_of(institution):
        findings += _says(institution, placed, placed.act.says) if placed.act.says else []
        findings += [*_wordless(institution, placed.act), *_idle(institution, placed), *_twice(institution, placed)]
    findings += _field_types(institution)
    return [*findings, *_unused(institution), *_shared_counters(institution)]


def texts(thing: Any) -> Iterator[Text]:
    """Every text inside a thing of the language."""
    if isinstance(thing, Text):
        yield thing
    elif isinstance(thing, dict):
        for value in thing.values():
            yield from texts(value)
    elif isinstance(thing, tuple):
        for value in thing:
            yield from texts(value)
    elif is_dataclass(thing) and not isinstance(thing, type):
        for spec in fields(thing):
            if "internal" not in spec.metadata:
                yield from texts(getattr(thing, spec.name))


def check_text(text: Text) -> list[Finding]:
    """A text that is empty or not translated."""
    if not text.zh.strip() or not text.en.strip():
        return [found("text-empty", text.mark, "给人看的文字是空的。", "Words for people are empty.")]
    if HAN.search(text.en):
        say = f"en 里是中文：“{text.en[:30]}”。", f"`en` is written in Chinese: “{text.en[:30]}”."
        return [found("text-untranslated", mark_of(text, "en"), *say)]
    if not HAN.search(text.zh) and LATIN_WORDS.search(text.zh):
        say = f"zh 里没有中文：“{text.zh[:30]}”。", f"`zh` has no Chinese in it: “{text.zh[:30]}”."
        return [found("text-untranslated", mark_of(text, "zh"), *say)]
    return []


def placeholders(says: str) -> set[str] | None:
    """The names in braces of a message; None when the braces are broken."""
    try:
        parts = list(string.Formatter().parse(says))
    except ValueError:
        return None
    return {name for _, name, _, _ in parts if name is not None}


def _says(institution: Institution, placed: PlacedAct, says: Text) -> Iterator[Finding]:
    act = placed.act
    zh, en = placeholders(says.zh), placeholders(says.en)
    if zh is None or en is None:
        say = "告知文字里的花括号写得不对。", "The braces of this message are broken."
        yield found("says-broken", mark_of(act, "says"), *say)
        return
    codes = {f"{n}_says" for n, f in institution.fields.items() if f.type == "code"}
    known = {"number", *institution.clocks, *institution.fields, *codes}
    for name in sorted((zh | en) - known):
        say = f"告知文字里的 {{{name}}} 没有声明。", f"{{{name}}} in this message is declared nowhere."
        yield found("undeclared-name", mark_of(act, "says"), *say)
    if zh != en and (zh | en) <= known:
        odd = "、".join(sorted(zh ^ en))
        say = f"只有一种文字里有 {{{odd}}}。", f"Only one language fills in {{{odd}}}."
        yield found("says-differ", mark_of(act, "says"), *say)
    for name in sorted(zh | en):
        field = name.removesuffix("_says") if name in codes else name
        handed = {n for s in institution.stages.values() if s.follows for n in s.follows.passes if "lead" in act.by}
        filled = field in act.needs and not set(BY_ITSELF) & set(act.by)
        sure = field in institution.open.needs or filled or field in handed
        if field in institution.fields and not sure:
            say = f"告知时 {{{name}}} 可能还没有填。", f"{{{name}}} may be blank when people are told."
            yield found("says-may-be-blank", mark_of(act, "says"), *say)


def _wordless(institution: Institution, act: Act) -> Iterator[Finding]:
    """People who are answered or told get words; a case that called gets its fields."""
    persons = {n for n, p in institution.parties.items() if p.who == "person"}
    if act.says and not act.answers and not act.tells:
        say = "says 没有人听：tells 和 answers 都没写。", "Nobody hears `says`: there is neither `tells` nor `answers`."
        yield found("key-without-effect", mark_of(act, "says"), *say)
    elif not act.says and persons & set(act.answers):
        say = f"“{act.title.zh}”答复了当事人，却没有话。", f"{act.name} answers without words."
        yield found("answer-without-words", mark_of(act, "answers"), *say)
    elif not act.says and persons & set(act.tells):
        say = f"“{act.title.zh}”告知了当事人，却没有话。", f"{act.name} tells a person without words."
        yield found("told-without-words", mark_of(act, "tells"), *say)


def _idle(institution: Institution, placed: PlacedAct) -> Iterator[Finding]:
    """Keys that the kernel does not look at where they stand: a rule that silently would not hold."""
    act = placed.act
    idle: list[tuple[str, object, str, str]] = []
    if placed.where == "open":
        keys = ("at_most", "approves", "does", "counts", "only_in")
        idle = [(key, getattr(act, key), "开办动作上", "on the opening") for key in keys]
    if placed.where not in ("open", "anywhere"):
        idle.append(("only_in", act.only_in, "环节自己的动作上", "on an act of a stage"))
    rated = placed.where in institution.stages and institution.stages[placed.where].end
    if act.does != "pause" and not rated:
        idle.append(("within", act.within, "不暂停的动作上", "on an act that does not pause"))
    for key, value, zh, en in idle:
        if value not in (None, ()):
            yield found(
                "key-without-effect", mark_of(act, key), f"{key} 写在{zh}不起作用。", f"`{key}` has no effect {en}."
            )
    for name in act.only_in:
        if name in institution.stages and institution.stages[name].end:
            say = f"{name} 已经办结，这个动作在那里不会出现。", f"{name} is an end, where this act never appears."
            yield found("key-without-effect", mark_of(act, "only_in"), *say)


def _twice(institution: Institution, placed: PlacedAct) -> Iterator[Finding]:
    """Red line 9: what the system knows is not asked again. A date or units that a stage lives on are asked anew."""
    act, opening = placed.act, institution.open
    asked = (*act.needs, *act.may)
    for name in sorted({n for n in asked if asked.count(n) > 1}):
        say = f"“{act.title.zh}”要填两遍 {name}。", f"{act.name} asks for {name} twice."
        yield found("asked-twice", mark_of(act, "may" if name in act.may else "needs"), *say)
    stages = institution.stages.values()
    anew = {s.until for s in stages} | {s.calls.for_each for s in stages if s.calls}
    anew |= {s.meeting.agenda for s in stages if s.meeting} | {s.ballot.item for s in stages if s.ballot}
    for name in act.needs if act is not opening else ():
        if name in opening.needs and name not in anew:
            say = (
                f"“{act.title.zh}”又要填开办时填过的 {name}。",
                f"{act.name} asks for {name}, which the opening filled in.",
            )
            yield found("asked-twice", mark_of(act, "needs"), *say)


def _field_types(institution: Institution) -> Iterator[Finding]:
    def want(thing: Any, key: str, name: str | None, *kinds: str) -> Iterator[Finding]:
        field = institution.fields.get(name or "")
        if field and field.type not in kinds:
            zh, en = "或 ".join(kinds), " or ".join(kinds)
            say = f"{name} 的类型是 {field.type}，这里要 {zh}。", f"{name} is {field.type}; {en} is wanted here."
            yield found("wrong-field-type", mark_of(thing, key), *say)

    yield from want(institution, "against", institution.against, "units")
    for stage in institution.stages.values():
        yield from want(stage, "until", stage.until, "date")
        if stage.calls:
            yield from want(stage.calls, "for_each", stage.calls.for_each, "units", "items")
        for block, keys in BLOCK_TYPES.items():
            thing = getattr(stage, block)
            for key, kind in keys.items() if thing else ():
                yield from want(thing, key, getattr(thing, key), kind)
        for indicator in stage.score.indicators.values() if stage.score else ():
            yield from want(indicator, "field", indicator.field, "number")
    named = {institution.against, *(s.calls.for_each for s in institution.stages.values() if s.calls)}
    for field in institution.fields.values():
        if field.type == "units" and field.name not in named:
            say = f"{field.name} 填了单位，却既不回避也不吹哨。", f"{field.name} names units to no effect."
            yield found("units-without-use", field.mark, *say)
        if (field.type == "code") != (field.list is not None):
            say = (
                f"{field.name}：code 字段要写 list，别的字段不写。",
                f"{field.name}: a code field has a list, others have none.",
            )
            yield found("wrong-field-type", field.mark, *say)
        if (field.type == "case") != bool(field.of):
            say = (
                f"{field.name}：case 字段要写 of，别的字段不写。",
                f"{field.name}: a case field has `of`, others have none.",
            )
            yield found("wrong-field-type", field.mark, *say)
        for key, value, kind in (
            ("stages", field.stages, "case"),
            ("accept", field.accept, "files"),
            ("opens_to", field.opens_to, "sealed"),
        ):
            if value and kind not in (field.type, field.class_):
                say = f"{key} 只对 {kind} 字段起作用。", f"`{key}` works on {kind} fields only."
                yield found("key-without-effect", mark_of(field, key), *say)


def _unused(institution: Institution) -> Iterator[Finding]:
    acts: list[Act] = [p.act for p in acts_of(institution)]
    named = {n for a in acts for n in (*a.by, *a.answers, *a.tells, *([a.approves] if a.approves else []))}
    named |= {n for c in institution.clocks.values() for n in c.tells}
    named |= {n for f in institution.fields.values() for n in f.opens_to}
    named |= {s.holder for s in institution.stages.values() if s.holder} | {institution.raised_by}
    asked = {n for a in acts for n in (*a.needs, *a.may)}
    asked |= {n for s in institution.stages.values() if s.follows for n in s.follows.passes}
    groups = (
        ("角色", "role", institution.roles, named),
        ("当事人", "party", institution.parties, named),
        ("字段", "field", institution.fields, asked),
    )
    for zh, en, things, used in groups:
        for name in (n for n in things if n not in used):
            say = f"{zh} {name} 声明了却没有用到。", f"The {en} {name} is declared and never used."
            yield found("unused-name", things[name].mark, *say)


def _shared_counters(institution: Institution) -> Iterator[Finding]:
    seen: dict[str, PlacedAct] = {}
    for placed in acts_of(institution):
        first = seen.setdefault(placed.act.name, placed)
        bounded = placed.act.at_most is not None or first.act.at_most is not None
        if first is not placed and bounded:
            say = (
                f"{placed.act.name} 在 {first.where} 和 {placed.where} 共用一个次数。",
                f"{placed.act.name} at {first.where} and at {placed.where} share one count.",
            )
            yield found("shared-counter", mark_of(placed.act, "at_most"), *say)


def check_pack_words(pack: Pack) -> list[Finding]:
    """Texts of the pack's own files."""
    own = (pack.title, dict(pack.levels), dict(pack.duties), dict(pack.results), *map(dict, pack.lists.values()))
    return [f for text in texts(own) for f in check_text(text)]
