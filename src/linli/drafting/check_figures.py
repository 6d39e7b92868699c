"""What figures.yaml says can be counted: one thing each, with a weight for every answer and parameters that exist."""

from __future__ import annotations

from collections.abc import Iterator

from linli.drafting.check_dates import NO_SOURCE
from linli.drafting.check_names import mark_of
from linli.drafting.check_words import check_text, texts
from linli.drafting.codes import found
from linli.drafting.figures import Figure, Figures, answers, kinds
from linli.drafting.finding import Finding
from linli.kernel.institution import Pack, Text

TAKEN = ("tier", "unit", "on_time", "open", "soon", "overdue", "gaps")
"""Names that “why?” uses for figures every city has."""


def check_figures(pack: Pack, figures: Figures) -> list[Finding]:
    """Everything that is wrong with the figures of a pack."""
    findings: list[Finding] = []
    for figure in figures.figures.values():
        findings += [f for text in texts(figure) if isinstance(text, Text) for f in check_text(text)]
        findings += _unclear(pack, figure)
    return findings


def _unclear(pack: Pack, figure: Figure) -> Iterator[Finding]:
    named = list(kinds(figure))
    if figure.name in TAKEN:
        yield _say(figure, "title", f"{figure.name} 这个名字已有别的用处。", f"The name {figure.name} is taken.")
    if len(named) != 1:
        zh, en = f"{figure.name} 要数的东西不明确。", f"What {figure.name} counts is not clear."
        yield _say(figure, "title", zh, en)
    if NO_SOURCE.fullmatch(figure.source):
        yield _say(figure, "source", f"{figure.name} 没有依据。", f"{figure.name} has no source.")
    wanted = [(p, "weights", ("percent",)) for p in figure.weights.values()]
    wanted += [(figure.within, "within", ("day",))] if figure.within else []
    for parameter, key, units in wanted:
        values = pack.parameters.get(parameter, ())
        if not values or any(v.unit not in units for v in values):
            zh = f"没有以 {units[0]} 为单位的参数 {parameter}。"
            yield _say(figure, key, zh, f"There is no parameter {parameter} in {units[0]}.")
    for institution in pack.institutions.values() if figure.field else ():
        lacking = [a for a in answers(pack, institution, figure.field or "") if a not in figure.weights]
        if lacking:
            zh = f"{institution.name} 的 {figure.field} 可以答 {lacking[0]}，却没有权重。"
            en = f"{figure.field} of {institution.name} may be {lacking[0]}, which has no weight."
            yield _say(figure, "weights", zh, en)


def _say(figure: Figure, key: str, zh: str, en: str) -> Finding:
    return found("figure-unclear", mark_of(figure, key), zh, en)
