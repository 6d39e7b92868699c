"""The JSON API: the lamp runs through it as in the scenario file, and nobody reaches what is not theirs."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone
from PIL import Image

import linli
from linli.ledger.models import Attachment, Case
from linli.people import acts as people
from linli.people.models import Token
from linli.web.api import urls
from tests.cast import GRID_A, GRID_B, Cast
from tests.web.api_client import V1, Caller, described, template

SCENARIO = Path(linli.__file__).parent / "packs/changzhou/request/scenarios/lamp.yaml"
LAMP = {"institution": "request", "area": GRID_A, "data": {"text": "路灯不亮", "category": "lighting"}}
CAST = {"老李": "li", "小王": "wang", "陈姐": "chen", "周工": "zhou", "供电老赵": "zhao", "住建小刘": "sun"}


def opened(cast: Cast, key: str = "li", **changes: Any) -> int:
    """Open the lamp over the API; its number."""
    number = Caller(cast, key).post("/cases", {**LAMP, **changes}, 201)["number"]
    assert isinstance(number, int)
    return number


def test_the_lamp_tells_the_same_story_as_the_scenario_file(cast: Cast) -> None:
    story = yaml.load(SCENARIO.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # `on` stays a word
    callers = {who: Caller(cast, key) for who, key in CAST.items()}
    first, *steps = story["steps"]
    number = callers[first["who"]].post("/cases", {**LAMP, "data": first["with"]}, 201)["number"]
    for step in steps:
        caller, target = callers[step["who"]], number
        if "on" in step:  # the unit's own case, found where its people find it
            (row,) = caller.get(f"/cases?institution=response&unit={step['on']}")["items"]
            target = row["number"]
        case = caller.get(f"/cases/{target}")
        assert step["act"] in [a["name"] for a in case["acts"]]
        sent = {"data": step.get("with", {}), "seq": case["seq"]}
        done = caller.post(f"/cases/{target}/acts/{step['act']}", sent)
        assert done["seq"] > case["seq"]
    end = Caller(cast, "li").get(f"/cases/{number}")
    expected = story["expect"]
    assert end["stage"]["name"] == expected["stage"] and end["ended"]
    assert (end["result"]["name"], end["tier"]["name"]) == (expected["result"], expected["tier"])
    assert [h["act"] for h in end["history"]] == expected["acts"]
    answers = [m for h in end["history"] if h["answer"] for m in h["messages"]]
    assert {m["to"] for m in answers} == {"reporter"} and "今晚路灯已经亮了" in answers[0]["text"]
    children = Case.objects.filter(parent__number=number).values_list("unit", "result")
    assert {unit.split(".")[-1]: result for unit, result in children} == expected["children"]
    assert not end["clocks"] and {a["name"] for a in end["acts"]} <= {"rate_again"}


def test_a_foreign_case_is_not_found_on_any_path(cast: Cast) -> None:
    number = opened(cast)
    case = Case.objects.get(number=number)
    for key in ("bob_grid", "bob_community", "bob_street", "zhao", "stranger", "charlie"):
        caller = Caller(cast, key)
        there, nowhere = (caller.get(f"/cases/{n}", 404) for n in (number, 99))
        assert {**there, "instance": ""} == {**nowhere, "instance": ""}, "existing or not, the answer is the same"
        caller.act(number, "pass_up", 404, reason="x")
        caller.act(number, "no_such_act", 404)
        assert caller.get("/cases")["items"] == [] and caller.get("/cases")["total"] == 0
        assert caller.get(f"/cases?q={number}")["items"] == []
    assert case.entries.count() == 1
    assert Caller(cast, "wang").get(f"/cases/{number}")["number"] == number
    Caller(cast, "wang").get(f"/cases/{9**30}", 404)


def test_the_accused_do_not_see_what_complains_of_them(cast: Cast) -> None:
    opened(cast, data={"text": "态度恶劣", "category": "power", "accused": ["command"]})
    assert Caller(cast, "tang").get("/cases")["items"] == []
    assert len(Caller(cast, "zhou").get("/cases")["items"]) == 1


def test_everybody_reads_only_their_class_of_fields(cast: Cast) -> None:
    number = opened(cast)
    Caller(cast, "wang").act(number, "pass_up", reason="内部理由")
    mine, theirs = (Caller(cast, key).get(f"/cases/{number}") for key in ("li", "chen"))
    assert (mine["reads"], theirs["reads"]) == ("party", "handler")
    assert "内部理由" not in json.dumps(mine, ensure_ascii=False)
    assert "内部理由" in json.dumps(theirs, ensure_ascii=False)
    assert mine["contact"] is None and theirs["contact"]["phone"] == "199****0001"
    assert all(h["person"] is None for h in mine["history"])


def test_a_refusal_is_a_problem_in_the_callers_language(cast: Cast) -> None:
    number = opened(cast)
    problem = Caller(cast, "wang").act(number, "pass_up", 422)
    assert problem["code"] == "incomplete" and set(problem["fields"]) == {"reason"}
    assert problem["type"] == "urn:linli:problem:incomplete" and "complete" in problem["detail"]
    assert "请" in Caller(cast, "wang", language="zh-CN").act(number, "pass_up", 422)["detail"]
    assert Caller(cast, "chen").act(number, "solve", 403, answer="x")["code"] == "not_yours"
    assert Caller(cast, "zhou").act(number, "whistle", 409, units=["power"], reason="x")["code"] == "not_here"
    seen = Caller(cast, "wang").get(f"/cases/{number}")["seq"]
    Caller(cast, "li").act(number, "add", addition="还没亮")
    late = {"data": {"reason": "x"}, "seq": seen}
    assert Caller(cast, "wang").post(f"/cases/{number}/acts/pass_up", late, 409)["code"] == "changed"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"institution": "nothing"}, "institution"),
        ({"institution": ["request"]}, "institution"),
        ({"area": "999"}, "area"),
        ({"area": None}, "area"),
        ({"unit": "nobody"}, "unit"),
        ({"data": []}, "data"),
        ({"data": {"text": "x"}}, "category"),
        ({"data": {"text": "x" * 20_001, "category": "lighting"}}, "text"),
        ({"data": {"text": "x", "category": "lighting", "photos": ["nonsense"]}}, "photos"),
        ({"data": {"text": "x", "category": "lighting", "accused": ["nobody"]}}, "accused"),
        ({"data": {"text": "x", "category": "lighting", "answer": "x"}}, "answer"),
        ({"reporter": "me"}, "reporter"),
        ({"reporter": {"id": 1}}, "id"),
        ({"extra": 1}, "extra"),
    ],
)
def test_what_cannot_be_opened_says_which_field(cast: Cast, changes: dict[str, Any], field: str) -> None:
    problem = Caller(cast, "wang").post("/cases", {**LAMP, **changes}, 422)
    assert field in problem["fields"], problem
    assert not Case.objects.exists()


def test_bad_bodies_and_questions_are_refused(cast: Cast) -> None:
    wang = Caller(cast, "wang")
    headers = {"authorization": f"Bearer {wang.key}"}

    def posted(body: bytes, kind: str = "application/json") -> Any:
        return Client().post(f"{V1}/cases", body, content_type=kind, headers=headers)

    assert posted(b"{").status_code == 400 and posted(b"[]").status_code == 400
    assert posted(b'{"institution": "\\ud800"}').status_code == 400
    assert posted(b"x=1", "application/x-www-form-urlencoded").status_code == 415
    assert posted(b'"' + b"x" * (3 * 2**20) + b'"').status_code == 413
    for query in ("limit=0", "limit=x", "cursor=-1", "state=done", "area=999", "opened_from=yesterday"):
        assert wang.get(f"/cases?{query}", 400)["code"] == "invalid"
    assert wang.post("/cases", {**LAMP, "reporter": {"email": "no address"}}, 400)["code"] == "invalid"
    refused = Client().delete(f"{V1}/cases", headers=headers)
    assert refused.status_code == 405 and refused["Allow"] == "GET, POST, HEAD"
    assert Client().get(f"{V1}/nothing").json()["code"] == "not_found"


def test_the_same_key_opens_one_case_only(cast: Cast) -> None:
    li, stranger = Caller(cast, "li"), Caller(cast, "stranger")
    first = li.post("/cases", LAMP, 201, **{"idempotency-key": "abc"})
    Caller(cast, "wang").act(first["number"], "pass_up", reason="没电")
    assert li.post("/cases", LAMP, 201, **{"idempotency-key": "abc"}) == first
    assert Case.objects.count() == 1
    other = {**LAMP, "data": {"text": "别的事", "category": "lighting"}}
    assert li.post("/cases", other, 422, **{"idempotency-key": "abc"})["code"] == "key_reused"
    elsewhere = {**LAMP, "area": GRID_B}
    assert li.post("/cases", elsewhere, 422, **{"idempotency-key": "abc"})["code"] == "key_reused"
    assert stranger.post("/cases", LAMP, 201, **{"idempotency-key": "abc"})["number"] != first["number"]
    assert li.post("/cases", LAMP, 400, **{"idempotency-key": "x" * 101})["code"] == "invalid"


@pytest.mark.django_db(transaction=True)
def test_two_posts_with_one_key_at_the_same_moment_open_one_case(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    from linli.web.api import v1_cases

    li = Caller(cast, "li")
    first = li.post("/cases", LAMP, 201, **{"idempotency-key": "abc"})
    asked: list[str | None] = []
    find = v1_cases._earlier

    def too_early(source: str | None, external: str | None) -> Case | None:
        asked.append(external)
        return None if len(asked) == 1 else find(source, external)

    monkeypatch.setattr(v1_cases, "_earlier", too_early)
    assert li.post("/cases", LAMP, 201, **{"idempotency-key": "abc"}) == first
    assert len(asked) == 2 and Case.objects.count() == 1


def test_staff_file_for_somebody_and_the_secret_link_speaks_for_them(cast: Cast) -> None:
    wang = Caller(cast, "wang")
    sent = {**LAMP, "reporter": {"name": "赵奶奶", "phone": "13700000000"}}
    done = wang.post("/cases", sent, 201)
    case = Case.objects.get(number=done["number"])
    assert case.reporter and case.reporter.name == "赵奶奶" and case.channel == "api"
    visitor = Caller(cast, None)
    link = f"/links/{done['secret']}"
    assert visitor.get(link)["reads"] == "party"
    visitor.post(f"{link}/acts/add", {"data": {"addition": "还没亮"}})
    assert visitor.post(f"{link}/acts/pass_up", {"data": {"reason": "x"}}, 403)["code"] == "not_yours"
    visitor.get("/links/wrong-secret", 404)
    visitor.post("/links/wrong-secret/acts/add", {"data": {"addition": "x"}}, 404)
    unknown = wang.post("/cases", {**LAMP, "reporter": {}}, 201)
    assert Case.objects.get(number=unknown["number"]).reporter is None
    assert Caller(cast, "bob_grid").post("/cases", sent, 403)["code"] == "not_yours"


def test_the_list_pages_by_cursor_and_filters(cast: Cast) -> None:
    numbers = [opened(cast) for _ in range(3)]
    Caller(cast, "wang").act(numbers[0], "pass_up", reason="没电")
    wang = Caller(cast, "wang")
    page = wang.get("/cases?limit=2")
    assert [r["number"] for r in page["items"]] == numbers[:0:-1] and page["total"] == 3
    rest = wang.get(page["next"].partition(V1)[2])
    assert [r["number"] for r in rest["items"]] == numbers[:1] and rest["next"] is None
    assert {r["number"] for r in wang.get("/cases?mine=1")["items"]} == set(numbers[1:])
    assert [r["number"] for r in wang.get("/cases?stage=request.collected")["items"]] == numbers[:1]


def test_only_living_keys_of_active_accounts_open_the_door(cast: Cast) -> None:
    Caller(cast, None).get("/cases", 401)
    assert Caller(cast, None, key="guess").get("/cases", 401)["code"] == "bad_key"
    caller = Caller(cast, "wang")
    assert Token.objects.filter(digest=caller.key).count() == 0, "the key itself is not kept"
    Token.objects.update(ends=timezone.now() - timedelta(seconds=1))
    assert caller.get("/me", 401)["code"] == "bad_key"
    Token.objects.update(ends=None)
    assert caller.get("/me")["duties"][0]["at"] == GRID_A
    cast.accounts["wang"].is_active = False
    cast.accounts["wang"].save()
    caller.get("/me", 401)
    answer = Client().get(f"{V1}/cases")
    assert answer["WWW-Authenticate"].startswith("Bearer") and answer["Content-Type"] == "application/problem+json"


def test_a_session_works_too_but_must_bring_the_csrf_token(cast: Cast) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(cast.accounts["li"])
    assert browser.get(f"{V1}/me").json()["account"] == "li"
    refused = browser.post(f"{V1}/cases", json.dumps(LAMP), "application/json")
    assert refused.status_code == 403 and refused.json()["code"] == "csrf" and not Case.objects.exists()
    token = "a" * 32
    browser.cookies["csrftoken"] = token
    done = browser.post(f"{V1}/cases", json.dumps(LAMP), "application/json", headers={"x-csrftoken": token})
    assert done.status_code == 201


def test_an_account_without_a_person_may_not_act(cast: Cast) -> None:
    from linli.people.models import Account

    account = Account.objects.create(username="robot")
    key = people.create_token(account, "x", timezone.now())
    robot = Caller(cast, None, key=key)
    assert robot.get("/cases")["items"] == []
    assert robot.post("/cases", LAMP, 403)["code"] == "no_person"


def photo() -> SimpleUploadedFile:
    """A small real PNG."""
    out = io.BytesIO()
    Image.new("RGB", (20, 10), "red").save(out, "PNG")
    return SimpleUploadedFile("a.png", out.getvalue(), "image/png")


def test_photos_are_sent_first_and_seen_by_whom_the_case_is(cast: Cast, settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    li = Caller(cast, "li")
    headers = {"authorization": f"Bearer {li.key}"}
    form = {"institution": "request", "field": "photos", "file": photo()}
    sent = Client().post(f"{V1}/attachments", form, headers=headers)
    assert sent.status_code == 201
    (id,) = sent.json()["ids"]
    li.get(f"/attachments/{id}", 404)
    number = opened(cast, data={**LAMP["data"], "photos": [id]})  # type: ignore[dict-item]
    assert Attachment.objects.get(id=id).case.number == number  # type: ignore[union-attr]
    assert li.get(f"/attachments/{id}")["Content-Type"] == "image/jpeg"
    Caller(cast, "bob_grid").get(f"/attachments/{id}", 404)
    again = Caller(cast, "li").post("/cases", {**LAMP, "data": {**LAMP["data"], "photos": [id]}}, 422)  # type: ignore[dict-item]
    assert "photos" in again["fields"]
    wrong = {**form, "file": SimpleUploadedFile("a.png", b"no picture", "image/png")}
    assert Client().post(f"{V1}/attachments", wrong, headers=headers).status_code == 422


def test_institutions_places_and_units_can_be_read(cast: Cast) -> None:
    visitor = Caller(cast, None)
    assert "request" in {i["name"] for i in visitor.get("/institutions")["items"]}
    request = visitor.get("/institutions/request")
    category = next(f for f in request["fields"] if f["name"] == "category")
    assert {"code": "lighting", "title": "Street lighting", "group": "g_streets"} in category["choices"]
    assert request["stages"][0]["name"] == "found"
    assert visitor.get(f"/institutions/request?version={request['version']}") == request
    visitor.get("/institutions/request?version=000000000000", 404)
    visitor.get("/institutions/nothing", 404)
    (city,) = visitor.get("/areas")["items"]
    assert [a["name"] for a in visitor.get(f"/areas?parent={city['code']}")["items"]] == ["天宁区"]
    visitor.get("/areas?parent=999", 404)
    visitor.get("/units", 401)
    assert {u["code"] for u in Caller(cast, "zhou").get("/units?kind=department")["items"]} == {"power", "housing"}


def test_the_description_names_every_address_and_no_other(cast: Cast) -> None:
    served = Caller(cast, None).get("/openapi.json")
    assert served["openapi"].startswith("3.1") and set(served["paths"]) == set(described()["paths"])
    real = {
        "/" + str(p.pattern).removeprefix("api/v1/").replace("<int:", "{").replace("<str:", "{")
        .replace("<uuid:", "{").replace(">", "}")
        for p in urls.urlpatterns
        if p.name and p.name.startswith("api_") and p.name != "api_unknown"
    }  # fmt: skip
    assert real == set(described()["paths"])
    assert template("/cases/7/acts/solve") == "/cases/{number}/acts/{act}"
    assert get_resolver().reverse_dict.getlist("api_cases"), "the addresses are part of the site"


def test_the_description_names_every_method(cast: Cast) -> None:
    for path, operations in described()["paths"].items():
        example = path
        for name in ("number", "act", "secret", "name"):
            example = example.replace("{" + name + "}", "1")
        example = example.replace("{id}", "00000000-0000-0000-0000-000000000000")
        allowed = Client().put(f"{V1}{example}")["Allow"]
        assert set(allowed.lower().split(", ")) - {"head"} == set(operations), path
