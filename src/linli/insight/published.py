"""The month's figures for everybody: counts and rates without a name, a place finer than the city, or a small number.

Over the matters whose existence anybody may know (:func:`linli.ledger.visible.published`). A number of one or two could
point at somebody, so it is never shown, nor anything it could be worked out from: see :func:`guarded`.
Monthly publication: 济南市12345市民服务热线条例 第三十三条, 北京市接诉即办工作条例 第三十四条.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from linli.insight import rates
from linli.insight.figures import Scope
from linli.insight.periods import Period
from linli.insight.rates import Measure
from linli.kernel.institution import Institution, Text
from linli.ledger import filters as narrowing
from linli.ledger import visible
from linli.ledger.definitions import runtime
from linli.ledger.filters import Filters
from linli.people import registry

LEAST = 3
"""The smallest number that is shown, besides nothing at all."""
SHOWN = (rates.ON_TIME, "response", "solution", "satisfaction", "reopened")
OTHER = Text("其他类别合计", "Other categories together")
NO_CATEGORY = Text("没有类别", "No category")


@dataclass(frozen=True, slots=True)
class Shown:
    """A rate as the public sees it; without ``parts`` (and percent) where a part is too small to show."""

    measure: Measure
    parts: tuple[tuple[Text, int], ...]
    left_out: int | None

    @property
    def percent(self) -> float | None:
        """The rate, when it may be told."""
        return self.measure.percent if self.parts else None


@dataclass(frozen=True, slots=True)
class Month:
    """One public institution over one month; None for a number too small to show."""

    institution: Institution
    period: Period
    received: int | None
    closed: int | None
    rates: tuple[Shown, ...]
    categories: tuple[tuple[Text, int], ...]


def public_scope(now: datetime) -> Scope:
    """What everybody may know of, and nothing else."""
    pack = runtime().pack
    return Scope(visible.published(pack), pack, registry.current(), now)


def month(scope: Scope, institution: Institution, period: Period) -> Month:
    """The figures of ``institution`` for ``period``."""
    base = rates.closed(institution.name, period.first, period.last)
    opened = Filters(institution=(institution.name,), opened_from=period.first, opened_to=period.last)
    by_code = scope.groups(opened, "category")
    received = sum(r["n"] for r in by_code)
    every = rates.measures(scope, institution, base, SHOWN, still=False)
    found = [m for m in every if m.whole]
    closed = scope.found(base).count() if found or any(m.left_out for m in every) or not every else 0
    groups = _groups(scope, [(r["category"], r["n"]) for r in by_code])
    return Month(institution, period, _told(received), _told(closed), tuple(guarded(m) for m in found), tuple(groups))


def _told(n: int) -> int | None:
    return n if n == 0 or n >= LEAST else None


def guarded(measure: Measure) -> Shown:
    """The parts, unless one of them or what is left out is one or two: then none, for the rest would tell it."""
    values = [c.part.value for c in measure.parts]
    left = _told(measure.left_out)
    if left is None or any(_told(v) is None for v in values):
        return Shown(measure, (), left)
    return Shown(measure, tuple((c.part.title, c.part.value) for c in measure.parts), left)


def _groups(scope: Scope, counts: Sequence[tuple[str | None, int]]) -> list[tuple[Text, int]]:
    """Matters received by group of categories; small groups go together until they are no longer small."""
    known = narrowing.categories(scope.pack)
    sums: dict[str, int] = {}
    for code, n in counts:
        head = (known[code].group or code) if code in known else ""
        sums[head] = sums.get(head, 0) + n
    return [
        (OTHER if h is None else known[h].title if h in known else NO_CATEGORY, n)
        for h, n in grouped(list(sums.items()))
    ]


def grouped(sums: Sequence[tuple[str, int]]) -> list[tuple[str | None, int]]:
    """The groups large enough to show, the most first, and the rest as one (None): never a small number, nor one that
    the others and the total would tell.
    """
    ordered = sorted(sums, key=lambda p: (-p[1], p[0]))
    kept = [(h, n) for h, n in ordered if n >= LEAST]
    rest = sum(n for _, n in ordered if n < LEAST)
    while rest and rest < LEAST and kept:
        rest += kept.pop()[1]
    shown: list[tuple[str | None, int]] = [*kept]
    return [*shown, (None, rest)] if rest >= LEAST else shown


def months(now: date, first: date) -> list[date]:
    """First days of the whole months from ``first`` to ``now``, the newest first, at most two years.

    Not the month that runs: numbers that grow day by day would tell of single matters.
    """
    found: list[date] = []
    day = _before(now)
    while day >= first.replace(day=1) and len(found) < 24:
        found.append(day)
        day = _before(day)
    return found


def _before(day: date) -> date:
    """The first day of the month before."""
    return date(day.year - (day.month == 1), (day.month - 2) % 12 + 1, 1)
