"""Dates in a calendar: one's own only, through a secret address that can be ended, and nothing personal in them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.utils import timezone
from icalendar import Calendar

from linli.features.calendars import acts, queries
from linli.kernel.calendar import SHANGHAI
from linli.ledger import recurring
from linli.ledger.models import Case
from linli.people import acts as people
from linli.people import registry
from linli.people.models import Person
from tests.cast import GRID_B, Cast
from tests.packs.city import City, moment
from tests.packs.test_changzhi_in_the_ledger import AREAS, POSTS

LONG_AGO = datetime(2026, 1, 5, 9, 0, tzinfo=SHANGHAI)


def events(person: str, **query: str) -> list[Any]:
    answer = Client().get(f"/calendar/{acts.address(person)}/due.ics", query)
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    raw = answer.content
    assert all(len(line) <= 75 for line in raw.split(b"\r\n")) and b"\n" not in raw.replace(b"\r\n", b"")
    parsed = Calendar.from_ical(raw)
    assert not parsed.errors
    return list(parsed.walk("VEVENT"))


def test_what_i_hold_is_in_my_calendar_and_nothing_of_others(cast: Cast) -> None:
    now = timezone.now()
    lamp = cast.lamp(now)
    cast.lamp(now, grid=GRID_B)
    (event,) = events(cast.id("wang"))
    case = Case.objects.get(id=lamp.id)
    assert case.stage_due is not None
    assert event["SUMMARY"] == f"{lamp.number} · 群众诉求 · 网格发现 · 到期"
    assert (
        event["DTEND"].dt == case.stage_due.replace(microsecond=0)
        and str(event["DTEND"].params["TZID"]) == "Asia/Shanghai"
    )
    assert event["UID"].startswith(f"{lamp.number}-due@")
    assert events(cast.id("wang"), lang="en")[0]["SUMMARY"].endswith("· due")
    assert events(cast.id("chen")) == []
    cast.act("wang", lamp.id, "pass_up", now, reason="要社区")
    assert events(cast.id("wang")) == [] and len(events(cast.id("chen"))) == 1


def test_a_resident_sees_the_answers_promised_to_them(cast: Cast) -> None:
    lamp = cast.lamp(timezone.now())
    (event,) = events(cast.id("li"))
    assert event["SUMMARY"].endswith("最晚答复") and str(lamp.number) in event["SUMMARY"]
    assert event["DTEND"].dt == Case.objects.get(id=lamp.id).promise_due
    assert events(cast.id("stranger")) == []


def test_nothing_personal_is_in_it(cast: Cast) -> None:
    now = timezone.now()
    cast.opened({"text": "绝密记号", "category": "lighting", "address": "绝密记号 18 号"}, now)
    for who in ("wang", "li"):
        text = Client().get(f"/calendar/{acts.address(cast.id(who))}/due.ics").content.decode().replace("\r\n ", "")
        for planted in ("绝密记号", "李桂英", "19900000001", "王晓燕"):
            assert planted not in text


def test_midnight_is_drawn_on_the_day_that_ends(cast: Cast) -> None:
    cast.lamp(timezone.now())
    (event,) = events(cast.id("li"))
    end = event["DTEND"].dt.astimezone(SHANGHAI)
    if (end.hour, end.minute) == (0, 0):
        assert event["DTSTART"].dt.astimezone(SHANGHAI).date() < end.date()
    assert event["DTSTART"].dt == event["DTEND"].dt - timedelta(minutes=30)


def test_an_old_address_a_made_up_one_and_a_closed_account_show_nothing(cast: Cast) -> None:
    cast.lamp(timezone.now())
    wang = cast.id("wang")
    old = acts.address(wang)
    assert acts.address(wang) == old and queries.owner(old) == wang
    new = acts.reset(wang)
    assert new != old and queries.owner(old) is None and queries.owner(new) == wang
    assert Client().get(f"/calendar/{old}/due.ics").status_code == 404
    forged = f"{new[:-1]}{'0' if new[-1] != '0' else '1'}"
    other = f"{Person.objects.get(id=cast.id('chen')).id.hex}-{new.partition('-')[2]}"
    for wrong in (forged, other, "x", f"{'0' * 32}-{'0' * 40}"):
        assert Client().get(f"/calendar/{wrong}/due.ics").status_code == 404
    cast.accounts["wang"].is_active = False
    cast.accounts["wang"].save()
    assert Client().get(f"/calendar/{new}/due.ics").status_code == 404


def test_a_duty_that_ended_shows_nothing_more(cast: Cast) -> None:
    cast.lamp(timezone.now())
    assert len(events(cast.id("wang"))) == 1
    people.end_duty(cast.people["wang"].duties.get(), (timezone.now() - timedelta(days=1)).date())
    registry.forget()
    assert events(cast.id("wang")) == []


def test_the_address_is_shown_and_reset_on_a_page(cast: Cast) -> None:
    assert Client().get("/calendar/").status_code == 302
    client = Client()
    client.force_login(cast.accounts["wang"])
    first = acts.address(cast.id("wang"))
    assert first in client.get("/calendar/").content.decode()
    after = client.post("/calendar/", follow=True).content.decode()
    assert first not in after and acts.address(cast.id("wang")) in after


def test_one_matters_dates_for_those_who_see_it(cast: Cast) -> None:
    lamp = cast.lamp(timezone.now())
    for key, status in (("wang", 200), ("li", 200), ("stranger", 404), ("bob_grid", 404)):
        client = Client()
        client.force_login(cast.accounts[key])
        assert client.get(f"/cases/{lamp.number}/dates.ics").status_code == status, key
    parsed = Calendar.from_ical(Client().get(f"/c/{lamp.secret}/dates.ics").content)
    found = {str(e["UID"]).partition("@")[0]: e for e in parsed.walk("VEVENT")}
    assert f"{lamp.number}-promise" in found and lamp.secret in str(found[f"{lamp.number}-promise"]["URL"])
    assert urlsplit(str(found[f"{lamp.number}-promise"]["URL"])).path == f"/c/{lamp.secret}/"


@pytest.mark.parametrize(("hour", "timed"), [("19:30", True), ("晚饭后", False)])
def test_an_evening_session_stands_in_the_calendar_of_those_who_know_of_it(db: None, hour: str, timed: bool) -> None:
    city = City("changzhi", AREAS, POSTS, ["water"])
    recurring.open_due(moment("2026-03-01 09:00"))
    session = Case.objects.get(institution="evening_session", external__startswith="2026-03")
    city.act("ren", session, "announce", moment("2026-03-03 10:00"), held_on="2026-03-11", hour=hour, venue="联络站")
    people.create_account("shen", Person.objects.get(id=city.ids["shen"]), "a password")
    found = [e for e in events(city.ids["shen"]) if str(e["UID"]).startswith(f"{session.number}-day")]
    assert len(found) == 1 and found[0]["LOCATION"] == "和平社区"
    start = found[0]["DTSTART"].dt
    if timed:
        assert start == datetime(2026, 3, 11, 19, 30, tzinfo=SHANGHAI)
    else:
        assert start == date(2026, 3, 11)
    registry.forget()
