"""“Why?” on the pages and over the API: beside deadlines, holders, units, refusals and figures; with and without
scripts; to everybody only what is theirs to see.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone

from linli.ledger.models import Case
from tests.cast import Cast
from tests.web.api_client import Caller
from tests.web.test_case_page import enter, seq, text

HOUR = timedelta(hours=1)


@pytest.fixture
def called(cast: Cast) -> Case:
    """A lamp for which the street whistled to two units."""
    now = timezone.now()
    case = cast.lamp(now - 3 * HOUR)
    cast.act("wang", case.id, "pass_up", now - 2 * HOUR, reason="内部理由甲")
    cast.act("chen", case.id, "pass_up", now - 2 * HOUR, reason="内部理由乙")
    cast.act("zhou", case.id, "whistle", now - HOUR, units=["power", "housing"], reason="内部吹哨理由")
    return Case.objects.get(id=case.id)


def asked(page: str) -> list[str]:
    """The addresses of all folds of a page."""
    return [unescape(a) for a in re.findall(r'hx-get="([^"]*/why/[^"]*)"', page)]


def test_every_fold_of_a_case_page_is_answered_with_and_without_scripts(cast: Cast, called: Case) -> None:
    for client, address in ((enter(cast, "zhou"), f"/cases/{called.number}/"), (Client(), f"/c/{called.secret}/")):
        page = text(client.get(address, headers={"accept-language": "zh-CN"}))
        folds = asked(page)
        assert {"holder", "clock:stage", "clock:promise", "unit:power", "unit:housing"} <= {
            f.partition("what=")[2].replace("%3A", ":") for f in folds
        }
        for fold in folds:
            assert f'<a href="{fold.replace("&", "&amp;")}">' in page, "a link for those without scripts"
            fragment = client.get(fold, headers={"HX-Request": "true", "accept-language": "zh-CN"})
            whole = client.get(fold, headers={"accept-language": "zh-CN"})
            assert fragment.status_code == whole.status_code == 200
            assert "<html" not in text(fragment) and "<html" in text(whole)
            assert "规定" in text(whole) and "依据" in text(whole)


def test_staff_learn_the_line_and_residents_the_institution(cast: Cast, called: Case) -> None:
    mine = text(Client().get(f"/c/{called.secret}/why/", headers={"accept-language": "zh-CN"}))
    theirs = text(enter(cast, "zhou").get(f"/cases/{called.number}/why/"))
    assert "institution.yaml:" in theirs and "institution.yaml:" not in mine
    assert "/institutions/request/" in mine
    assert "内部" not in mine and "周永明" not in mine and "内部吹哨理由" in theirs
    assert "我为什么不能" not in text(Client().get(f"/c/{called.secret}/", headers={"accept-language": "zh-CN"}))


def test_a_refusal_on_the_page_says_why(cast: Cast, called: Case) -> None:
    client, address = enter(cast, "zhou"), f"/cases/{called.number}/"
    sent = {"seq": seq(text(client.get(address))), "note": "催"}
    refused = client.post(f"{address}acts/supervise/", sent)
    assert refused.status_code == 422
    alert = text(refused).partition('role="alert"')[2].partition("</details>")[0]
    assert "只能由督查员来做" in alert and "by" in alert and "徐海峰" in alert
    assert "您的职务：甲街道 镇街承办人" in alert


def test_what_cannot_be_asked_and_foreign_cases_are_not_found(cast: Cast, called: Case) -> None:
    assert enter(cast, "zhou").get(f"/cases/{called.number}/why/?what=weather").status_code == 404
    assert enter(cast, "bob_street").get(f"/cases/{called.number}/why/").status_code == 404
    assert Client().get(f"/c/{called.secret[:-1]}x/why/").status_code == 404
    assert Caller(cast, "zhou").get(f"/cases/{called.number}/why?what=clock:nothing", 404)["code"] == "not_found"
    Caller(cast, "bob_street").get(f"/cases/{called.number}/why", 404)
    Caller(cast, None).get(f"/links/{called.secret[:-1]}x/why", 404)


def test_the_api_answers_the_same_in_both_languages(cast: Cast, called: Case) -> None:
    english = Caller(cast, "zhou").get(f"/cases/{called.number}/why?what=clock:promise")["items"]
    chinese = Caller(cast, "zhou", language="zh-CN").get(f"/cases/{called.number}/why?what=clock:promise")["items"]
    assert len(english) == 1 and english[0]["rule"]["key"] == "limit" and english[0]["value"]["unit"] == "working_day"
    assert english[0]["value"] == {**chinese[0]["value"], "says": english[0]["value"]["says"]}
    assert "working day" in english[0]["says"] and "工作日" in chinese[0]["says"]
    everything = Caller(cast, "zhou").get(f"/cases/{called.number}/why")["items"]
    assert {w["what"].partition(":")[0] for w in everything} == {"clock", "holder", "unit", "act"}
    mine = Caller(cast, None, language="zh-CN").get(f"/links/{called.secret}/why")["items"]
    assert "内部" not in json.dumps(mine, ensure_ascii=False)
    one = Caller(cast, None).get(f"/links/{called.secret}/why?what=act:extend")["items"][0]
    assert one["rule"]["act"] == "extend" and one["changes"]


def test_a_refusal_over_the_api_carries_the_rule(cast: Cast, called: Case) -> None:
    problem = Caller(cast, "zhou").act(called.number, "supervise", 403, note="x")
    assert problem["code"] == "not_yours" and problem["why"]["rule"]["key"] == "by"
    assert problem["why"]["rule"]["file"] == "changzhou/request/institution.yaml" and problem["why"]["rule"]["line"] > 1
    missing = Caller(cast, "li").post(
        "/cases", {"institution": "request", "area": "320402001001001", "data": {"text": "灯"}}, 422
    )
    assert missing["why"]["rule"]["act"] == "open" and missing["why"]["rule"]["key"] == "needs"
    assert Caller(cast, "zhou").get("/cases?limit=0", 400)["why"] is None


def test_every_figure_can_be_asked_over_the_api_by_whoever_holds_a_duty(cast: Cast, called: Case) -> None:
    for key in ("xu", "zhou", "wang", "zhao"):
        caller = Caller(cast, key)
        names = [f["name"] for f in caller.get("/figures")["items"]]
        assert {"open", "tier:grid", "on_time:request", "gaps"} <= set(names)
        for name in names:
            answer = caller.get(f"/figures/{name}/why?from=2026-01-01&to=2030-12-31")
            assert answer["what"] == name and answer["says"]
            for part in answer["parts"]:
                total = caller.get(part["cases"].partition("/api/v1")[2])["total"]
                assert total == part["value"], (key, name, part)
    assert Caller(cast, "zhou").get("/figures/tier:grid/why")["value"]["parameter"] == "closed_at_grid"
    assert Caller(cast, "li").get("/figures", 403)["code"] == "not_yours"
    Caller(cast, None).get("/figures", 401)
    Caller(cast, "xu").get("/figures/weather/why", 404)
    Caller(cast, "xu").get("/figures/open/why?from=yesterday", 400)
    Caller(cast, "xu").get("/figures/open/why?area=999", 422)


@pytest.mark.parametrize("key", ["wang", "chen", "zhou", "wu", "tang", "qian", "xu", "zhao"])
def test_every_duty_finds_its_figures_and_can_ask_why(cast: Cast, called: Case, key: str) -> None:
    client = enter(cast, key)
    page = text(client.get("/", follow=True))
    assert 'href="/command/"' in page, "the figures are in the navigation of every duty"
    overview = client.get("/command/")
    assert overview.status_code == 200
    folds = asked(text(overview))
    assert len(folds) >= 3
    for fold in folds:
        answer = client.get(fold, headers={"HX-Request": "true", "accept-language": "zh-CN"})
        assert answer.status_code == 200 and "只数您职责范围内看得到的事项" in text(answer)
    assert client.get("/command/why/?figure=weather").status_code == 404


def test_residents_are_not_offered_the_figures_of_staff(cast: Cast) -> None:
    assert enter(cast, "li").get("/command/").status_code == 404
    assert enter(cast, "li").get("/command/why/?figure=open").status_code == 404
