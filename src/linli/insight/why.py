"""“Why?” asked of a figure: its formula with the numbers put in, what is left out, by which day, and whose target.

The parts are the figure's own, each with the filter that lists exactly its cases, so every answer opens to its records.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from linli.drafting.why import Piece, Rule, Step, Value, Why, day_words, rule, said, value
from linli.insight import figures, rates, shares
from linli.insight.figures import AS_OF_NOW, Part, Rate, Scope
from linli.insight.rates import Measure
from linli.insight.shares import Report721, Tier
from linli.kernel.calendar import SHANGHAI
from linli.kernel.institution import NOWHERE, Dated, Institution, Text
from linli.ledger import queries
from linli.ledger.filters import Filters

COUNTS = {
    "open": Text("没有办结的事项，一件算一件；被请来一起办的单位那一件，也各算一件。",
                 "Every case that is not closed; the case of each called unit counts as one too."),
    "soon": Text("没有办结、24 小时内有时限要到期的。", "Open, with a clock that runs out within 24 hours."),
    "overdue": Text("没有办结、至少有一个时限已经过了的；暂停计时期间不算过期。",
                    "Open, with at least one clock that has run out; while the clocks stand, none runs out."),
}  # fmt: skip
SEEN = Text("只数您职责范围内看得到的事项。", "Only cases within your own duties are counted.")
NEVER_HOLDS = Text(
    "目标只作对照：无论差多少，都不会拦住往上报。", "The target is for comparison: it never stops a case from going up."
)
STAYS_LATE = Text(
    "承诺过期的，后来办结了也算超时；撤回等不计入的单列。",
    "What ran out stays late even once it is closed; what does not count is listed apart.",
)


def names(scope: Scope) -> list[str]:
    """Every figure that may be asked about: ``open``, ``soon``, ``overdue``, ``gaps``, ``tier:LEVEL``,
    ``on_time:INSTITUTION``, ``RATE:INSTITUTION`` for each of figures.yaml, and ``unit:CODE`` for called units.
    """
    used = {t for n in figures.tiered(scope.pack) for t in figures.tiers_of(scope.pack.institutions[n])}
    tiers = [f"tier:{level}" for level in reversed(list(scope.pack.levels)) if level in used]
    on = scope.now.astimezone(SHANGHAI).date()
    every = ((p, i) for i in scope.pack.institutions.values() for p in rates.plans(scope.pack, i, on))
    of_files = (f"{p.name}:{i.name}" for p, i in every if p.figure)
    return [*COUNTS, "gaps", *tiers, *(f"on_time:{n}" for n in scope.pack.institutions), *of_files]


def figure(
    scope: Scope, name: str, first: date, last: date, area: str = "", unit: str = "", category: tuple[str, ...] = ()
) -> Why:
    """The answer for one figure over the days ``first`` to ``last``; LookupError for a name that is none.

    ``area`` is the code of an area, "" for everything the viewer sees; ``unit`` and ``category`` narrow the rates of an
    institution further.
    """
    kind, _, key = name.partition(":")
    if (unit or category) and key in scope.pack.institutions:
        return _narrowed(scope, name, rates.closed(key, first, last, area).but(unit=unit, category=category))
    if name in COUNTS:
        return _count(scope, name, area)
    if name == "gaps":
        return _gaps(scope)
    if kind == "tier" and key in scope.pack.levels:
        return _tier(scope, shares.report_721(scope, first, last, area), key)
    if kind == "on_time" and key in scope.pack.institutions:
        found = figures.on_time(scope, key, first, last, area)
        return _on_time(scope, scope.pack.institutions[key], name, found, first, last)
    if kind == "unit":
        for unit, rate in figures.responses(scope, first, last, area):
            if rate.good.filters.unit == key:
                return _rate(scope, name, unit, rate, first, last)
    if key in scope.pack.institutions:
        return _narrowed(scope, name, rates.closed(key, first, last, area))
    raise LookupError(f"no figure is called {name}")


def _narrowed(scope: Scope, name: str, base: Filters) -> Why:
    kind, _, key = name.partition(":")
    for measure in rates.measures(scope, scope.pack.institutions[key], base, (kind,)):
        if base.closed_from and base.closed_to:
            return _of_file(scope, name, measure, base.closed_from, base.closed_to)
    raise LookupError(f"no figure is called {name}")


def _of_file(scope: Scope, name: str, measure: Measure, first: date, last: date) -> Why:
    """A rate of figures.yaml: the line that defines it, the numbers put in, and the weight nobody has decided."""
    title, dated = measure.title, _weight(scope, measure, last)
    mark = measure.figure.mark if measure.figure else NOWHERE
    return Why(
        what=name,
        asks=Text(f"“{title.zh}”是怎么算的？", f"How is “{title.en}” computed?"),
        says=_put_in(measure),
        rule=Rule(scope.pack.name, scope.pack.title, "", None, None, measure.name, mark, measure.formula),
        value=dated,
        source=measure.source,
        steps=(Step("formula", measure.formula), _days(first, last), *_scope(scope)),
        changes=(
            Text("评价改了、补记了，或者又办结了，都会改变它；不计入的另外列出。",
                 "A changed rating, a later record or another closing changes it; what is left out is listed apart."),
            NEVER_HOLDS,
        ),
        pieces=_counted(measure),
    )  # fmt: skip


def _put_in(measure: Measure) -> Text:
    if measure.percent is None:
        return Text("这段时间没有可以计算的事项。", "Nothing to count in this period.")
    some = [c for c in measure.parts if c.weight]
    good = " + ".join(f"{c.part.value}" + ("" if c.weight == 100 else f"×{c.weight}%") for c in some)
    whole = " + ".join(str(c.part.value) for c in measure.parts)
    zh, en = f"（{good}）÷（{whole}）= {measure.percent}%。", f"({good}) ÷ ({whole}) = {measure.percent}%."
    if measure.assumed:
        zh += "权重是假设：没有找到公开的标准。"
        en += " The weights are an assumption: no published standard was found."
    return Text(zh, en)


def _weight(scope: Scope, measure: Measure, on: date) -> Value | None:
    """The dated weight that is nobody's decision, if the rate has one."""
    names = measure.figure.weights.values() if measure.figure else ()
    found = [(n, scope.pack.dated(n, on)) for n in dict.fromkeys(names)]
    return next((value(n, d) for n, d in found if d.value not in (0, 100)), None)


def _counted(measure: Measure) -> tuple[Piece, ...]:
    parts = tuple(_piece("good" if c.weight else "other", c.part) for c in measure.parts)
    return (*parts, *(_piece("excluded", p) for p in measure.excluded))


def _count(scope: Scope, name: str, area: str) -> Why:
    part = next(p for p in figures.pressing(scope, area) if p.key == name)
    return Why(
        what=name,
        asks=Text(f"“{part.title.zh}”是怎么数的？", f"How is “{part.title.en}” counted?"),
        says=Text(f"{part.value} 件：{COUNTS[name].zh}", f"{part.value}: {COUNTS[name].en}"),
        steps=(Step("date_rule", AS_OF_NOW, scope.now), *_scope(scope)),
        changes=(
            Text(
                "办结、到期、延期、暂停，都会马上改变它。",
                "Closing, running out, extending or pausing changes it at once.",
            ),
        ),
        pieces=(_piece("good", part),),
    )


def _gaps(scope: Scope) -> Why:
    """Vacant posts: no case is counted, so nothing opens but the list itself."""
    n = len(queries.gaps(scope.who, scope.now))
    duties = [d for d in scope.pack.duties.values() if d.above]
    zh = "；".join(f"{d.title.zh}空缺，由{scope.pack.duties[d.above or ''].title.zh}代办" for d in duties)
    en = "; ".join(f"{scope.pack.duties[d.above or ''].title.en} stands in for {d.title.en}" for d in duties)
    return Why(
        what="gaps",
        asks=Text("“空缺的岗位”是怎么数的？", "How are vacant posts counted?"),
        says=Text(
            f"{n} 个：制度里要有人、今天没有人担任的岗位，每个地方、每个单位各算一个。",
            f"{n}: posts that the institutions count on and nobody holds today, at each place or unit.",
        ),
        steps=(Step("ladder", Text(f"{zh}。", f"{en}.")), *_scope(scope)),
        changes=(
            Text("任命了人，就不再空缺，手上的事自动转过去。", "An appointment fills it, and its cases go there."),
        ),
    )


def _tier(scope: Scope, report: Report721, level: str) -> Why:
    tier = next((t for t in report.tiers if t.part.key == level), None)
    if tier is None:
        raise LookupError(f"no case counts under the level {level}")
    others = [t.part for t in report.tiers if t is not tier]
    title, dated = tier.part.title, _target(scope, tier, level)
    return Why(
        what=f"tier:{level}",
        asks=Text(f"“{title.zh}”的占比是怎么来的？", f"How does the share of “{title.en}” come about?"),
        says=_share(tier, report),
        rule=_level(scope, tier, level),
        value=dated,
        source=dated.source if dated else "",
        steps=(Step("formula", report.formula), _days(report.first, report.last), *_scope(scope)),
        changes=(
            Text("事项在哪一级办结就算在哪一级；重新办理的，按最后办结的那一级算一次。",
                 "A case counts at the level that closed it; one that was reopened counts once, where it ended."),
            NEVER_HOLDS,
        ),
        pieces=_pieces(tier.part, others, report.excluded),
    )  # fmt: skip


def _share(tier: Tier, report: Report721) -> Text:
    n, whole = tier.part.value, report.whole.value
    if tier.percent is None:
        return Text("这段时间没有计入的办结事项，算不出占比。", "Nothing that counts was closed, so there is no share.")
    zh, en = f"{n} ÷ {whole} = {tier.percent}%", f"{n} ÷ {whole} = {tier.percent}%"
    if tier.aim:
        off = tier.off or 0
        zh += f"；参考目标 {tier.target}%，" + (
            "正好。" if off == 0 else f"{'高' if off > 0 else '低'} {abs(off)} 个百分点。"
        )
        en += (
            f"; the target is {tier.target}%, {off:+} points away." if off else f"; just the target of {tier.target}%."
        )
        return Text(zh, en)
    return Text(f"{zh}。", f"{en}.")


def _level(scope: Scope, tier: Tier, level: str) -> Rule:
    found = scope.pack.levels[level]
    mark = found.marks.get("target", found.mark)
    zh = f"{found.title.zh}一级的目标，和期内办结的全部事项对照。" if tier.aim else f"{found.title.zh}一级没有定目标。"
    en = "A target, compared with everything closed in the period." if tier.aim else "No target is set for this level."
    return Rule(scope.pack.name, scope.pack.title, "", None, None, "target", mark, Text(zh, en))


def _target(scope: Scope, tier: Tier, level: str) -> Value | None:
    return value(scope.pack.levels[level].target[0], tier.aim.share) if tier.aim else None


def _on_time(scope: Scope, institution: Institution, name: str, rate: Rate, first: date, last: date) -> Why:
    found = _rate(scope, name, "", rate, first, last)
    clock = next(iter(institution.clocks.values()), None)
    if clock is None:
        return found
    on = scope.now.astimezone(SHANGHAI).date()
    words = said(scope.pack, institution, on, lambda r: r.clock(clock.name))
    dated = _usual(scope, clock.limit, on)
    return Why(
        found.what, found.asks, found.says, rule(institution, words, "limit", clock),
        value(clock.limit, dated) if dated else None, dated.source if dated else institution.source,
        found.steps, found.changes, found.pieces,
    )  # fmt: skip


def _usual(scope: Scope, parameter: str, on: date) -> Dated | None:
    """The value for cases that no condition singles out."""
    try:
        return scope.pack.dated(parameter, on)
    except LookupError:
        return None


def _rate(scope: Scope, name: str, of: str, rate: Rate, first: date, last: date) -> Why:
    percent = "—" if rate.percent is None else f"{rate.percent}%"
    added = " + ".join(str(p.value) for p in (rate.good, *rate.others))
    says = Text(
        f"{rate.good.value} ÷（{added}）= {percent}。" if rate.whole else "这段时间没有可以计算的事项。",
        f"{rate.good.value} ÷ ({added}) = {percent}." if rate.whole else "Nothing to count in this period.",
    )
    return Why(
        what=name,
        asks=Text(f"“{of}{rate.title.zh}”是怎么算的？", f"How is “{rate.title.en}” computed? {of}".strip()),
        says=says,
        steps=(Step("formula", rate.formula), _days(first, last), *_scope(scope)),
        changes=(STAYS_LATE,),
        pieces=_pieces(rate.good, rate.others, rate.excluded),
    )


def _days(first: date, last: date) -> Step:
    a, b = day_words(first), day_words(last)
    rule = figures.BY_CLOSING_DAY
    return Step("date_rule", Text(f"{rule.zh}：{a.zh}至{b.zh}。", f"{rule.en}: {a.en} to {b.en}."))


def _scope(scope: Scope) -> Iterator[Step]:
    if scope.who is not None:
        yield Step("scope", SEEN)


def _pieces(good: Part, others: Iterable[Part], excluded: Iterable[Part]) -> tuple[Piece, ...]:
    return (
        _piece("good", good),
        *(_piece("other", p) for p in others),
        *(_piece("excluded", p) for p in excluded),
    )


def _piece(role: str, part: Part) -> Piece:
    return Piece(role, part.title, part.value, part.filters.query())
