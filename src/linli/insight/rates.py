"""The rates of ``figures.yaml`` counted over cases: every part with its filter, what is left out, formula, date rule.

One statement counts all rates of an institution, however many cases there are, for the whole or for every unit, area,
category, level or period. The number and the list it opens come from the same :class:`Filters`, so they cannot differ.
No rate is ever of a person: neither those who raise matters nor those who handle them are counted one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db.models import Count, Q

from linli.drafting.figures import Figure, answers, applies, read_figures
from linli.insight.figures import BY_CLOSING_DAY, Part, Scope
from linli.kernel.calendar import SHANGHAI
from linli.kernel.institution import Institution, Pack, Text
from linli.ledger import filters as narrowing
from linli.ledger.filters import NONE, Filters
from linli.ledger.marks import EXTENDED, answered, raised
from linli.ledger.titles import result_title

ON_TIME = "on_time"
SMALL = 10
"""A rate over fewer cases than this says little: it is marked, and listed after the others."""
UNNAMED = "unknown"
UNRATED = Text("没有评价的", "Not rated")
UNKNOWN = Text("不知道是谁反映的", "Nobody knows who raised it")
AGAIN = Text("同一人同一处又反映的", "Raised again by the same person at the same place")
NO_RESULT = Text("没有结果", "No result")
STILL = Text("逾期未办结", "Open and overdue")


OF_CLOSED = Text(
    "按时办结 ÷（按时办结＋超时办结）。承诺的时限到过期的，即使后来办结也算超时。",
    "Closed in time ÷ (closed in time + closed late). "
    "A case whose promised time ran out counts as late even if it was closed afterwards.",
)
WITH_OPEN = Text(
    "按时办结 ÷（按时办结＋超时办结＋现在仍逾期未办结的）。承诺的时限到过期的，即使后来办结也算超时。",
    "Closed in time ÷ (closed in time + closed late + open and overdue now). "
    "A case whose promised time ran out counts as late even if it was closed afterwards.",
)


@dataclass(frozen=True, slots=True)
class Counted:
    """A part of the denominator; ``weight`` is how much of a case counts as good, in percent."""

    part: Part
    weight: int
    source: str = ""


@dataclass(frozen=True, slots=True)
class Measure:
    """One rate of one institution. ``assumed``: a weight is nobody's decision but an assumption of the pack."""

    name: str
    title: Text
    parts: tuple[Counted, ...]
    excluded: tuple[Part, ...]
    formula: Text
    source: str
    date_rule: Text = BY_CLOSING_DAY
    less: bool = False
    figure: Figure | None = None

    @property
    def whole(self) -> int:
        """The denominator."""
        return sum(c.part.value for c in self.parts)

    @property
    def percent(self) -> float | None:
        """With one decimal; None of nothing."""
        good = sum(c.part.value * c.weight for c in self.parts)
        return round(good / self.whole, 1) if self.whole else None

    @property
    def left_out(self) -> int:
        """How many closed cases are not in the denominator."""
        return sum(p.value for p in self.excluded)

    @property
    def small(self) -> bool:
        """Over too few cases to say much."""
        return 0 < self.whole < SMALL

    @property
    def assumed(self) -> bool:
        """Whether a weight in it is an assumption that makes a difference."""
        return any(c.source.startswith("assumption") and c.weight not in (0, 100) for c in self.parts)


@dataclass(frozen=True, slots=True)
class Spec:
    """A part before it is counted: what is asked besides the period and place."""

    title: Text
    asks: Mapping[str, Any]
    weight: int = 0
    source: str = ""
    key: str = ""


Fit = Callable[[str | None, frozenset[str], bool], bool]
"""Whether cases with this result and these marks, raised by somebody known or not, count in a part."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A rate before it is counted."""

    name: str
    title: Text
    parts: tuple[Spec, ...]
    excluded: tuple[Spec, ...]
    formula: Text
    source: str
    less: bool = False
    figure: Figure | None = None


def plans(pack: Pack, institution: Institution, on: date) -> list[Plan]:
    """Every rate that cases of ``institution`` can count in, as it holds on ``on``: in time first, then figures.yaml's.

    A weight that no day covers leaves the rate out.
    """
    found = [_in_time(institution)] if narrowing.late_counters(institution) else []
    for figure in read_figures(pack)[0].figures.values():
        if applies(pack, institution, figure):
            try:
                found.append(_plan(pack, institution, figure, on))
            except LookupError:
                continue
    return found


def _in_time(institution: Institution) -> Plan:
    title = institution.title
    return Plan(
        name=ON_TIME,
        title=Text(f"{title.zh}按时率", f"In time: {title.en}"),
        parts=(
            Spec(Text("按时办结", "Closed in time"), {"late": "no", "counted": "yes"}, 100),
            Spec(Text("超时办结", "Closed late"), {"late": "yes", "counted": "yes"}),
        ),
        excluded=(),
        formula=OF_CLOSED,
        source=institution.source,
    )


def _plan(pack: Pack, institution: Institution, figure: Figure, on: date) -> Plan:
    counted: dict[str, Any] = {} if figure.every else {"counted": "yes"}
    parts, excluded = _parts(pack, institution, figure, on)
    among = {"counter": (figure.among,)} if figure.among else {}

    def whole(spec: Spec) -> Spec:
        asks = {**counted, **spec.asks}
        both = (*spec.asks.get("counter", ()), *among.get("counter", ()))
        return replace(spec, asks=asks | ({"counter": both} if both else {}))

    return Plan(
        figure.name, figure.title, tuple(whole(s) for s in parts), tuple(whole(s) for s in excluded),
        _formula(figure, parts), figure.source, figure.less, figure,
    )  # fmt: skip


def _parts(pack: Pack, institution: Institution, figure: Figure, on: date) -> tuple[list[Spec], list[Spec]]:
    """What is counted and what is left out, besides results that never count."""
    hit = figure.hit or figure.title
    rest = figure.rest or Text("其余的", "The others")
    if figure.field:
        rated = [
            _answer(pack, figure, value, title, on) for value, title in answers(pack, institution, figure.field).items()
        ]
        return rated, [Spec(UNRATED, {"answer": (f"{figure.field}={NONE}",)}, key=NONE)]
    if figure.result:
        others = tuple(r for r in (*pack.results, NONE) if r not in figure.result)
        return [Spec(hit, {"result": figure.result}, 100), Spec(rest, {"result": others})], []
    if figure.does:
        return [Spec(hit, {"extended": "yes"}, 100), Spec(rest, {"extended": "no"})], []
    raised = Spec(hit, {"counter": (figure.counter,)}, 100) if figure.counter else None
    if figure.within:
        days = pack.dated(figure.within, on).value
        alone = {"without": (figure.counter,)} if figure.counter else {}
        again = Spec(_again(days), {**alone, "repeat": f"yes:{days}"}, 100)
        first = Spec(rest, {**alone, "repeat": f"no:{days}"})
        unknown = Spec(UNKNOWN, {**alone, "repeat": UNNAMED}, key=UNNAMED)
        return [*([raised] if raised else []), again, first], [unknown]
    return [*([raised] if raised else []), Spec(rest, {"without": (figure.counter,)})], []


def _again(days: int) -> Text:
    return Text(f"{days} 天内{AGAIN.zh}", f"{AGAIN.en} within {days} days")


def _answer(pack: Pack, figure: Figure, value: str, title: Text, on: date) -> Spec:
    weight = pack.dated(figure.weights[value], on)
    said = {"yes": figure.hit, "no": figure.rest}.get(value)  # “yes” alone says nothing
    title = said or title
    return Spec(title, {"answer": (f"{figure.field}={value}",)}, weight.value, weight.source, value)


def _formula(figure: Figure, parts: Sequence[Spec]) -> Text:
    """The formula in words, drawn from the parts that are counted: it cannot say anything else."""
    good = [s for s in parts if s.weight]

    def side(lang: str, specs: Iterable[Spec], weighted: bool) -> str:
        plus = "＋" if lang == "zh" else " + "
        words = [s.title.in_(lang) + (f"×{s.weight}%" if weighted and s.weight != 100 else "") for s in specs]
        return plus.join(words)

    def over(lang: str, text: str, several: bool) -> str:
        return text if not several else (f"（{text}）" if lang == "zh" else f"({text})")

    zh = f"{over('zh', side('zh', good, True), len(good) > 1)} ÷{over('zh', side('zh', parts, False), True)}".replace(
        "） ÷", "）÷"
    )
    en = f"{over('en', side('en', good, True), len(good) > 1)} ÷ {over('en', side('en', parts, False), True)}"
    return Text(f"{zh}。", f"{en}.")


# --- counting


def closed(institution: str, first: date, last: date, area: str = "") -> Filters:
    """What was closed on the days ``first`` to ``last``."""
    return Filters(state="closed", institution=(institution,), area=area, closed_from=first, closed_to=last)


def measures(
    scope: Scope, institution: Institution, base: Filters, wanted: Iterable[str] = (), still: bool = True
) -> list[Measure]:
    """The rates of ``institution`` over ``base`` (see :func:`closed`); ``wanted`` names some of them, none all.

    ``still`` puts what is open and overdue now into the denominator of the rate in time. Three statements in all.
    """
    on = base.closed_to or scope.now.astimezone(SHANGHAI).date()
    chosen = [p for p in plans(scope.pack, institution, on) if not wanted or p.name in set(wanted)]
    specs = [s for p in chosen for s in (*p.parts, *p.excluded)]
    sums = tally(scope, base, specs)[()]
    values, results = iter(sums.counts), left_out(scope, base, sums.results)
    made = [measured(p, base, values, [] if p.figure and p.figure.every else results) for p in chosen]
    return [_with_open(scope, m, base) if still and m.name == ON_TIME else m for m in made]


def measured(plan: Plan, base: Filters, values: Any, results: Sequence[Part]) -> Measure:
    def counted(spec: Spec) -> Part:
        return Part(spec.title, next(values), base.but(**spec.asks), spec.key)

    parts = tuple(Counted(counted(s), s.weight, s.source) for s in plan.parts)
    excluded = (*(counted(s) for s in plan.excluded), *results)
    return Measure(
        plan.name, plan.title, parts, excluded, plan.formula, plan.source, less=plan.less, figure=plan.figure
    )  # fmt: skip


def _with_open(scope: Scope, measure: Measure, base: Filters) -> Measure:
    return with_open(measure, scope.part(STILL, open_instead(base)))


def with_open(measure: Measure, late: Part) -> Measure:
    """The rate in time with what is open and overdue in its denominator."""
    return replace(measure, parts=(*measure.parts, Counted(late, 0)), formula=WITH_OPEN)


def open_instead(base: Filters) -> Filters:
    """The same narrowing over what is open and overdue now."""
    return base.but(state="open", closed_from=None, closed_to=None, overdue=True)


def result_counts(pack: Pack, result: str | None) -> bool:
    """Whether cases that came out so are in the figures; one without a result is not."""
    return result is not None and result in pack.results and pack.results[result].counts == "closed"


def left_out(scope: Scope, base: Filters, results: Mapping[str | None, int]) -> list[Part]:
    """Closed cases whose result never counts, or that have none, by result, the most first."""
    some = sorted(results.items(), key=lambda p: (-p[1], p[0] or ""))
    return [
        Part(result_title(scope.pack, r) if r else NO_RESULT, n, base.but(result=(r or NONE,)), r or NONE)
        for r, n in some
        if not result_counts(scope.pack, r)
    ]


@dataclass(slots=True)
class Sums:
    """What a group of cases adds up to: how many fit each spec, and how many came out with each result."""

    counts: list[int]
    results: dict[str | None, int]

    def add(self, other: Sums) -> None:
        """Take ``other`` in."""
        self.counts = [a + b for a, b in zip(self.counts, other.counts, strict=True)]
        for result, n in other.results.items():
            self.results[result] = self.results.get(result, 0) + n


def tally(
    scope: Scope, base: Filters, specs: Sequence[Spec], *columns: str, **also: Any
) -> dict[tuple[Any, ...], Sums]:
    """For each combination of ``columns`` (() for the whole) how many cases fit each of ``specs``.

    One statement groups the cases by result and marks, of which there are few combinations, and reads nothing but an
    index; what the same person raised before needs a look at other cases, and one more statement.
    """
    found = scope.found(base).order_by()
    found = found.annotate(**also) if also else found
    sums: dict[tuple[Any, ...], Sums] = {} if columns else {(): Sums([0] * len(specs), {})}
    fits = [(n, _fitting(scope, base, s.asks)) for n, s in enumerate(specs) if s.asks.get("repeat") in (None, UNNAMED)]
    rows = found.annotate(named=Q(reporter__isnull=False)).values(*columns, "result", "marks", "named")
    for row in rows.annotate(many=Count("*")):
        here = sums.setdefault(tuple(row[c] for c in columns), Sums([0] * len(specs), {}))
        here.results[row["result"]] = here.results.get(row["result"], 0) + row["many"]
        marks = frozenset(row["marks"])
        for n, fit in fits:
            if fit(row["result"], marks, row["named"]):
                here.counts[n] += row["many"]
    slow = {
        f"n{n}": _counting(scope, s.asks) for n, s in enumerate(specs) if s.asks.get("repeat") not in (None, UNNAMED)
    }
    if slow:
        some = found.filter(reporter__isnull=False)
        for row in some.values(*columns).annotate(**slow) if columns else [some.aggregate(**slow)]:
            for name in slow:
                sums[tuple(row[c] for c in columns)].counts[int(name[1:])] = row[name]
    return sums


def _counting(scope: Scope, asks: Mapping[str, Any]) -> Count:
    condition = narrowing.condition(Filters(**asks), scope.pack, scope.registry, scope.now, scope.who)
    return Count("pk", filter=condition)


def _fitting(scope: Scope, base: Filters, asks: Mapping[str, Any]) -> Fit:
    """The same as the filters' condition, over result and marks. Tests hold the two together, part by part."""
    institution = scope.pack.institutions[base.institution[0]]
    late = frozenset(narrowing.late_marks(institution))
    with_, without = ({raised(c) for c in asks.get(k, ())} for k in ("counter", "without"))
    wanted = {a for a in asks.get("answer", ()) if not a.endswith(f"={NONE}")}
    unanswered = [
        _every_answer(scope, institution, a.partition("=")[0]) for a in asks.get("answer", ()) if a not in wanted
    ]
    results, counted = asks.get("result"), asks.get("counted")

    def fit(result: str | None, marks: frozenset[str], named: bool) -> bool:
        if named and asks.get("repeat") == UNNAMED:
            return False
        if counted and result_counts(scope.pack, result) is not (counted == "yes"):
            return False
        if results and (result or NONE) not in results:
            return False
        if "late" in asks and bool(late & marks) is not (asks["late"] == "yes"):
            return False
        if "extended" in asks and (EXTENDED in marks) is not (asks["extended"] == "yes"):
            return False
        if (wanted and not wanted & marks) or any(every & marks for every in unanswered):
            return False
        return with_ <= marks and not without & marks

    return fit


def _every_answer(scope: Scope, institution: Institution, name: str) -> frozenset[str]:
    return frozenset(answered(name, value) for value in answers(scope.pack, institution, name))
