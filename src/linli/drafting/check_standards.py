"""Standards can be computed, can fail, have a source and examples, and open a gap case that somebody holds."""

from __future__ import annotations

from collections.abc import Iterator

from linli.drafting import conditions
from linli.drafting.check_conditions import computed, constant, wrong
from linli.drafting.check_dates import NO_SOURCE
from linli.drafting.check_names import mark_of
from linli.drafting.check_words import check_text, placeholders, texts
from linli.drafting.codes import found
from linli.drafting.conditions import Bounds
from linli.drafting.finding import Finding, nearest
from linli.drafting.standards import OPENING, Standard, Standards, example_facts, judge, kinds_of_unit, names
from linli.kernel.institution import Pack


def check_standards(pack: Pack, standards: Standards) -> list[Finding]:
    """Everything that is wrong with the standards of a pack."""
    findings = [f for m in standards.registers.values() for text in texts(dict(m)) for f in check_text(text)]
    for standard in standards.standards.values():
        findings += [f for text in texts(standard) for f in check_text(text)]
        unknown = list(_over(pack, standard))
        findings += [*unknown, *_source(standard), *_opens(pack, standard)]
        findings += [] if unknown else _condition(pack, standards, standard)
    return findings


def _over(pack: Pack, standard: Standard) -> Iterator[Finding]:
    known = {*pack.levels, *kinds_of_unit(pack)}
    if standard.over not in known:
        say = f"没有 {standard.over} 这一级或者这种单位。", f"There is no level or kind of unit {standard.over}."
        remedy = nearest(standard.over, known)
        yield found("standard-not-over-anything", mark_of(standard, "over"), *say, remedy=remedy)


def _source(standard: Standard) -> Iterator[Finding]:
    if NO_SOURCE.fullmatch(standard.source):
        say = f"标准 {standard.name} 没有出处。", f"The standard {standard.name} has no source."
        yield found("standard-without-source", mark_of(standard, "source"), *say)


def _opens(pack: Pack, standard: Standard) -> Iterator[Finding]:
    gap = pack.institutions.get(standard.opens)
    if gap is None:
        say = f"没有名为 {standard.opens} 的制度。", f"There is no institution called {standard.opens}."
        remedy = nearest(standard.opens, pack.institutions)
        yield found("standard-cannot-open", mark_of(standard, "opens"), *say, remedy=remedy)
        return
    lacking = [n for n in gap.open.needs if n not in OPENING]
    taken = [n for n in OPENING if n in (*gap.open.needs, *gap.open.may)]
    foreign = [n for n in taken if n not in gap.fields or gap.fields[n].type != "text"]
    if (
        "clock" not in gap.open.by
        or lacking
        or foreign
        or len(taken) < len(OPENING)
        or gap.valid_from > standard.valid_from
    ):
        say = f"{gap.name} 不能由标准开办。", f"{gap.name} cannot be opened by a standard."
        yield found("standard-cannot-open", mark_of(standard, "opens"), *say)


def _condition(pack: Pack, standards: Standards, standard: Standard) -> Iterator[Finding]:
    known = names(pack, standards, standard.over)
    fault = computed(standard.condition, known)
    unknown = sorted(
        w for w in conditions.used(standard.condition) if fault and f"'{w}'" in str(fault) and w not in known
    )
    if unknown and "undeclared reference" in str(fault):
        say = f"登记册里没有 {unknown[0]}。", f"No register holds {unknown[0]}."
        remedy = nearest(unknown[0], known)
        yield found("standard-field-undeclared", mark_of(standard, "condition"), *say, remedy=remedy)
    elif fault:
        yield wrong(standard, "condition", standard.condition, fault, known)
    else:
        bounds = {n: Bounds(low=0) for n, kind in known.items() if kind == "int"}
        told = list(constant(standard, "condition", standard.name, conditions.judge(standard.condition, known, bounds)))
        yield from told or _examples(pack, standards, standard, known)
        yield from _evidence(pack, standards, standard)


def _examples(pack: Pack, standards: Standards, standard: Standard, known: dict[str, str]) -> Iterator[Finding]:
    shown = set()
    for example in standard.examples:
        try:
            came = judge(pack, standards, standard, dict(example_facts(known, example))).holds
        except ValueError as fault:
            say = f"例子写得不对（{fault}）。", f"The example cannot be read ({fault})."
            yield found("standard-example-fails", example.mark, *say)
            continue
        shown.add(example.holds)
        if came is not example.holds:
            words = {True: ("达标", "kept"), False: ("不达标", "broken"), None: ("缺数据", "unknown")}[came]
            say = f"这个例子算出来是{words[0]}。", f"This example comes out {words[1]}."
            yield found("standard-example-fails", example.mark, *say)
    if len(shown) < 2:
        lack = ("达标", "that keeps it") if True not in shown else ("不达标", "that breaks it")
        say = f"标准 {standard.name} 没有{lack[0]}的例子。", f"{standard.name} has no example {lack[1]}."
        yield found("standard-without-scenario", mark_of(standard, "examples"), *say)


def _evidence(pack: Pack, standards: Standards, standard: Standard) -> Iterator[Finding]:
    zh, en = placeholders(standard.evidence.zh), placeholders(standard.evidence.en)
    if zh is None or en is None:
        say = "evidence 里的花括号写得不对。", "The braces of `evidence` are broken."
        yield found("says-broken", mark_of(standard, "evidence"), *say)
        return
    used = conditions.used(standard.condition) & set(names(pack, standards, standard.over))
    for name in sorted((zh | en) - used):
        say = (
            f"evidence 里的 {{{name}}} 不在条件里，填不出来。",
            f"{{{name}}} is not in the condition and is never filled in.",
        )
        yield found("undeclared-name", mark_of(standard, "evidence"), *say)
