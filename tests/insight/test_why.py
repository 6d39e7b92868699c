"""“Why?” asked of a figure: the numbers in its formula, the target's dated value and line, the cases behind it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest

import linli
from linli.drafting.why import Why
from linli.insight import figures, shares, why
from linli.insight.figures import Scope
from linli.kernel.institution import Dated, Level, Text
from linli.ledger import definitions, filters, queries, visible
from linli.people import registry
from tests import cast as casting
from tests.cast import NOW, Cast

PACKS = Path(linli.__file__).parent / "packs"
HOUR = timedelta(hours=1)
LATER = NOW + timedelta(days=2)
FIRST, LAST = date(2026, 2, 1), date(2026, 3, 31)


@pytest.fixture
def scope(cast: Cast) -> Scope:
    """Two closed in the grid, one in the community, one withdrawn, one open; seen by the supervisor."""
    for _ in range(2):
        _closed(cast, up=False)
    _closed(cast, up=True)
    cast.act("li", cast.lamp().id, "withdraw", NOW + HOUR)
    cast.lamp()
    return figures.scope_of(visible.viewer(cast.id("xu"), registry.fresh(), LATER), LATER)


def _closed(cast: Cast, up: bool) -> None:
    case = cast.lamp().id
    if up:
        cast.act("wang", case, "pass_up", NOW + HOUR, reason="要换线")
        cast.act("chen", case, "solve", NOW + 2 * HOUR, answer="好了", result="solved")
    else:
        cast.act("wang", case, "solve", NOW + HOUR, answer="好了")
    cast.act("li", case, "confirm", NOW + 3 * HOUR, contacted="是", solved="solved", satisfied="satisfied")


def asked(scope: Scope, name: str) -> Why:
    return why.figure(scope, name, FIRST, LAST)


def test_a_share_puts_the_numbers_into_its_formula_and_names_its_target(scope: Scope) -> None:
    answer = asked(scope, "tier:grid")
    assert answer.says.zh == "2 ÷ 3 = 66.7%；参考目标 70%，低 3.3 个百分点。"
    assert answer.value is not None and (answer.value.parameter, answer.value.amount) == ("closed_at_grid", 70)
    assert answer.source == answer.value.source and "721" in answer.source
    for mark in (answer.value.mark, answer.rule.mark if answer.rule else None):
        assert mark is not None
        line = (PACKS / mark.file).read_text(encoding="utf-8").splitlines()[mark.line - 1]
        assert "70" in line if mark is answer.value.mark else "target" in line
    assert [(p.role, p.value) for p in answer.pieces if p.value] == [("good", 2), ("other", 1), ("excluded", 1)]
    assert any("不会拦住往上报" in c.zh or "都不会拦住" in c.zh for c in answer.changes), "red line 1"


def test_every_figure_opens_to_exactly_its_cases(scope: Scope) -> None:
    assert scope.who is not None
    opened = 0
    for name in why.names(scope):
        for piece in asked(scope, name).pieces:
            given, wrong = filters.read(_query(piece.query), scope.pack, scope.registry)
            assert not wrong
            assert queries.listing(scope.who, given, LATER, size=50).total == piece.value, (name, piece)
            opened += piece.value
    assert opened > 5


def _query(text: str) -> dict[str, list[str]]:
    return parse_qs(text)


def test_a_rate_names_the_promise_it_is_measured_by(scope: Scope) -> None:
    answer = asked(scope, "on_time:request")
    assert answer.says.zh.startswith("3 ÷（3 + 0 + 1）= 75.0%"), "the open one is overdue"
    assert answer.value is not None and answer.value.parameter == "promise_limit"


def test_a_name_that_is_no_figure_is_a_lookup_error(scope: Scope) -> None:
    for name in ("", "tier:", "tier:city_of_angels", "on_time:nothing", "unit:power", "weather"):
        with pytest.raises(LookupError):
            asked(scope, name)


def test_a_target_is_the_one_of_the_last_day_and_may_be_missing(scope: Scope) -> None:
    aim = shares.target_of(scope.pack, "grid", LAST)
    assert aim is not None and (aim.share.value, aim.least) == (70, 65)
    assert shares.target_of(scope.pack, "grid", date(2021, 12, 31)) is None, "the target holds from 2022 on"
    assert shares.target_of(scope.pack, "district", LAST) is None


def test_a_city_without_targets_gets_none(cast: Cast) -> None:
    casting.publish("nenjiang")
    report = shares.report_721(figures.operator_scope(LATER), FIRST, LAST)
    assert all(t.target is None for t in report.tiers)
    assert definitions.runtime().pack.name == "nenjiang" and "没有定" in report.setting.zh


def test_a_new_value_of_the_target_does_not_touch_earlier_periods(scope: Scope) -> None:
    level = Level(name="grid", title=Text("网格", "Grid"), target=("share",))
    values = (
        Dated(from_=date(2022, 1, 1), to=date(2026, 2, 28), value=70, unit="percent", source="x"),
        Dated(from_=date(2026, 3, 1), value=75, unit="percent", source="y"),
    )
    pack = replace(scope.pack, levels={"grid": level}, parameters={"share": values})
    found = [shares.target_of(pack, "grid", day) for day in (date(2026, 2, 28), date(2026, 3, 1))]
    assert [aim.share.value if aim else None for aim in found] == [70, 75]
