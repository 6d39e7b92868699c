"""Starting what goes to a community, and a visit, on the pages: the admitted item, the place, and nobody's name."""

from __future__ import annotations

import pytest
from django.test import Client

from linli.ledger.models import Case
from linli.people import acts as people
from linli.people.models import Person
from tests.packs.city import City
from tests.packs.test_admission_list import COMMUNITY, TASK, entered, world  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db


def signed_in(world: City, key: str) -> Client:  # noqa: F811
    client = Client()
    client.force_login(people.create_account(key, Person.objects.get(id=world.ids[key]), "a-password-of-a-test"))
    return client


def test_a_department_chooses_the_community_and_names_an_admitted_item(world: City) -> None:  # noqa: F811
    item = entered(world)
    market = signed_in(world, "market")
    page = market.get("/start/?kind=assignment").content.decode()
    assert "巴登社区" in page and "园西社区" in page and "准入事项" in page
    form = {"token": "a1", "place": COMMUNITY, **TASK, "due_on": "2099-05-29"}
    refused = market.post("/start/?kind=assignment", {**form, "item": "1"})
    assert refused.status_code == 422 and "没有可用的事项" in refused.content.decode()
    assert not Case.objects.filter(institution="assignment").exists()
    done = market.post("/start/?kind=assignment", {**form, "item": str(item.number)})
    work = Case.objects.get(institution="assignment")
    assert done.status_code == 302 and (work.stage, work.holder_duty) == ("offered", "community_officer")
    assert str(work.reporter_id) == world.ids["market"]


def test_an_application_goes_to_the_district_and_to_no_community(world: City) -> None:  # noqa: F811
    page = signed_in(world, "market").get("/start/?kind=admission").content.decode()
    assert "福田区" in page and "随事经费" in page
    assert "巴登社区" not in page and "园西社区" not in page


def test_a_visit_is_noted_with_one_field_and_is_nobody_s_request(world: City) -> None:  # noqa: F811
    sun = signed_in(world, "sun")
    page = sun.get("/start/?kind=visit").content.decode()
    assert "哪栋楼" in page
    assert (
        sun.post("/start/?kind=visit", {"token": "v1", "place": f"{COMMUNITY}001", "building": "12 栋"}).status_code
        == 302
    )
    visit = Case.objects.get(institution="visit")
    assert (visit.stage, visit.reporter_id) == ("noted", None)
