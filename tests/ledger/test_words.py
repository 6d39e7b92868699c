"""What a case can be found by: every pair of characters of what was raised, as it stands today and no longer."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from linli.ledger import privacy, queries, verify, visible
from linli.ledger.filters import Filters
from linli.ledger.models import Pairs
from linli.ledger.privacy import Done
from linli.ledger.words import area_marks, pairs, sought
from linli.people import registry
from tests.cast import GRID_A, NOW, Cast, area

HOUR = timedelta(hours=1)


def found(cast: Cast, words: str, key: str = "wu") -> set[int]:
    who = visible.viewer(cast.id(key), registry.current(), NOW)
    return {row.number for row in queries.listing(who, Filters(q=words), NOW).rows}


@given(st.text(), st.text(), st.text(min_size=1))
def test_whatever_stands_in_a_text_has_its_pairs_there(before: str, after: str, words: str) -> None:
    assert pairs(words) <= pairs(before + words + after)


@given(st.text(alphabet="ab1é路 .", max_size=12))
def test_what_is_looked_for_says_all_that_the_pairs_say(words: str) -> None:
    wanted = sought(words)
    assert set(wanted) <= pairs(words)
    assert all(any(p in w for w in wanted) for p in pairs(words))


def test_letters_and_digits_are_looked_for_by_three() -> None:
    assert sought("Pothole") == ["hol", "ole", "oth", "pot", "tho"]
    assert sought("18号LED灯") == ["18", "8号", "d灯", "led", "号l"]
    assert sought("路灯") == ["路灯"]


def test_by_words_by_one_character_and_by_number(cast: Cast) -> None:
    lamp = cast.opened({"text": "东门路灯坏了，LED 灯", "category": "lighting"}).number
    fumes = cast.opened({"text": f"油烟大，见编号 {lamp}", "category": "fumes"}).number
    assert found(cast, "路灯") == found(cast, "led 灯") == found(cast, "坏") == {lamp}
    assert found(cast, str(lamp)) == {lamp, fumes}
    assert found(cast, "灯路") == found(cast, "东门坏了") == set(), "all pairs but not the words"


def test_hidden_words_are_found_no_more(cast: Cast) -> None:
    case = cast.opened({"text": "找王大明说路灯", "category": "lighting"})
    assert found(cast, "王大明") == {case.number}
    cast.act("wang", case.id, "pass_up", NOW + HOUR, reason="要供电部门来")
    who = visible.viewer(cast.id("chen"), registry.current(), NOW)
    assert isinstance(privacy.redact(case.id, ["王大明"], "隐去姓名", who, NOW + 2 * HOUR), Done)
    assert found(cast, "王大明") == set() and found(cast, "路灯") == {case.number}
    assert not pairs("王大明") & set(Pairs.objects.get(case_id=case.id).pairs)


def test_verify_sees_a_wrong_index_and_rebuilds_it(cast: Cast) -> None:
    case = cast.opened({"text": "路灯坏了", "category": "lighting"})
    Pairs.objects.filter(case_id=case.id).update(pairs=["别的"])
    assert [f.code for f in verify.verify(NOW).faults] == ["search-differs"]
    assert found(cast, "路灯") == set()
    assert verify.rebuild([case.id], NOW) == [case.id]
    assert verify.verify(NOW).faults == [] and found(cast, "路灯") == {case.number}
    Pairs.objects.all().delete()
    assert [f.code for f in verify.verify(NOW).faults] == ["search-differs"]


def test_the_migration_marks_areas_as_an_opening_does(cast: Cast) -> None:
    step = import_module("linli.ledger.migrations.0012_pairs_of_areas")
    cast.opened({"text": "@灯 @a1 路灯坏了，LED é灯", "category": "lighting"})
    written = list(Pairs.objects.values_list("pairs", flat=True))
    assert all(set(area_marks(area(GRID_A).path)) <= set(p) for p in written)
    with connection.cursor() as cursor:
        cursor.execute(step._UNMARKED)
    assert [f.code for f in verify.verify(NOW).faults] == ["search-differs"]
    for _ in range(2):  # a database that was marked already stays as it is
        with connection.cursor() as cursor:
            cursor.execute(step._MARKED)
        assert list(Pairs.objects.values_list("pairs", flat=True)) == written and verify.verify(NOW).faults == []
