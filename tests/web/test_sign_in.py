"""Signing in: by password for everybody, by one click only in the demo and only as the invented cast."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from linli.people import acts as people
from linli.web.page import sign_in
from tests.cast import Cast


@pytest.fixture(autouse=True)
def forget_tries() -> None:
    sign_in.WRONG_PASSWORDS.forget()


@pytest.fixture
def demo_person(cast: Cast) -> str:
    people.create_account("zhou-yongming", people.create_person("演示", cast.people["li"].created))
    return "zhou-yongming"


def who(client: Client) -> str | None:
    return client.session.get("_auth_user_id")


def test_outside_the_demo_nobody_enters_with_one_click(cast: Cast, demo_person: str, settings: Any) -> None:
    settings.DEMO = False
    client = Client()
    for key in (demo_person, "xu", "li", "nobody"):
        assert client.post(f"/sign-in/as/{key}/").status_code == 404
    assert who(client) is None
    page = client.get("/sign-in/").content.decode()
    assert "/sign-in/as/" not in page and "演示" not in page
    assert "演示" not in client.get("/").content.decode()


def test_in_the_demo_only_the_cast_can_be_entered_and_only_by_post(cast: Cast, demo_person: str, settings: Any) -> None:
    settings.DEMO = True
    client = Client()
    assert f"/sign-in/as/{demo_person}/" in client.get("/sign-in/").content.decode()
    assert "演示" in client.get("/").content.decode()
    assert client.get(f"/sign-in/as/{demo_person}/").status_code == 405
    for key in ("xu", "wang", "stranger"):  # real accounts that are not in the cast
        assert client.post(f"/sign-in/as/{key}/").status_code == 404
    assert who(client) is None
    assert client.post(f"/sign-in/as/{demo_person}/").status_code == 302
    assert who(client) is not None


def test_one_click_cannot_be_forged_from_another_site(cast: Cast, demo_person: str, settings: Any) -> None:
    settings.DEMO = True
    assert Client(enforce_csrf_checks=True).post(f"/sign-in/as/{demo_person}/").status_code == 403


@pytest.mark.parametrize(
    ("key", "start"),
    [("wang", "/field/"), ("chen", "/desk/"), ("zhao", "/department/"), ("xu", "/command/"), ("li", "/my/")],
)
def test_a_password_leads_to_where_the_work_is(cast: Cast, key: str, start: str) -> None:
    answer = Client().post("/sign-in/", {"username": key, "password": "cast-password"})
    assert answer.status_code == 302 and answer["Location"].startswith(start)


def test_after_signing_in_one_is_where_one_wanted_to_go_but_never_elsewhere(cast: Cast) -> None:
    form = {"username": "li", "password": "cast-password"}
    assert Client().post("/sign-in/", {**form, "next": "/my/"})["Location"] == "/my/"
    assert Client().post("/sign-in/", {**form, "next": "https://evil.example/"})["Location"] == "/my/"
    assert Client().post("/sign-in/", {**form, "next": "//evil.example/"})["Location"] == "/my/"


def test_a_wrong_password_says_nothing_about_the_name_and_is_slowed_down(cast: Cast) -> None:
    client = Client(headers={"accept-language": "zh"})
    known = client.post("/sign-in/", {"username": "li", "password": "wrong"})
    unknown = client.post("/sign-in/", {"username": "no-such", "password": "wrong"})
    assert known.status_code == unknown.status_code == 422
    assert 'value="li"' in known.content.decode() and "wrong" not in known.content.decode()
    for _ in range(10):
        client.post("/sign-in/", {"username": "li", "password": "wrong"})
    shut = client.post("/sign-in/", {"username": "li", "password": "cast-password"})
    assert shut.status_code == 429 and who(client) is None


def test_signing_out_is_a_post(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.accounts["li"])
    assert client.get("/sign-out/").status_code == 405 and who(client)
    assert client.post("/sign-out/").status_code == 302 and who(client) is None
