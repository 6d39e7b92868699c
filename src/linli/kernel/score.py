"""Scores: indicators, raters and weights to a total and a grade, with every part shown and the sum repeatable.

A grade is a fact for people who decide; it decides nothing by itself (red line 5).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from linli.kernel.institution import Score

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Rating:
    """What one rater gave: the role they rate in, who they are, and 0 to 100 for each indicator they rate."""

    role: str
    by: str
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Scored:
    """The total (0 to 100, two decimals), its grade, the mean of each indicator, and which raters were missing."""

    total: Decimal
    grade: str
    parts: Mapping[str, Decimal]
    missing: tuple[str, ...]


def compute(score: Score, ratings: Iterable[Rating]) -> Scored | None:
    """The score out of ``ratings``; None while nobody has rated. A rater group that is missing has its weight shared.

    Weights are percents that sum to 100 (checked at load); the mean inside a group counts each rater once.
    """
    given: defaultdict[str, list[Rating]] = defaultdict(list)
    for rating in ratings:
        if rating.role in score.raters:
            given[rating.role] = [r for r in given[rating.role] if r.by != rating.by] + [rating]
    present = {role: weight for role, weight in score.raters.items() if given[role] and weight > 0}
    if not present:
        return None
    whole = Decimal(sum(present.values()))
    parts = {name: _part(name, given, present) / whole for name in score.indicators}
    total = sum((parts[n] * i.weight for n, i in score.indicators.items()), Decimal(0)) / 100
    total = total.quantize(CENT, ROUND_HALF_UP)
    missing = tuple(role for role, weight in score.raters.items() if weight > 0 and role not in present)
    return Scored(total, grade(score, total), {n: p.quantize(CENT, ROUND_HALF_UP) for n, p in parts.items()}, missing)


def _part(name: str, given: Mapping[str, list[Rating]], present: Mapping[str, int]) -> Decimal:
    part = Decimal(0)
    for role, weight in present.items():
        values = [Decimal(str(r.values[name])) for r in given[role] if name in r.values]
        if values:
            part += sum(values, Decimal(0)) / len(values) * weight
    return part


def grade(score: Score, total: Decimal) -> str:
    """The highest grade whose least total is reached; the lowest one begins at 0 (checked at load)."""
    reached = [(g.least, name) for name, g in score.grades.items() if total >= g.least]
    return max(reached)[1]
