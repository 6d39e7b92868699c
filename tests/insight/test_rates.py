"""The rates of figures.yaml: parts, exclusions and formula; every part opens to exactly its cases, for every viewer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from urllib.parse import parse_qs

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from linli.drafting.figures import read_figures
from linli.insight import figures, groups, rates
from linli.insight.figures import Part, Scope
from linli.insight.rates import Measure
from linli.ledger import act as ledger
from linli.ledger import due, filters, queries, verify
from linli.ledger.definitions import runtime
from linli.ledger.models import Case
from linli.people import registry
from tests.cast import GRID_A2, GRID_B, NOW, Cast
from tests.insight.test_figures import looks, solved

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LATER = NOW + timedelta(days=30)
FIRST, LAST = date(2026, 2, 1), date(2026, 4, 30)
VIEWERS = ["xu", "tang", "zhou", "chen", "wang", "zhao", "sun", "bob_street", "stranger"]


@pytest.fixture
def busy(cast: Cast) -> Cast:
    """Everything a rate counts: answers, late contact, re-done, extended, objected, again, urged, both ratings."""
    for _ in range(2):
        solved(cast, "grid")
    solved(cast, "community", rate=False)  # nobody rates it: it lapses
    solved(cast, "grid", GRID_B)
    again = solved(cast, "grid", rate=False)
    cast.act("li", again, "not_solved", NOW + 6 * HOUR, why="又灭了")
    cast.act("li", again, "urge", NOW + 7 * HOUR)
    cast.act("chen", again, "solve", NOW + 8 * HOUR, answer="换了线", result="partly")
    cast.act("li", again, "confirm", NOW + 9 * HOUR, contacted="否", solved="partly", satisfied="neutral")
    cast.act("li", cast.lamp().id, "withdraw", NOW + HOUR)
    cast.lamp(reporter=ledger.Reporter())  # nobody knows who
    _called(cast)
    _anonymous(cast)
    cast.lamp(NOW + 2 * DAY, grid=GRID_A2)  # a vacant grid: it climbs, late at every level
    once_more = cast.lamp(NOW + 2 * DAY).id  # the same person, place and category within thirty days
    cast.act("wang", once_more, "solve", NOW + 2 * DAY + HOUR, answer="好了")
    while due.sweep(LATER):
        pass
    return cast


def _called(cast: Cast) -> None:
    """One unit answers late with an extension, one objects rightly; both sides rate; supervision and criticism."""
    case = cast.lamp().id
    cast.act("wang", case, "pass_up", NOW + HOUR, reason="没有电")
    cast.act("chen", case, "pass_up", NOW + 2 * HOUR, reason="没有权限")
    cast.act("zhou", case, "whistle", NOW + 3 * HOUR, units=["power", "housing"], reason="一起去")
    calls = {str(c.unit).rpartition(".")[2]: str(c.id) for c in Case.objects.filter(parent_id=case)}
    cast.act("zhao", calls["power"], "accept", NOW + 4 * HOUR)
    cast.act("zhao", calls["power"], "extend", NOW + 5 * HOUR, reason="要停电", until="2026-03-20")
    cast.act("xu", calls["power"], "extend.agree", NOW + 6 * HOUR)
    cast.act("sun", calls["housing"], "object", NOW + 4 * HOUR, reason="不归我们")
    cast.act("qian", calls["housing"], "uphold", NOW + 5 * HOUR, reason="归供电")
    cast.act("zhao", calls["power"], "respond", NOW + DAY, answer="接好了")
    cast.act("zhou", calls["power"], "rate_unit", NOW + DAY + HOUR, unit_rating="prompt")
    cast.act("zhao", calls["power"], "rate_whistle", NOW + DAY + HOUR, whistle_rating="one_unit")
    cast.act("xu", case, "supervise", NOW + DAY + HOUR, note="抓紧")
    cast.act("xu", case, "criticise", NOW + DAY + HOUR, note="拖延")
    cast.act("zhou", case, "reply", NOW + DAY + 2 * HOUR, answer="亮了", result="solved")
    cast.act("li", case, "confirm", NOW + DAY + 3 * HOUR, contacted="是", solved="solved", satisfied="dissatisfied")


def _anonymous(cast: Cast) -> None:
    case = cast.lamp(reporter=ledger.Reporter()).id
    cast.act("wang", case, "contact", NOW + HOUR, tried="phone")
    cast.act("wang", case, "solve", NOW + 2 * HOUR, answer="好了")


def scope_of(cast: Cast, key: str) -> Scope:
    return figures.scope_of(looks(cast, key), LATER)


def measured(scope: Scope, institution: str, *wanted: str) -> dict[str, Measure]:
    base = rates.closed(institution, FIRST, LAST)
    return {m.name: m for m in rates.measures(scope, scope.pack.institutions[institution], base, wanted)}


def parts(measures: list[Measure] | tuple[Measure, ...]) -> Iterator[Part]:
    for m in measures:
        yield from (c.part for c in m.parts)
        yield from m.excluded


def opens(scope: Scope, part: Part) -> int:
    """How many cases the list at the part's address holds, through the list's own door."""
    again, wrong = filters.read(parse_qs(part.filters.query()), runtime().pack, registry.current())
    assert wrong == [] and again == part.filters, part
    assert scope.who is not None
    return queries.listing(scope.who, again, scope.now, size=100).total


def test_every_part_of_every_rate_opens_to_exactly_its_cases_for_everybody(busy: Cast) -> None:
    for key in VIEWERS:
        scope = scope_of(busy, key)
        some = [scope.pack.institutions[n] for n in ("request", "response", "order")]
        found = [p for i in some for p in parts(rates.measures(scope, i, _base(i.name)))]
        assert len(found) > 60
        wrong = [(key, p.title.en, p.value) for p in found if opens(scope, p) != p.value]
        assert not wrong
        assert (sum(p.value for p in found) > 30) is (key in ("xu", "tang", "zhou", "chen", "wang")), key


def _base(institution: str) -> filters.Filters:
    return rates.closed(institution, FIRST, LAST)


@pytest.mark.parametrize("key", ["xu", "zhou", "zhao"])
def test_every_line_of_every_breakdown_opens_to_exactly_its_cases(busy: Cast, key: str) -> None:
    scope, seen = scope_of(busy, key), 0
    for by in groups.BYS:
        for name in ("request", "response"):
            for line in groups.lines(scope, scope.pack.institutions[name], _base(name), by):
                some = [p for p in parts(line.measures) if p.value]
                seen += len(some)
                assert not [(by, line.group.title.zh, p) for p in some if opens(scope, p) != p.value]
    assert seen > 50


def test_the_lines_add_up_to_the_whole(busy: Cast) -> None:
    """But for units, whose list has the cases of their parts too, nothing is in two lines or in none."""
    scope, institution = scope_of(busy, "xu"), runtime().pack.institutions["request"]
    whole = rates.measures(scope, institution, _base("request"))
    for by in groups.BYS:
        lines = groups.lines(scope, institution, _base("request"), by) if by != "unit" else []
        for n, measure in enumerate(whole if lines else []):
            if measure.name == rates.ON_TIME and by not in groups.COLUMNS:
                continue
            for at, counted in enumerate(measure.parts):
                assert sum(line.measures[n].parts[at].part.value for line in lines) == counted.part.value, (by, measure)
            assert sum(line.measures[n].left_out for line in lines) == measure.left_out


def test_the_rates_of_requests_are_what_was_lived_through(busy: Cast) -> None:
    found = measured(scope_of(busy, "xu"), "request")
    told = {n: [c.part.value for c in m.parts] for n, m in found.items()}
    assert told["response"] == [4, 1]
    assert told["solution"] == [4, 1, 0] and found["solution"].percent == 90.0, "partly counts half"
    assert told["satisfaction"] == [3, 0, 1, 1] and found["satisfaction"].percent == 72.0
    assert told["reopened"][0] == 1 and told["urged"][0] == 1
    assert told["misdispatch"][0] == 1, "an upheld objection counts against whoever dispatched"
    assert told["supervision"][0] == 1 and told["criticism"][0] == 1
    assert {p.key: p.value for p in found["solution"].excluded}["none"] >= 2, "who did not rate is left out, and said"
    assert {p.key: p.value for p in found["solution"].excluded}["withdrawn"] == 1


def test_the_rates_of_called_units(busy: Cast) -> None:
    found = measured(scope_of(busy, "xu"), "response")
    told = {n: [c.part.value for c in m.parts] for n, m in found.items()}
    assert told["extension"] == [1, 0] and told["objection"] == [1, 1] and told["upheld"] == [1, 0]
    assert told["unit_rating"] == [1, 0, 0] and told["whistle_rating"] == [0, 1, 0]
    assert found["whistle_rating"].percent == 50.0


def test_raised_again_counts_matters_and_leaves_out_whom_nobody_knows(busy: Cast) -> None:
    found = measured(scope_of(busy, "xu"), "request", "repeat")["repeat"]
    joined, again, first = (c.part.value for c in found.parts)
    assert (joined, again, first >= 5) == (0, 1, True)
    assert {p.key: p.value for p in found.excluded}["unknown"] >= 1


def test_raised_again_tells_nothing_of_a_complaint_about_a_unit(cast: Cast) -> None:
    """Red line 2: that the same person complained of a unit before must not show in a figure that its people see."""
    first = cast.opened({"text": "社区推诿", "category": "lighting", "accused": ["community-a"]}, NOW - DAY)
    solved(cast, "grid")
    found = measured(scope_of(cast, "xu"), "request", "repeat")["repeat"]
    assert Case.objects.get(id=first.id).accused is not None
    assert found.parts[1].part.value == 0


def test_the_rate_in_time_has_the_open_overdue_in_its_denominator(busy: Cast) -> None:
    found = measured(scope_of(busy, "xu"), "request", rates.ON_TIME)[rates.ON_TIME]
    still = found.parts[-1].part
    assert still.value > 0 and still.filters.overdue and found.whole == sum(c.part.value for c in found.parts)


def test_each_rate_says_its_formula_its_dates_and_that_weights_are_an_assumption(busy: Cast) -> None:
    found = measured(scope_of(busy, "xu"), "request")
    for measure in found.values():
        assert "÷" in measure.formula.zh and "÷" in measure.formula.en and measure.date_rule.zh and measure.source
    solution = found["solution"]
    assert solution.formula.zh == "（解决了＋部分解决×50%）÷（解决了＋部分解决＋没有解决）。"
    assert solution.assumed and not found["reopened"].assumed and solution.small


def test_all_rates_of_an_institution_cost_three_statements(busy: Cast) -> None:
    scope = scope_of(busy, "xu")
    institution = scope.pack.institutions["request"]
    with CaptureQueriesContext(connection) as whole:
        rates.measures(scope, institution, _base("request"))
    with CaptureQueriesContext(connection) as line_by_line:
        groups.lines(scope, institution, _base("request"), "area")
    assert (len(whole), len(line_by_line)) == (3, 3)


def test_every_shipped_city_measures_the_three_rates_where_it_asks_for_them(cast: Cast) -> None:
    from tests import cast as casting

    for city in ("changzhou", "changzhi", "nenjiang", "futian", "chaoyang"):
        casting.publish(city)
        pack = runtime().pack
        names = {p.name for p in rates.plans(pack, pack.institutions["request"], LAST)}
        assert {"solution", "satisfaction", "reopened", "on_time", "extension"} <= names, city
        asks = "contacted" in pack.institutions["request"].fields
        assert ("response" in names) is asks, city
        assert read_figures(pack)[1] == []


def test_what_figures_count_is_compared_with_the_entries_and_can_be_written_anew(cast: Cast) -> None:
    """The column of marks is a copy: a changed one is found, and rebuilt to what the entries say."""
    id = solved(cast, "grid")
    right = Case.objects.get(id=id).marks
    assert {"contacted=yes", "satisfied=satisfied", "solved=solved"} <= set(right)
    assert not verify.verify(LATER).faults
    Case.objects.filter(id=id).update(marks=["+reopened"])
    assert [(f.code, "marks" in f.says.en) for f in verify.verify(LATER).faults] == [("column-differs", True)]
    verify.rebuild([id], LATER)
    assert Case.objects.get(id=id).marks == right
