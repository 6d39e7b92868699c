"""721: at which tier matters end. Shares over *closed* cases, a report and never a rule (catalogue 2, red line 1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count

from linli.insight.figures import BY_CLOSING_DAY, REOPENED_HERE, Part, Scope, percent, tiered, tiers_of
from linli.kernel.institution import Dated, Pack, Text
from linli.ledger import filters as narrowing
from linli.ledger.filters import NONE, Filters
from linli.ledger.titles import result_title

WORST = 5


@dataclass(frozen=True, slots=True)
class Target:
    """What a level aims at on a day, in percent, and by how many points “about” may miss; each a dated value."""

    share: Dated
    about: Dated | None = None

    @property
    def least(self) -> int:
        """The lowest share that is still “about” the target."""
        return self.share.value - (self.about.value if self.about else 0)


@dataclass(frozen=True, slots=True)
class Tier:
    """One tier's share; ``aim`` is None for a level without a target on the last day of the period."""

    part: Part
    percent: float | None
    aim: Target | None

    @property
    def target(self) -> int | None:
        """The target in percent."""
        return self.aim.share.value if self.aim else None

    @property
    def off(self) -> float | None:
        """Points away from the target, when it has one and there is anything to compare."""
        return None if self.target is None or self.percent is None else round(self.percent - self.target, 1)


@dataclass(frozen=True, slots=True)
class Unclosed:
    """What a tier did not close: what ended further up (None at the top), by category, and what it holds late."""

    tier: Text
    further_up: Part | None
    categories: tuple[Part, ...]
    overdue: Part


@dataclass(frozen=True, slots=True)
class Grid:
    """The lowest places in which an answer did not hold. ``flagged``: without the reopened it would miss the target."""

    title: Text
    closed: Part
    lowest: Part
    reopened: Part
    flagged: bool


@dataclass(frozen=True, slots=True)
class Report721:
    """The shares with everything one must know to read them."""

    first: date
    last: date
    area: Text
    tiers: tuple[Tier, ...]
    whole: Part
    excluded: tuple[Part, ...]
    unclosed: tuple[Unclosed, ...]
    grids: tuple[Grid, ...]
    formula: Text
    setting: Text
    date_rule: Text = BY_CLOSING_DAY


FORMULA = Text(
    "某一层级办结的 ÷ 期内办结且计入的全部事项。重新办理过的只按最后办结的层级算一次。",
    "Closed under a tier ÷ everything closed in the period that counts. A reopened case counts once, where it ended.",
)


def report_721(scope: Scope, first: date, last: date, area: str = "") -> Report721:
    """The report for the days ``first`` to ``last`` in the area with this code ("" for all that may be seen).

    Four queries, however many cases, and two for each tier.
    """
    names = tiered(scope.pack)
    closed = Filters(state="closed", institution=names, area=area, closed_from=first, closed_to=last)
    rows = scope.groups(closed, "tier", "result")
    order = _order(scope, names)
    counts = dict.fromkeys(order, 0)
    for row in rows:
        if row["tier"] in counts and _counts(scope, row["result"]):
            counts[row["tier"]] += row["n"]
    whole = sum(counts.values())
    counted = closed.but(counted="yes")
    tiers = tuple(
        Tier(
            Part(scope.pack.levels[name].title, counts[name], counted.but(tier=(name,)), name),
            percent(counts[name], whole),
            target_of(scope.pack, name, last),
        )
        for name in order
    )
    return Report721(
        first=first,
        last=last,
        area=_where(scope, area),
        tiers=tiers,
        whole=Part(Text("计入的办结事项", "Closed cases that count"), whole, counted.but(tier=order)),
        excluded=_excluded(scope, closed, rows),
        unclosed=tuple(_unclosed(scope, counted, order, area)),
        grids=tuple(_grids(scope, counted, order, last)),
        formula=FORMULA,
        setting=_setting(tiers),
    )


def target_of(pack: Pack, level: str, on: date) -> Target | None:
    """The share of closed cases meant to end at ``level``, by the pack's dated parameters; None without one."""
    found = []
    for parameter in pack.levels[level].target:
        try:
            found.append(pack.dated(parameter, on))
        except LookupError:  # the target holds from a later day on
            return None
    return Target(found[0], found[1] if len(found) > 1 else None) if found else None


def _where(scope: Scope, area: str) -> Text:
    """The name of what is counted: the area asked for, or everything the viewer covers."""
    if area in scope.registry.places:
        paths = [scope.registry.places[area].path]
    elif scope.who is not None:
        paths = sorted({h.path for h in scope.who.duties})
    else:
        return scope.pack.title
    places, units = scope.registry.by_path, scope.registry.units_by_path
    names = [places[p].name if p in places else units[p].name for p in paths if p in places or p in units]
    return Text("、".join(names), ", ".join(names))


def _order(scope: Scope, names: tuple[str, ...]) -> tuple[str, ...]:
    """The tiers in use, from the lowest up, in the pack's own words."""
    used = {t for n in names for t in tiers_of(scope.pack.institutions[n])}
    return tuple(level for level in reversed(list(scope.pack.levels)) if level in used)


def _counts(scope: Scope, result: str | None) -> bool:
    found = scope.pack.results.get(result or "")
    return found is not None and found.counts == "closed"


def _excluded(scope: Scope, closed: Filters, rows: list[dict[str, Any]]) -> tuple[Part, ...]:
    """What was closed in the period and is not in the shares, by reason: result, no result, or no tier."""
    results: dict[str | None, int] = {}
    untiered = 0
    for row in rows:
        if not _counts(scope, row["result"]):
            results[row["result"]] = results.get(row["result"], 0) + row["n"]
        elif row["tier"] is None:
            untiered += row["n"]
    parts = []
    for name, n in results.items():
        title = result_title(scope.pack, name) if name else Text("没有结果", "No result")
        parts.append(Part(title, n, closed.but(result=(name or NONE,)), name or NONE))
    if untiered:
        parts.append(Part(Text("没有层级", "No tier"), untiered, closed.but(counted="yes", tier=(NONE,)), "untiered"))
    return tuple(parts)


def _unclosed(scope: Scope, counted: Filters, order: tuple[str, ...], area: str) -> list[Unclosed]:
    """For each tier: what ended above it, by category, and what it holds beyond its time."""
    rows = scope.groups(counted.but(tier=order), "tier", "category")
    overdue = scope.groups(_overdue(scope, area), "holder_duty")
    found = []
    for n, name in enumerate(order):
        above = order[n + 1 :]
        duties = [d.name for d in scope.pack.duties.values() if name in d.at]
        held = sum(r["n"] for r in overdue if r["holder_duty"] in duties)
        late = Part(Text("手上逾期", "Held past its time"), held, _overdue(scope, area).but(held_at=name))
        per: dict[str | None, int] = {}
        for row in rows:
            if row["tier"] in above:
                per[row["category"]] = per.get(row["category"], 0) + row["n"]
        up = counted.but(tier=above)
        total = Part(Text("在上级办结", "Closed further up"), sum(per.values()), up)
        worst = sorted(((c, v) for c, v in per.items() if c), key=lambda p: (-p[1], p[0]))[:WORST]
        codes = narrowing.categories(scope.pack)
        titles = {c: codes[c].title if c in codes else Text(c, c) for c, _ in worst}
        parts = tuple(Part(titles[c], v, up.but(category=(c,)), c) for c, v in worst)
        found.append(Unclosed(scope.pack.levels[name].title, total if above else None, parts, late))
    return found


def _overdue(scope: Scope, area: str) -> Filters:
    return Filters(state="open", institution=tiered(scope.pack), area=area, overdue=True)


def _grids(scope: Scope, counted: Filters, order: tuple[str, ...], on: date) -> list[Grid]:
    """Places of the lowest tier with reopened cases, the flagged and the most reopened first."""
    if not order:
        return []
    lowest = order[0]
    every = scope.groups(counted.but(tier=order), "place", "tier", again=Count("pk", filter=REOPENED_HERE))
    found: dict[str, dict[str, int]] = {}
    for row in every:
        path = scope.registry.level(row["place"], lowest)
        if path is None:
            continue
        sums = found.setdefault(path, {"closed": 0, "lowest": 0, "again": 0, "lowest_again": 0})
        at = row["tier"] == lowest
        sums["closed"] += row["n"]
        sums["again"] += row["again"]
        sums["lowest"] += row["n"] if at else 0
        sums["lowest_again"] += row["again"] if at else 0
    aim = target_of(scope.pack, lowest, on)
    grids = [_grid(scope, counted, order, path, sums, aim) for path, sums in found.items() if sums["again"]]
    return sorted(grids, key=lambda g: (not g.flagged, -g.reopened.value, g.title.zh))


def _grid(
    scope: Scope, counted: Filters, order: tuple[str, ...], path: str, sums: dict[str, int], aim: Target | None
) -> Grid:
    place = scope.registry.by_path[path]
    here = counted.but(area=place.code, tier=order)
    share = percent(sums["lowest"], sums["closed"]) or 0
    firm = percent(sums["lowest"] - sums["lowest_again"], sums["closed"]) or 0
    return Grid(
        Text(place.name, place.name),
        Part(Text("办结", "Closed"), sums["closed"], here),
        Part(Text("在本级办结", "Closed here"), sums["lowest"], here.but(tier=order[:1])),
        Part(Text("重新办理过", "Reopened"), sums["again"], here.but(reopened=True)),
        aim is not None and share >= aim.least > firm,
    )


def _setting(tiers: tuple[Tier, ...]) -> Text:
    aims = [(t.part.title, t.aim) for t in tiers if t.aim]
    if not aims:
        return Text("这里没有定各层级的目标。", "No target is set for the levels here.")
    zh = "、".join(f"{title.zh} {aim.share.value}%" for title, aim in aims)
    en = ", ".join(f"{title.en} {aim.share.value}%" for title, aim in aims)
    bands = {aim.about.value for _, aim in aims if aim.about}
    band_zh, band_en = (f"，上下 {min(bands)} 个百分点", f", within {min(bands)} points") if bands else ("", "")
    return Text(
        f"参考目标（设定值{band_zh}）：{zh}。它只用来对照，不影响任何一件事往上报。",
        f"Target (a setting{band_en}): {en}. It is for comparison only and holds no case back.",
    )
