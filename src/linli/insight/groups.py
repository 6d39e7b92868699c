"""Rates line by line: for each unit, area, category, level or period, side by side and as plain tables.

Lines are in the order of the places, lists and days they are about; a line over few cases is marked and says so. There
is no line for a person, and none is ever ranked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

from django.db.models.functions import Trunc

from linli.insight import periods, rates
from linli.insight.figures import Part, Scope
from linli.insight.rates import ON_TIME, STILL, Measure, Plan, Sums
from linli.kernel.calendar import SHANGHAI
from linli.kernel.institution import Institution, Text
from linli.ledger import filters as narrowing
from linli.ledger.filters import NONE, Filters
from linli.ledger.titles import level_title
from linli.people.registry import Place

By = Literal["unit", "area", "category", "tier", "day", "week", "month", "quarter", "year"]
BYS: tuple[By, ...] = get_args(By)
COLUMNS = {"unit": "unit", "area": "place", "category": "category", "tier": "tier"}
TITLES = {
    "unit": Text("各单位", "By unit"),
    "area": Text("各区域", "By area"),
    "category": Text("各类别", "By category"),
    "tier": Text("各层级", "By level"),
    "day": Text("逐日", "By day"),
    "week": Text("逐周", "By week"),
    "month": Text("逐月", "By month"),
    "quarter": Text("逐季", "By quarter"),
    "year": Text("逐年", "By year"),
}


@dataclass(frozen=True, slots=True)
class Group:
    """One line: its title, what narrows the whole to it, and where it stands among the others."""

    key: str
    title: Text
    narrows: Mapping[str, Any] = field(default_factory=dict)
    order: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A group with its rates."""

    group: Group
    measures: tuple[Measure, ...]


@dataclass(slots=True)
class _Adding:
    group: Group
    sums: Sums
    late: int = 0


def lines(scope: Scope, institution: Institution, base: Filters, by: By, wanted: Iterable[str] = ()) -> list[Line]:
    """The rates of ``institution`` over ``base`` for each group of ``by``. Three statements, however many groups.

    What is open and overdue now belongs to no period that has passed: line by line in time, the rate in time is over
    what was closed.
    """
    on, chosen = base.closed_to or scope.now.astimezone(SHANGHAI).date(), set(wanted)
    plans = [p for p in rates.plans(scope.pack, institution, on) if not chosen or p.name in chosen]
    specs = [s for p in plans for s in (*p.parts, *p.excluded)]
    put = _into(scope, base, by)
    adding: dict[str, _Adding] = {}

    def of(value: Any) -> list[_Adding]:
        return [adding.setdefault(g.key, _Adding(g, Sums([0] * len(specs), {}))) for g in put(value)]

    column, also = _column(by)
    for (value,), sums in rates.tally(scope, base, specs, column, **also).items():
        for each in of(value):
            each.sums.add(sums)
    if by in COLUMNS and any(p.name == ON_TIME for p in plans):
        for row in scope.groups(rates.open_instead(base), column):
            for each in of(row[column]):
                each.late += row["n"]
    found = [Line(a.group, tuple(_measures(scope, a, base, plans, by))) for a in adding.values()]
    return sorted(found, key=lambda line: (line.group.order, line.group.key))


def _measures(scope: Scope, adding: _Adding, base: Filters, plans: Iterable[Plan], by: By) -> Iterable[Measure]:
    here = base.but(**adding.group.narrows)
    values, left = iter(adding.sums.counts), rates.left_out(scope, here, adding.sums.results)
    for plan in plans:
        made = rates.measured(plan, here, values, [] if plan.figure and plan.figure.every else left)
        if plan.name == ON_TIME and by in COLUMNS:
            made = rates.with_open(made, Part(STILL, adding.late, rates.open_instead(here)))
        yield made


def _column(by: By) -> tuple[str, dict[str, Any]]:
    if by in COLUMNS:
        return COLUMNS[by], {}
    return "period", {"period": Trunc("ended", by, tzinfo=SHANGHAI)}


def _into(scope: Scope, base: Filters, by: By) -> Callable[[Any], list[Group]]:
    """Which groups a value of the column belongs to."""
    makers: dict[str, Callable[[Any], list[Group]]] = {
        "unit": lambda v: _units(scope, v),
        "area": lambda v: _areas(scope, base, v),
        "category": lambda v: [_category(scope, v)],
        "tier": lambda v: [_tier(scope, v)],
    }
    return makers.get(by, lambda v: [_period(base, by, v)])


def _units(scope: Scope, path: str | None) -> list[Group]:
    """The unit and those it is part of: the list of a unit has the cases of its parts as well."""
    known = scope.registry.units_by_path
    labels = (path or "").split(".")
    ups = [".".join(labels[:n]) for n in range(1, len(labels) + 1)]
    found = [known[p] for p in ups if p in known]
    return [Group(u.code, Text(u.name, u.name), {"unit": u.code}, (u.path,)) for u in found]


def _areas(scope: Scope, base: Filters, path: str) -> list[Group]:
    """The area one level below the one asked for (or below what the viewer covers) in which the place lies."""
    top = _top(scope, base)
    depth = top.path.count(".") + 1 if top else 0
    labels = path.split(".")
    if top and path == top.path:
        title = Text(f"{top.name}（本级）", f"{top.name} (itself)")
        return [Group(top.code, title, {"area": top.code, "here": True}, ("",))]
    place = scope.registry.by_path.get(".".join(labels[: depth + 1]))
    if place is None:
        return []
    return [Group(place.code, Text(place.name, place.name), {"area": place.code}, (place.path,))]


def _top(scope: Scope, base: Filters) -> Place | None:
    if base.area in scope.registry.places:
        return scope.registry.places[base.area]
    held = {h.path for h in scope.who.duties} if scope.who else {p.path for p in _roots(scope)}
    known = [scope.registry.by_path[p] for p in held if p in scope.registry.by_path]
    return known[0] if len(known) == 1 else None


def _roots(scope: Scope) -> list[Place]:
    """The areas that the pack governs: the one it names, or those that lie in no other."""
    every = scope.registry.places
    if scope.pack.place in every:
        return [every[scope.pack.place]]
    lowest = min((p.path.count(".") for p in every.values()), default=0)
    return [p for p in every.values() if p.path.count(".") == lowest]


def _category(scope: Scope, code: str | None) -> Group:
    known = narrowing.categories(scope.pack)
    if code is None:
        return Group(NONE, Text("没有类别", "No category"), {"category": (NONE,)}, (len(known),))
    if code not in known:
        return Group(code, Text(code, code), {"category": (code,)}, (len(known),))
    head = known[code].group or code
    head = head if head in known else code
    return Group(head, known[head].title, {"category": (head,)}, (list(known).index(head),))


def _tier(scope: Scope, tier: str | None) -> Group:
    order = list(reversed(list(scope.pack.levels)))
    if tier is None:
        return Group(NONE, Text("没有层级", "No level"), {"tier": (NONE,)}, (len(order),))
    place = order.index(tier) if tier in order else len(order)
    return Group(tier, level_title(scope.pack, tier), {"tier": (tier,)}, (place,))


def _period(base: Filters, by: By, start: datetime) -> Group:
    whole = periods.around(by, start.astimezone(SHANGHAI).date())
    first = max(whole.first, base.closed_from) if base.closed_from else whole.first
    last = min(whole.last, base.closed_to) if base.closed_to else whole.last
    key = whole.first.isoformat()
    return Group(key, whole.title, {"closed_from": first, "closed_to": last}, (key,))
