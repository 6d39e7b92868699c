"""A called unit's pages: its own calls by stage, answered from the list."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from linli.ledger.models import Case
from tests.cast import Cast
from tests.web.pages import enter
from tests.web.test_desk import listed, see

HOUR = timedelta(hours=1)


@pytest.fixture
def called(cast: Cast) -> dict[str, Case]:
    """A lamp for which the street has called two units: unit's code → its case."""
    now = timezone.now()
    lamp = cast.lamp(now - 4 * HOUR)
    cast.act("wang", lamp.id, "pass_up", now - 3 * HOUR, reason="灯杆没有电")
    cast.act("chen", lamp.id, "pass_up", now - 2 * HOUR, reason="社区没有权限")
    cast.act("zhou", lamp.id, "whistle", now - HOUR, units=["power", "housing"], reason="一起去")
    return {str(c.unit).rsplit("_", 1)[-1]: c for c in Case.objects.filter(parent_id=lamp.id)}


def _of(called: dict[str, Case], word: str) -> Case:
    return next(c for c in called.values() if word in str(c.unit))


def test_a_unit_sees_its_own_calls_with_their_answers(cast: Cast, called: dict[str, Case]) -> None:
    mine, other = _of(called, "power"), _of(called, "housing")
    html = see(enter(cast, "zhao"), "/department/")
    assert listed(html) == [mine.number] and str(other.number) not in html
    assert "待签收" in html and f"/department/tasks/{mine.number}/accept/" in html
    assert f"/department/tasks/{mine.number}/object/" in html and "李桂英" not in html
    see(enter(cast, "zhao"), f"/department/tasks/{other.number}/accept/", 404)


def test_a_unit_accepts_and_answers_from_the_list(cast: Cast, called: dict[str, Case]) -> None:
    mine = _of(called, "power")
    client = enter(cast, "zhao")
    for act, data in (("accept", {}), ("respond", {"answer": "电缆已接通"})):
        assert client.get(f"/department/tasks/{mine.number}/{act}/", headers={"hx-request": "true"}).status_code == 200
        sent = client.post(f"/cases/{mine.number}/acts/{act}/", {**data, "next": "/department/"})
        assert sent.headers["Location"] == "/department/"
    mine.refresh_from_db()
    assert mine.result == "responded"
    assert listed(see(client, "/department/")) == []
    assert listed(see(client, "/department/cases/?tab=closed")) == [mine.number]


def test_what_a_unit_objected_to_stays_in_sight_without_its_buttons(cast: Cast, called: dict[str, Case]) -> None:
    mine = _of(called, "power")
    cast.act("zhao", str(mine.id), "object", timezone.now(), reason="灯杆归城管")
    html = see(enter(cast, "zhao"), "/department/")
    assert "异议裁定" in html and listed(html) == [mine.number] and "/department/tasks/" not in html
    assert listed(see(enter(cast, "qian"), "/desk/")) == [mine.number]
