"""What may be the same matter: found near and lately, explained, and never by what the viewer may not read."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from linli.kernel.calendar import SHANGHAI
from linli.ledger import act as ledger
from linli.ledger import likely, visible
from linli.ledger.definitions import runtime
from linli.ledger.likely import Likely, Matter
from linli.people import registry
from tests.cast import GRID_A, GRID_A2, GRID_B, NOW, Cast, area

DAY = timedelta(days=1)


def ask(cast: Cast, key: str | None, text: str = "", category: str = "lighting", **more: object) -> list[Likely]:
    grid = str(more.pop("grid", GRID_A))
    who = visible.viewer(cast.id(key), registry.current(), NOW) if key else visible.ANYBODY
    matter = Matter("request", area(grid).path, category, text, **more)  # type: ignore[arg-type]
    return likely.likely(who, matter, NOW)


def numbers(found: list[Likely]) -> list[int]:
    return [f.number for f in found]


def test_the_same_lamp_is_found_and_explained(cast: Cast) -> None:
    lamp = cast.lamp(NOW - 3 * DAY)
    found = ask(cast, "chen", "东门路路灯坏了三天不亮")
    assert numbers(found) == [lamp.number]
    assert found[0].why.zh == "同一网格、同一类别、说法相近、3 天前"
    assert found[0].text.startswith("东门路 18 号") and found[0].may_join


def test_anybody_learns_only_what_is_public(cast: Cast) -> None:
    lamp = cast.lamp(NOW - 2 * DAY, GRID_A2)
    (found,) = ask(cast, None)
    assert (found.number, found.text, found.place) == (lamp.number, "", "甲一社区")
    assert found.why.zh == "同一社区、同一类别、2 天前" and found.stage.zh == "网格发现"


def test_text_and_position_of_others_hint_nothing_to_anybody(cast: Cast) -> None:
    here = {"lat": 31.7712, "lng": 119.9712}
    one = cast.opened({"text": "路灯不亮了三天", "category": "lighting", "point": "31.7712,119.9712"}, NOW - DAY)
    two = cast.opened({"text": "井盖旁的灯罩碎了", "category": "lighting"}, NOW - DAY)
    plain = ask(cast, None)
    assert ask(cast, None, "路灯不亮了三天", point=here) == plain == ask(cast, None, "井盖旁的灯罩碎了")
    assert numbers(ask(cast, "chen", "井盖旁的灯罩碎了"))[0] == two.number
    near = ask(cast, "chen", point=here)
    assert near[0].number == one.number and near[0].why.zh.startswith("同一位置")


def test_far_old_other_and_ended_matters_are_left_out(cast: Cast) -> None:
    cast.lamp(NOW - 40 * DAY)
    cast.lamp(NOW - DAY, GRID_B)
    cast.opened({"text": "停车", "category": "parking"}, NOW - DAY)
    done = cast.lamp(NOW - 2 * DAY)
    cast.act("wang", done.id, "solve", NOW - 2 * DAY + timedelta(hours=1), answer="换了灯泡")
    assert ask(cast, None) == []  # answered: nothing to be joined any more
    found = ask(cast, "chen", "路灯不亮")
    assert numbers(found) == [done.number] and not found[0].may_join


def test_a_complaint_of_an_office_is_suggested_to_nobody_it_is_kept_from(cast: Cast) -> None:
    told = {"text": "路灯报了没人管，社区推诿", "category": "lighting", "accused": ["community-a"]}
    against = cast.opened(told, NOW - DAY)
    assert ask(cast, None) == [] == ask(cast, "chen", told["text"]) == ask(cast, "wang", told["text"])  # type: ignore[arg-type]
    assert numbers(ask(cast, "tang", told["text"])) == [against.number]  # type: ignore[arg-type]


def test_a_neighbouring_community_counts_when_the_spot_is_the_same(cast: Cast) -> None:
    over = {"text": "桥头路灯不亮", "category": "lighting", "point": "31.7761,119.9761"}
    lamp = cast.opened(over, NOW - DAY, GRID_B)
    here = {"lat": 31.7762, "lng": 119.9762}
    assert numbers(ask(cast, "tang", "桥头的灯", point=here)) == [lamp.number]
    assert ask(cast, "tang", "桥头的灯") == []


def test_one_query_finds_the_candidates(cast: Cast) -> None:
    cast.lamp(NOW - DAY)
    ask(cast, None)
    with CaptureQueriesContext(
        connection,
    ) as seen:
        ask(cast, None)
    assert len([q for q in seen if "ledger_case" in q["sql"]]) == 1


def test_only_a_known_community_is_compared_for_residents(cast: Cast) -> None:
    cast.lamp(NOW - DAY)
    assert ask(cast, None, grid="320402001000") == []


def test_how_a_matter_joins_another_is_read_off_the_definition(cast: Cast) -> None:
    institution = runtime().pack.institutions["request"]
    join = likely.joining(institution)
    assert join is not None and join.is_one_tap and (join.act.to, join.field) == ("merged", "same_as")
    assert likely.joining(institution, "merged") is None
    assert likely.joining(runtime().pack.institutions["theme"]) is None


@pytest.mark.parametrize(("one", "other", "least", "most"), [
    ("路灯不亮了", "路灯不亮", 0.9, 1.0), ("路灯不亮", "油烟扰民", 0.0, 0.0), ("", "路灯", 0.0, 0.0),
    ("the lamp is broken", "broken lamp", 0.9, 1.0),
])  # fmt: skip
def test_texts_are_compared_by_what_they_share(one: str, other: str, least: float, most: float) -> None:
    assert least <= likely.alike(one, other) <= most


def test_days_are_counted_as_people_do(cast: Cast) -> None:
    late = NOW.astimezone(SHANGHAI).replace(hour=23, minute=50) - DAY
    cast.lamp(late)
    assert ask(cast, None)[0].why.zh.endswith("昨天")


def test_a_matter_that_waits_already_is_not_offered(cast: Cast) -> None:
    first, second = cast.lamp(NOW - DAY), cast.lamp(NOW - DAY)
    cast.act("qian", second.id, "merge", NOW, same_as=str(first.number))
    assert numbers(ask(cast, None)) == [first.number]
    assert isinstance(first, ledger.Receipt)
