"""Figures: each says what it counts, opens to exactly its cases, and holds nothing back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from linli.insight import figures, shares
from linli.insight.figures import Part, Rate
from linli.insight.shares import Report721
from linli.ledger import due, filters, queries
from linli.ledger import view as views
from linli.ledger.definitions import runtime
from linli.ledger.models import Case
from linli.ledger.visible import Viewer, viewer
from linli.people import registry
from tests.cast import GRID_A, GRID_B, NOW, Cast

HOUR = timedelta(hours=1)
LATER = NOW + timedelta(days=2)
FIRST, LAST = date(2026, 2, 1), date(2026, 3, 31)


def looks(cast: Cast, key: str) -> Viewer:
    return viewer(cast.id(key), registry.fresh(), LATER)


def solved(cast: Cast, tier: str, grid: str = GRID_A, rate: bool = True, **data: object) -> str:
    """A request of li closed under ``tier``."""
    case = cast.lamp(grid=grid)
    who = {GRID_A: ("wang", "chen", "zhou"), GRID_B: ("bob_grid", "bob_community", "bob_street")}[grid]
    at = ("grid", "community", "street").index(tier)
    for n in range(at):
        cast.act(who[n], case.id, "pass_up", NOW + (n + 1) * HOUR, reason="本级办不了")
    extra = {} if tier == "grid" else {"result": "solved"}
    cast.act(who[at], case.id, "solve", NOW + 5 * HOUR, answer="已经办好", **extra, **data)
    if rate:
        cast.act("li", case.id, "confirm", NOW + 6 * HOUR, contacted="是", solved="solved", satisfied="satisfied")
    return case.id


@pytest.fixture
def busy(cast: Cast) -> Cast:
    """Closed at every tier, excluded, reopened, late, whistled and waiting, in two streets."""
    for _ in range(3):
        solved(cast, "grid")
    solved(cast, "community")
    solved(cast, "street")
    solved(cast, "grid", GRID_B)
    withdrawn = cast.lamp()
    cast.act("li", withdrawn.id, "withdraw", NOW + HOUR)
    again = solved(cast, "grid", rate=False)
    cast.act("li", again, "not_solved", NOW + 6 * HOUR, why="又灭了")
    cast.act("chen", again, "solve", NOW + 7 * HOUR, answer="换了线", result="solved")
    cast.act("li", again, "confirm", NOW + 8 * HOUR, contacted="是", solved="solved", satisfied="basically")
    called = cast.lamp()
    cast.act("wang", called.id, "pass_up", NOW + HOUR, reason="没有电")
    cast.act("chen", called.id, "pass_up", NOW + 2 * HOUR, reason="没有权限")
    cast.act("zhou", called.id, "whistle", NOW + 3 * HOUR, units=["power", "housing"], reason="一起去")
    child = next(c for c in Case.objects.filter(parent_id=called.id) if c.unit and c.unit.endswith("power"))
    cast.act("zhao", str(child.id), "accept", NOW + 4 * HOUR)
    cast.act("zhao", str(child.id), "respond", NOW + 5 * HOUR, answer="接好了")
    cast.lamp()
    cast.lamp(LATER - HOUR)
    return cast


def parts(report: object) -> Iterator[Part]:
    """Every part of a report, wherever it stands."""
    if isinstance(report, Part):
        yield report
    elif isinstance(report, (tuple, list)):
        for item in report:
            yield from parts(item)
    elif isinstance(report, dict):
        yield from parts(list(report.values()))
    elif hasattr(report, "__dataclass_fields__"):
        for name in report.__dataclass_fields__:
            if name != "filters":
                yield from parts(getattr(report, name))


def everything(scope: figures.Scope, area: str = "") -> list[object]:
    return [
        figures.by_stage(scope, area),
        figures.pressing(scope, area),
        figures.overdue_by_holder(scope, area),
        [figures.on_time(scope, name, FIRST, LAST, area) for name in scope.pack.institutions],
        figures.responses(scope, FIRST, LAST, area),
        shares.report_721(scope, FIRST, LAST, area),
    ]


@pytest.mark.parametrize("key", ["xu", "zhou", "chen", "zhao", "bob_street"])
@pytest.mark.parametrize("moment", [LATER, NOW + timedelta(days=40)])
def test_every_figure_opens_to_exactly_as_many_cases_as_it_says(busy: Cast, key: str, moment: object) -> None:
    who = looks(busy, key)
    at = LATER if moment == LATER else NOW + timedelta(days=40)
    scope = figures.scope_of(who, at)
    found = list(parts(everything(scope)))
    assert len(found) > (40 if key == "xu" else 10)
    for part in found:
        again, wrong = filters.read(_query(part), runtime().pack, registry.current())
        assert wrong == [] and again == part.filters
        page = queries.listing(who, again, at, size=100)
        assert (page.total, len(page.rows)) == (part.value, part.value), part


def _query(part: Part) -> dict[str, list[str]]:
    from urllib.parse import parse_qs

    return parse_qs(part.filters.query())


def test_721_counts_closed_cases_under_the_tier_that_ended_them(busy: Cast) -> None:
    report = shares.report_721(figures.operator_scope(LATER), FIRST, LAST)
    assert {t.part.key: t.part.value for t in report.tiers} == {"grid": 4, "community": 2, "street": 1, "district": 0}
    assert [t.part.key for t in report.tiers] == ["grid", "community", "street", "district"]
    assert (report.whole.value, report.tiers[0].percent, report.tiers[0].target) == (7, 57.1, 70)
    assert report.tiers[3].target is None
    assert {p.key: p.value for p in report.excluded} == {"withdrawn": 1}
    assert "设定" in report.setting.zh and "setting" in report.setting.en and report.formula.zh and report.date_rule.en


def test_721_narrows_to_an_area_and_a_period(busy: Cast) -> None:
    scope = figures.operator_scope(LATER)
    assert shares.report_721(scope, FIRST, LAST, "320402002000").whole.value == 1
    assert shares.report_721(scope, date(2026, 4, 1), LAST).whole.value == 0
    assert shares.report_721(scope, FIRST, date(2026, 3, 2)).whole.value == 0  # closed after midnight
    assert shares.report_721(scope, date(2026, 3, 3), date(2026, 3, 3)).whole.value == 7


def test_721_of_nothing_is_no_share_and_not_zero_per_cent(cast: Cast) -> None:
    report = shares.report_721(figures.operator_scope(NOW), FIRST, LAST)
    assert [t.percent for t in report.tiers] == [None] * 4 and report.whole.value == 0


def test_721_says_what_each_tier_does_not_close_and_where_answers_did_not_hold(busy: Cast) -> None:
    report = shares.report_721(figures.operator_scope(LATER), FIRST, LAST)
    grid = report.unclosed[0]
    assert (
        grid.further_up
        and grid.further_up.value == 3
        and [(p.title.zh, p.value) for p in grid.categories] == [("路灯照明", 3)]
    )
    assert grid.overdue.value == 1  # the lamp nobody looked at
    flags = {g.title.zh: (g.closed.value, g.lowest.value, g.reopened.value, g.flagged) for g in report.grids}
    assert flags == {"甲一第一网格": (6, 3, 1, False)}


def test_a_grid_that_meets_the_target_only_by_reopened_cases_is_flagged(cast: Cast) -> None:
    for _ in range(3):
        id = solved(cast, "grid")
        Case.objects.filter(id=id).update(marks=["+reopened"])
    solved(cast, "community")
    report = shares.report_721(figures.operator_scope(LATER), FIRST, LAST)
    assert [(g.flagged, g.reopened.value) for g in report.grids] == [(True, 3)]


def test_escalation_is_never_blocked_by_721(cast: Cast) -> None:
    """Red line 1: with the grid's share at nothing, far below its target, every way up is still open."""
    for _ in range(5):
        solved(cast, "street")
    report = shares.report_721(figures.operator_scope(LATER), FIRST, LAST)
    assert (report.tiers[0].percent, report.tiers[0].off, report.tiers[2].percent) == (0.0, -70.0, 100.0)
    case = cast.lamp(LATER)
    climbs = (("wang", "pass_up", {}), ("chen", "pass_up", {}), ("zhou", "escalate", {}))
    for hours, (key, act, data) in enumerate(climbs, 1):
        at = LATER + hours * HOUR
        offered = {d.name for d in views.view(Case.objects.get(id=case.id), looks(cast, key), at).acts}
        assert act in offered
        cast.act(key, case.id, act, at, reason="本级办不了", **data)
    assert Case.objects.get(id=case.id).stage == "overseen"


def test_on_time_has_the_open_overdue_in_its_denominator(busy: Cast) -> None:
    rate = figures.on_time(figures.operator_scope(LATER), "request", FIRST, LAST)
    assert rate.good.value == 7 and [p.value for p in rate.others] == [0, 1]
    assert (rate.whole, rate.percent) == (8, 87.5)
    assert {p.key: p.value for p in rate.excluded} == {"withdrawn": 1}
    assert rate.formula.zh and rate.date_rule.zh


def test_units_are_measured_by_what_they_answered_in_time(busy: Cast) -> None:
    late = NOW + timedelta(days=20)
    while due.sweep(late):
        pass
    rates: dict[str, Rate] = dict(figures.responses(figures.operator_scope(late), FIRST, LAST))
    assert rates["供电公司"].percent == 100.0
    assert rates["住建局"].percent == 0.0 and rates["住建局"].others[0].value == 1


def test_figures_cover_only_what_one_may_see(busy: Cast) -> None:
    assert shares.report_721(figures.scope_of(looks(busy, "bob_street"), LATER), FIRST, LAST).whole.value == 1
    assert shares.report_721(figures.scope_of(looks(busy, "stranger"), LATER), FIRST, LAST).whole.value == 0
    assert figures.pressing(figures.scope_of(looks(busy, "zhao"), LATER))[0].value == 0


def test_a_report_costs_the_same_number_of_queries_for_one_case_and_many(
    cast: Cast,
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def cost() -> int:
        scope = figures.operator_scope(LATER)
        with CaptureQueriesContext(connection) as done:
            everything(scope)
        return len(done)

    solved(cast, "grid")
    few = cost()
    for tier in ("grid", "community", "street"):
        solved(cast, tier)
    assert cost() == few
    assert isinstance(shares.report_721(figures.operator_scope(LATER), FIRST, LAST), Report721)
