"""Starting a matter of one's own office: what one's duties may, where they are held, once however often it is sent."""

from __future__ import annotations

import pytest
from django.test import Client

from linli.ledger.models import Case
from tests import cast as standing
from tests.cast import Cast
from tests.web.pages import enter

pytestmark = pytest.mark.django_db
ORDER = {
    "token": "t1",
    "unit": "power",
    "place": "320402001001",
    "service": "training",
    "text": "请来讲一次居家用电安全，约四十位老人。",
}


def test_it_is_offered_to_those_whose_duty_starts_something(cast: Cast) -> None:
    assert 'href="/start/"' in enter(cast, "chen").get("/desk/").content.decode()
    for key, own in (("zhao", "/department/"), ("li", "/my/")):
        client = enter(cast, key)
        assert 'href="/start/"' not in client.get(own).content.decode()
        assert client.get("/start/").status_code == 404
    assert Client().get("/start/").status_code == 302


def test_a_community_orders_from_a_department(cast: Cast) -> None:
    chen = enter(cast, "chen")
    page = chen.get("/start/?kind=order").content.decode()
    assert "点单" in page and "供电公司" in page and "甲一社区" in page and "乙一社区" not in page
    answer = chen.post("/start/?kind=order", ORDER)
    case = Case.objects.get(institution="order")
    assert answer.status_code == 302 and answer["Location"] == f"/cases/{case.number}/"
    assert (case.stage, str(case.reporter_id)) == ("ordered", cast.id("chen"))
    assert case.unit.endswith("power") and case.place == standing.area("320402001001").path
    chen.post("/start/?kind=order", ORDER)
    assert Case.objects.filter(institution="order").count() == 1


@pytest.mark.parametrize(("left_out", "said"), [("unit", "请选择单位"), ("place", "请选择在哪里"), ("text", "请填写")])
def test_what_is_missing_is_said_and_what_was_typed_is_kept(cast: Cast, left_out: str, said: str) -> None:
    answer = enter(cast, "chen").post("/start/?kind=order", {k: v for k, v in ORDER.items() if k != left_out})
    page = answer.content.decode()
    assert answer.status_code == 422 and said in page
    assert left_out == "text" or ORDER["text"] in page
    assert not Case.objects.filter(institution="order").exists()


def test_nobody_starts_it_where_another_holds_the_duty(cast: Cast) -> None:
    answer = enter(cast, "chen").post("/start/?kind=order", {**ORDER, "place": "320402002001"})
    assert answer.status_code == 422 and not Case.objects.filter(institution="order").exists()
