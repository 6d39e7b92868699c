"""What is published: no number of one or two, and none that could be worked out from the others."""

from __future__ import annotations

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from linli.insight import published
from linli.insight.figures import Part
from linli.insight.rates import Counted, Measure
from linli.kernel.institution import Text
from linli.ledger.filters import Filters

WORD = Text("词", "word")


def measure(parts: list[int], left: list[int]) -> Measure:
    counted = tuple(Counted(Part(WORD, n, Filters()), 100) for n in parts)
    return Measure("x", WORD, counted, tuple(Part(WORD, n, Filters()) for n in left), WORD, "setting")


@settings(max_examples=200)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=4), st.lists(st.integers(0, 4), max_size=2))
def test_a_rate_with_a_small_part_is_not_shown(parts: list[int], left: list[int]) -> None:
    shown = published.guarded(measure(parts, left))
    small = [n for n in (*parts, sum(left)) if 0 < n < published.LEAST]
    assert bool(shown.parts) is not bool(small)
    assert (shown.percent is None) >= bool(small)


@settings(max_examples=200)
@given(st.lists(st.integers(1, 9), max_size=6))
def test_what_is_left_after_the_shown_categories_is_never_small(counts: list[int]) -> None:
    shown = published.grouped([(str(n), many) for n, many in enumerate(counts)])
    assert all(n >= published.LEAST for _, n in shown)
    rest = sum(counts) - sum(n for _, n in shown)
    assert rest == 0 or sum(counts) < published.LEAST


def test_only_whole_months_are_offered() -> None:
    assert published.months(date(2026, 3, 31), date(2025, 12, 5)) == [
        date(2026, 2, 1), date(2026, 1, 1), date(2025, 12, 1),
    ]  # fmt: skip
