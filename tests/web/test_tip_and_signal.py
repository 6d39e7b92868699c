"""A rider's one-photo report on the resident's pages, and a device's signal through the API."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from linli.ledger.models import Attachment, Case
from linli.people import acts as people
from tests.cast import GRID_A, SINCE, Cast, area
from tests.web.api_client import Caller
from tests.web.photos import photo

pytestmark = pytest.mark.django_db
WHAT, WHERE, WHO = "/report/tip/", "/report/tip/where/", "/report/tip/who/"


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


def rider(cast: Cast) -> Client:
    client = Client(headers={"accept-language": "zh-CN"})
    client.force_login(cast.accounts["li"])
    return client


def test_one_photo_and_the_place_are_enough(cast: Cast) -> None:
    li = rider(cast)
    missing = li.post(WHAT, {"text": "井盖翘起来了"})
    assert missing.status_code == 422, "without a photo it is not a photo report"
    assert li.post(WHAT, {"photos": [photo()]})["Location"] == WHERE
    goes = li.post(WHERE, {"go": "1", "at_street": "320402001000", "at_community": "320402001001"})["Location"]
    if goes.endswith("/same/"):
        goes = li.post(goes, {"same": "0"})["Location"]
    assert goes == WHO
    page = li.get(WHO).content.decode()
    token = re.search(r'name="token" value="([^"]+)"', page)
    assert token is not None
    assert li.post(WHO, {"token": token[1]}).status_code == 302
    tip = Case.objects.get(institution="tip")
    assert (tip.stage, str(tip.reporter_id), tip.kernel().counts.get("credit", 0)) == ("checking", cast.id("li"), 0)
    assert Attachment.objects.get(case=tip).field == "photos"
    assert {n for n, v in tip.fields.items() if v} == {"photos"}, "not a word had to be typed"


def test_the_point_is_told_to_the_rider_and_shown_to_nobody_else(cast: Cast) -> None:
    test_one_photo_and_the_place_are_enough(cast)
    tip = Case.objects.get(institution="tip")
    cast.act("chen", str(tip.id), "verify", tip.opened, dangers="井盖翘起")  # the grid was not named: the community's
    mine = rider(cast).get("/my/").content.decode()
    assert str(tip.number) in mine
    own = rider(cast).get(f"/cases/{tip.number}/").content.decode()
    assert "记一分" in own
    for path in ("/", "/open/"):
        assert "记一分" not in Client().get(path).content.decode()


def test_a_device_reports_through_the_api(cast: Cast) -> None:
    people.give_duty(cast.people["charlie"], "sensor_gateway", SINCE, area("320402000000"))
    gateway = Caller(cast, "charlie")
    sent = {
        "institution": "signal",
        "area": GRID_A,
        "data": {"kind": "smoke", "device_no": "YG-0518", "reading": "0.31 dB/m"},
    }
    opened = gateway.post("/cases", sent, 201)
    signal = Case.objects.get(number=opened["number"])
    assert (signal.stage, signal.holder_duty) == ("screening", "dispatcher") and signal.next_due is not None
    Caller(cast, "qian").act(signal.number, "reject", why_false="everyday")
    signal.refresh_from_db()
    assert (signal.result, signal.fields["why_false"]) == ("false_alarm", "everyday")
    gateway.post("/cases", {**sent, "data": {"kind": "smoke"}}, 422)
    Caller(cast, "stranger").post("/cases", sent, 403)
