"""Rates as a table that leaves the system: one row for each part, with its formula, dates and what is left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from linli.insight.figures import Part, Scope
from linli.insight.groups import Line
from linli.insight.rates import Measure
from linli.kernel.institution import Institution, Text
from linli.ledger.filters import Filters

HEAD = (
    Text("制度", "Institution"), Text("从", "From"), Text("到", "To"), Text("范围", "Scope"), Text("比率", "Rate"),
    Text("百分比", "Percent"), Text("项", "Part"), Text("件数", "Cases"), Text("权重（%）", "Weight (%)"),
    Text("是否计入分母", "In the denominator"), Text("公式", "Formula"), Text("时间口径", "Date rule"),
    Text("权重是假设", "Weights are an assumption"), Text("筛选条件", "Filter"),
)  # fmt: skip
WHOLE = Text("全部", "All")


def rows(
    scope: Scope, institution: Institution, base: Filters, whole: Sequence[Measure], lines: Iterable[Line], lang: str
) -> Iterator[list[str]]:
    """The head, the whole, then every line; the same numbers as on the page, for the same viewer."""
    yield [t.in_(lang) for t in HEAD]
    about = [institution.title.in_(lang), str(base.closed_from or ""), str(base.closed_to or "")]
    for measure in whole:
        yield from _rows([*about, WHOLE.in_(lang)], measure, lang)
    for line in lines:
        for measure in line.measures:
            yield from _rows([*about, line.group.title.in_(lang)], measure, lang)


def _rows(about: list[str], measure: Measure, lang: str) -> Iterator[list[str]]:
    percent = "" if measure.percent is None else str(measure.percent)
    yes, no = ("是", "否") if lang == "zh" else ("yes", "no")
    tail = [measure.formula.in_(lang), measure.date_rule.in_(lang), yes if measure.assumed else no]
    for counted in measure.parts:
        part = counted.part
        cells = [part.title.in_(lang), str(part.value), str(counted.weight), yes]
        yield [*about, measure.title.in_(lang), percent, *cells, *tail, part.filters.query()]
    for part in measure.excluded:
        cells = [part.title.in_(lang), str(part.value), "", no]
        yield [*about, measure.title.in_(lang), percent, *cells, *tail, part.filters.query()]


def text(words: Text) -> dict[str, str]:
    """Both languages."""
    return {"zh": words.zh, "en": words.en}


def _part(part: Part) -> dict[str, Any]:
    return {"title": text(part.title), "count": part.value, "open": part.filters.query()}


def as_values(measure: Measure) -> dict[str, Any]:
    """A rate as plain values. ``open`` is the query string that lists exactly these cases in the pages and the API."""
    return {
        "rate": measure.name,
        "title": text(measure.title),
        "percent": measure.percent,
        "whole": measure.whole,
        "parts": [_part(c.part) | {"weight": c.weight} for c in measure.parts],
        "excluded": [_part(p) for p in measure.excluded],
        "formula": text(measure.formula),
        "dates": text(measure.date_rule),
        "assumption": measure.assumed,
        "few": measure.small,
        "source": measure.source,
    }
