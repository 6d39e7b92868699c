"""Lists: what I hold, what waits for me, what I may see, narrowed and paged; and which posts nobody holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from linli.kernel.institution import Text
from linli.ledger import act as ledger
from linli.ledger import due, filters, queries
from linli.ledger.definitions import runtime
from linli.ledger.filters import Filters
from linli.ledger.models import Case
from linli.ledger.visible import ANYBODY, Viewer, viewer
from linli.people import acts as people
from linli.people import registry
from linli.places import acts as places
from linli.places.models import Unit
from tests.cast import GRID_A, GRID_A2, GRID_B, NOW, SINCE, Cast, area

HOUR = timedelta(hours=1)


def looks(cast: Cast, key: str, now: datetime = NOW) -> Viewer:
    return viewer(cast.id(key), registry.fresh(), now)


def numbers(cast: Cast, key: str, f: Filters | None = None, now: datetime = NOW) -> list[int]:
    return [r.number for r in queries.listing(looks(cast, key), f or Filters(), now).rows]


def whistled(cast: Cast, grid: str = GRID_A) -> ledger.Receipt:
    """A lamp whose street has called two units."""
    lamp = cast.lamp(grid=grid)
    cast.act("wang", lamp.id, "pass_up", NOW + HOUR, reason="灯杆没有电")
    cast.act("chen", lamp.id, "pass_up", NOW + 2 * HOUR, reason="社区没有权限")
    return cast.act("zhou", lamp.id, "whistle", NOW + 3 * HOUR, units=["power", "housing"], reason="一起去")


def test_everybody_lists_what_their_duty_covers_and_no_more(cast: Cast) -> None:
    here, there = cast.lamp(), cast.lamp(grid=GRID_B)
    assert numbers(cast, "wang") == [here.number]
    assert numbers(cast, "bob_grid") == [there.number]
    assert numbers(cast, "xu") == [there.number, here.number]
    assert numbers(cast, "li") == [there.number, here.number]
    assert numbers(cast, "stranger") == numbers(cast, "charlie") == numbers(cast, "zhao") == []
    assert queries.listing(ANYBODY, Filters(), NOW).rows == []


def test_those_complained_of_find_nothing_by_any_list(cast: Cast) -> None:
    case = cast.opened({"text": "居委会收费不给票", "category": "community_affairs", "accused": ["community-a"]})
    for key in ("wang", "chen"):
        who = looks(cast, key)
        assert queries.listing(who, Filters(), NOW).total == 0
        assert queries.listing(who, Filters(q="收费"), NOW).total == 0
        assert queries.listing(who, Filters(q=str(case.number)), NOW).total == 0
        assert queries.queue(who, NOW).rows == []
        assert queries.same_phone(who, "19900000001", NOW) == []
        assert queries.same_place(who, GRID_A, "", NOW) == []
    assert numbers(cast, "zhou") == [case.number]
    assert [r.number for r in queries.same_phone(looks(cast, "zhou"), "19900000001", NOW)] == [case.number]


def test_a_complaint_about_a_part_is_for_the_whole_to_handle_and_never_the_reverse(cast: Cast) -> None:
    street = Unit.objects.get(code="street-a")
    part = places.create_unit("committee", "甲一居委会", "community", area("320402001001"), SINCE, street)
    people.give_duty(cast.people["charlie"], "community_officer", SINCE, area("320402001001"), part)
    for key in ("wang", "chen"):
        for duty in list(cast.people[key].duties.all()):
            people.end_duty(duty, NOW.date() - timedelta(days=1))
    registry.forget()

    about_part = cast.opened({"text": "乱收费", "category": "community_affairs", "accused": ["committee"]})
    about_whole = cast.opened({"text": "乱罚款", "category": "community_affairs", "accused": ["street-a"]})
    assert numbers(cast, "charlie") == []
    assert numbers(cast, "zhou") == [about_part.number]
    assert [r.number for r in queries.queue(looks(cast, "zhou"), NOW).rows] == [about_part.number]
    assert [r.number for r in queries.queue(looks(cast, "tang"), NOW).rows] == [about_whole.number]
    assert queries.queue(looks(cast, "zhou"), NOW).rows[0].text == "乱收费"


def test_my_queue_holds_what_i_hold_and_the_least_time_left_comes_first(cast: Cast) -> None:
    old, new = cast.lamp(), cast.lamp(NOW + 2 * HOUR)
    late = NOW + 30 * HOUR
    assert [r.number for r in queries.queue(looks(cast, "wang"), NOW).rows] == [old.number, new.number]
    assert queries.queue(looks(cast, "chen"), NOW).rows == []
    cast.act("wang", new.id, "pass_up", NOW + 3 * HOUR, reason="电缆断了")
    assert [r.number for r in queries.queue(looks(cast, "chen"), late).rows] == [new.number]
    assert [r.number for r in queries.queue(looks(cast, "wang"), late).rows] == [old.number]
    assert queries.queue(looks(cast, "wang"), late).rows[0].clock == "overdue"


def test_a_vacant_post_queues_with_whoever_stands_in_and_is_a_gap(cast: Cast) -> None:
    case = cast.lamp(grid=GRID_A2)
    row = queries.queue(looks(cast, "chen"), NOW).rows[0]
    assert (row.number, row.stands_in) == (case.number, True)
    assert row.holder == Text("社区工作者（代）", "Community officer (standing in)")
    found = {(g.duty, g.place): g.stands_in for g in queries.gaps(looks(cast, "chen"), NOW)}
    assert found == {("grid_worker", "甲一第二网格"): Text("甲一社区 社区工作者", "Community officer, 甲一社区")}


def test_gaps_are_every_post_that_nobody_holds_within_what_i_cover(cast: Cast) -> None:
    everywhere = {(g.duty, g.place) for g in queries.gaps(None, NOW)}
    assert everywhere == {("grid_worker", "甲一第二网格"), ("reviewer", "乙街道")}
    assert {g.duty for g in queries.gaps(looks(cast, "bob_street"), NOW)} == {"reviewer"}
    assert queries.gaps(looks(cast, "zhao"), NOW) == []
    for held in list(people.Duty.objects.filter(duty="department_officer")):
        people.end_duty(held, NOW.date())
    registry.forget()
    assert queries.gaps(looks(cast, "zhao"), NOW) == []
    tomorrow = NOW + timedelta(days=1)
    assert {g.place for g in queries.gaps(looks(cast, "xu", tomorrow), tomorrow)} >= {"供电公司", "住建局"}


def test_what_waits_for_my_agreement_is_mine_alone(cast: Cast) -> None:
    case = cast.lamp()
    cast.act("wang", case.id, "pass_up", NOW + HOUR, reason="要换电缆")
    cast.act("chen", case.id, "extend", NOW + 2 * HOUR, delay="电缆缺货", until="2026-04-01")
    later = NOW + 3 * HOUR
    rows = queries.waiting(looks(cast, "xu"), later)
    assert [(r.number, [a.zh for a in r.asks]) for r in rows] == [(case.number, ["申请延期"])]
    for key in ("chen", "zhou", "tang", "bob_street", "li"):
        assert queries.waiting(looks(cast, key), later) == []
    cast.act("xu", case.id, "extend.agree", later)
    assert queries.waiting(looks(cast, "xu"), later) == []


def test_whoever_can_never_be_asked_costs_no_query(cast: Cast) -> None:
    who = looks(cast, "wang")
    queries.waiting(who, NOW)
    with CaptureQueriesContext(connection) as done:
        assert queries.waiting(who, NOW) == []
    assert not any("ledger_case" in q["sql"] for q in done.captured_queries)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_pages_meet_without_gap_or_overlap_both_ways(cast: Cast, size: int) -> None:
    made = [cast.lamp().number for _ in range(6)]
    who = looks(cast, "wang")
    seen: list[int] = []
    page = queries.listing(who, Filters(), NOW, size=size)
    pages = [page]
    assert page.newer is None
    while True:
        seen += [r.number for r in page.rows]
        if page.older is None:
            break
        page = queries.listing(who, Filters(), NOW, before=page.older, size=size)
        pages.append(page)
    assert seen == sorted(made, reverse=True)
    for earlier in reversed(pages[:-1]):
        page = queries.listing(who, Filters(), NOW, after=page.newer, size=size)
        assert [r.number for r in page.rows] == [r.number for r in earlier.rows]
    assert page.newer is None


def test_a_page_beyond_the_end_is_empty_and_not_an_error(cast: Cast) -> None:
    case = cast.lamp()
    who = looks(cast, "wang")
    assert queries.listing(who, Filters(), NOW, before=case.number).rows == []
    page = queries.listing(who, Filters(), NOW, after=case.number)
    assert (page.rows, page.newer, page.older) == ([], None, None)


def test_totals_are_counted_to_the_limit(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        cast.lamp()
    who = looks(cast, "wang")
    monkeypatch.setattr(queries, "COUNTED", 3)
    assert (queries.listing(who, Filters(), NOW).total, queries.listing(who, Filters(), NOW).capped) == (3, False)
    monkeypatch.setattr(queries, "COUNTED", 2)
    assert (queries.listing(who, Filters(), NOW).total, queries.listing(who, Filters(), NOW).capped) == (2, True)


def _queries(look: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as done:
        look()
    return len(done)


def test_one_case_and_three_cost_the_same_number_of_queries(cast: Cast) -> None:
    cast.lamp()
    wang, zhou, xu = looks(cast, "wang"), looks(cast, "zhou"), looks(cast, "xu")
    looked: list[Callable[[], object]] = [
        lambda: queries.listing(zhou, Filters(q="路灯", category=("lighting",)), NOW),
        lambda: queries.queue(wang, NOW),
        lambda: queries.waiting(xu, NOW),
        lambda: queries.same_phone(zhou, "19900000001", NOW),
    ]
    few = [_queries(look) for look in looked]
    cast.lamp()
    whistled(cast)
    assert [_queries(look) for look in looked] == few == [1, 1, 1, 1]


def test_rows_read_no_whole_state(cast: Cast) -> None:
    cast.lamp()
    with CaptureQueriesContext(connection) as done:
        queries.listing(looks(cast, "zhou"), Filters(), NOW)
    page = done.captured_queries[-1]["sql"]
    assert "ledger_case.state -> 'fields'" in page and "ledger_case.state," not in page


def test_filters_narrow(cast: Cast) -> None:
    lamp = whistled(cast)
    other = cast.opened({"text": "楼下烧烤油烟大", "category": "fumes", "address": "和平路 5 号"}, NOW + 24 * HOUR)
    solved = cast.lamp()
    cast.act("wang", solved.id, "solve", NOW + HOUR, answer="换了灯泡，已经亮了")
    cast.act("li", solved.id, "confirm", NOW + 2 * HOUR, contacted="是", solved="solved", satisfied="satisfied")
    children = set(Case.objects.exclude(parent=None).values_list("number", flat=True))

    def found(now: datetime = NOW + 25 * HOUR, key: str = "xu", **given: object) -> set[int]:
        return set(numbers(cast, key, Filters(**given), now))  # type: ignore[arg-type]

    a, b, c = lamp.number, other.number, solved.number
    assert found() == {a, b, c} | children
    assert found(institution=("response",)) == children
    assert found(stage=("request.joint",)) == {a}
    assert found(stage=("request.joint", "request.found")) == {a, b}
    assert found(category=("lighting",)) == {a, c} | children
    assert found(category=("g_environment",)) == {b}
    assert found(state="open") == {a, b} | children
    assert found(state="closed") == found(tier=("grid",)) == found(result=("solved",)) == {c}
    assert found(opened_from=date(2026, 3, 3)) == {b}
    assert found(opened_to=date(2026, 3, 2)) == {a, b, c} - {b} | children
    assert found(closed_from=date(2026, 3, 2), closed_to=date(2026, 3, 2)) == {c}
    assert found(closed_from=date(2026, 3, 3)) == set()
    assert found(area="320402002000") == set() and found(area=GRID_A) == {a, b, c} | children
    assert len(found(unit="power")) == 1 and found(unit="power") < children
    assert found(q="油烟") == found(q="和平路") == {b}
    assert found(q=str(a)) == {a}
    assert found(q="100%") == found(q="_") == set()
    assert found(key="chen", mine=True) == set() and found(key="wang", mine=True) == {b}
    assert found(holder=f"street_officer@{area('320402001000').path}") == {a}
    assert found(counted="yes") == {c} and found(counted="no") == set()


def test_search_stays_within_what_may_be_seen(cast: Cast) -> None:
    cast.lamp(grid=GRID_B)
    whistled(cast)
    assert len(numbers(cast, "wang", Filters(q="路灯"))) == 3  # the request and the two units' cases in the grid
    assert len(numbers(cast, "zhao", Filters(q="路灯"))) == 1
    assert numbers(cast, "stranger", Filters(q="路灯")) == []


def test_overdue_is_what_ran_out_and_a_pause_holds_it(cast: Cast) -> None:
    slow, paused = cast.lamp(), cast.lamp()
    cast.act("wang", paused.id, "pause", NOW + HOUR, addition="请补一张照片")
    late = NOW + 25 * HOUR
    assert numbers(cast, "wang", Filters(overdue=True), NOW) == []
    assert numbers(cast, "wang", Filters(overdue=True), late) == [slow.number]
    states = {r.number: r.clock for r in queries.queue(looks(cast, "wang"), late).rows}
    assert states == {slow.number: "overdue", paused.number: "paused"}


def test_a_search_shows_as_many_as_asked_for_and_counts_no_further(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [cast.lamp().number for _ in range(4)]
    monkeypatch.setattr(queries, "SEARCHED", 2)
    for size in (1, 2, 3, 5):
        page = queries.listing(looks(cast, "wang"), Filters(q="路灯"), NOW, size=size)
        assert [r.number for r in page.rows] == sorted(made, reverse=True)[:size]
        assert (page.total, page.capped, page.older is not None) == (2, True, size < 4)


def test_signs_that_mean_something_to_a_database_are_searched_for_as_they_are(cast: Cast) -> None:
    texts = ["费用涨了50%_不合理", r'门牌"18\号"掉了', "O'Neill 楼 Straße", "费用涨了50元不合理"]
    cases = [cast.opened({"text": t, "category": "lighting"}).number for t in texts]
    sought = {"0%_": 0, "%_不": 0, '"18\\': 1, "'neill": 2, "straße": 2, "50": (0, 3), "_": 0, "%%": ()}
    for words, which in sought.items():
        found = [cases[n] for n in ((which,) if isinstance(which, int) else which)]
        assert sorted(numbers(cast, "wang", Filters(q=words))) == found, words


def test_a_queue_longer_than_its_page_says_how_many_are_late_in_all(cast: Cast) -> None:
    for hours in (0, 1, 2, 20):
        cast.lamp(NOW + hours * HOUR)
    wang, late = looks(cast, "wang"), NOW + 26 * HOUR + timedelta(minutes=1)
    pages = [queries.queue(wang, late, size, start) for size, start in ((10, 0), (2, 0), (2, 2), (1, 3))]
    assert [(p.total, p.late) for p in pages] == [(4, 3)] * 4


def test_what_is_paused_comes_after_what_runs_out_on_every_page(cast: Cast) -> None:
    paused = [cast.lamp().number for _ in range(2)]
    for number in paused:
        cast.act("wang", str(Case.objects.get(number=number).id), "pause", NOW + HOUR, addition="请补一张照片")
    pressing = cast.opened({"text": "路灯不亮", "category": "lighting"}, NOW + 20 * HOUR).number
    pages = [queries.queue(looks(cast, "wang"), NOW + 21 * HOUR, 1, start).rows[0].number for start in range(3)]
    assert pages == [pressing, *paused]


def test_the_row_and_the_filter_agree_on_overdue(cast: Cast) -> None:
    for hours in range(0, 60, 7):
        cast.lamp(NOW + hours * HOUR)
    for hours in range(0, 100, 9):
        at = NOW + hours * HOUR
        rows = queries.listing(looks(cast, "wang"), Filters(state="open"), at).rows
        overdue = {r.number for r in rows if r.clock == "overdue"}
        assert set(numbers(cast, "wang", Filters(overdue=True), at)) == overdue


def test_soon_is_within_a_day_and_leaves_out_what_waits_for_a_rating(cast: Cast) -> None:
    case, rated = cast.lamp(), cast.lamp()
    cast.act("wang", rated.id, "solve", NOW + HOUR, answer="已经修好")
    lapses = Case.objects.get(id=rated.id).next_due
    assert lapses is not None
    assert numbers(cast, "wang", Filters(soon=True), NOW + HOUR) == [case.number]
    assert numbers(cast, "wang", Filters(soon=True), lapses - HOUR) == []


def test_late_and_reopened_read_the_counters(cast: Cast) -> None:
    case, quick = cast.lamp(), cast.lamp()
    cast.act("wang", quick.id, "solve", NOW + HOUR, answer="已经修好")
    cast.act("li", quick.id, "not_solved", NOW + 2 * HOUR, why="晚上又灭了")
    assert numbers(cast, "wang", Filters(reopened=True)) == [quick.number]
    assert set(numbers(cast, "wang", Filters(late="no"))) == {case.number, quick.number}
    month = NOW + timedelta(days=30)
    while due.sweep(month):
        pass
    assert set(numbers(cast, "wang", Filters(late="yes"), month)) == {case.number, quick.number}
    assert numbers(cast, "wang", Filters(late="no"), month) == []


def test_a_field_shows_in_a_row_only_to_those_who_may_read_it(cast: Cast) -> None:
    whistled(cast)
    response = queries.listing(looks(cast, "zhao"), Filters(), NOW).rows[0]
    assert response.text.startswith("东门路") and response.unit == "供电公司"
    mine = queries.listing(looks(cast, "li"), Filters(), NOW).rows
    assert [r.institution for r in mine] == ["request"]


def test_filters_are_read_from_an_address_and_written_back(cast: Cast) -> None:
    pack, snapshot = runtime().pack, registry.current()
    f = Filters(
        q="路灯 & 井盖", state="open", stage=("request.found", "request.joint"), area=GRID_A, overdue=True,
        opened_from=date(2026, 3, 1), tier=("grid",), late="no", holder="street_officer@a320400000000",
    )  # fmt: skip
    from django.http import QueryDict

    again, wrong = filters.read(dict(QueryDict(f.query()).lists()), pack, snapshot)
    assert again == f and wrong == []
    bad = {"opened_from": ["昨天"], "stage": ["nowhere.found"], "area": ["999"], "state": ["half"], "tier": ["moon"]}
    empty, wrong = filters.read(bad, pack, snapshot)
    assert empty == Filters() and len(wrong) == 5
    assert any("昨天" in w.zh for w in wrong)


def test_a_post_filled_today_is_no_gap(cast: Cast) -> None:
    people.give_duty(cast.people["charlie"], "grid_worker", SINCE, area(GRID_A2))
    registry.forget()
    assert ("grid_worker", "甲一第二网格") not in {(g.duty, g.place) for g in queries.gaps(None, NOW)}
