"""Everybody sees only what their duty covers: every address × every member of the cast × own and foreign cases.

Two lamps, one on each street, each with a photo and one called department. A foreign case answers 404 wherever it is
asked for by name, and its number, text, photo and reporter occur in no list, count, search or export.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from linli.ledger import act as ledger
from linli.ledger import definitions
from linli.ledger.models import Case
from linli.people import acts as people
from linli.web.page import attachments
from tests.cast import GRID_A, GRID_B, Cast
from tests.web.photos import photo

DISTRICT = {"tang", "qian", "xu"}
SEES = {
    "lamp_a": {"li", "wang", "chen", "zhou", "wu"} | DISTRICT,
    "called_a": {"wang", "chen", "zhou", "wu", "zhao"} | DISTRICT,
    "lamp_b": {"stranger", "bob_grid", "bob_community", "bob_street"} | DISTRICT,
    "called_b": {"bob_grid", "bob_community", "bob_street", "sun"} | DISTRICT,
}
"""Who may see which case; everybody else must not learn that it exists."""

STAFF = ("wang", "chen", "zhou", "wu", "tang", "qian", "xu", "zhao", "sun", "bob_grid", "bob_community", "bob_street")
EVERYBODY = ("charlie", "li", "stranger", *STAFF)

# Every address by name: how a case is named in it, or `list` for those that show many, or `open` for those with none.
BY_NUMBER = {
    "case": "/cases/{number}/",
    "case_diagram": "/cases/{number}/diagram/",
    "case_why": "/cases/{number}/why/",
    "case_contact": "/cases/{number}/contact/",
    "case_privacy": "/cases/{number}/privacy/",
    "case_as": "/cases/{number}/as/public/",
    "case_act": "/cases/{number}/acts/remark/",
    "case_dates": "/cases/{number}/dates.ics",
    "field_act": "/field/tasks/{number}/solve/",
    "department_act": "/department/tasks/{number}/respond/",
    "api_case": "/api/v1/cases/{number}",
    "api_why": "/api/v1/cases/{number}/why",
    "api_act": "/api/v1/cases/{number}/acts/remark",
}
POSTED = {"case_act", "case_contact", "api_act"}
BY_FILE = {"file": "/files/{file}/", "api_attachment": "/api/v1/attachments/{file}"}
LISTS = {
    "my_matters": ["/my/"],
    "field": ["/field/"],
    "field_cases": ["/field/cases/", "/field/cases/?q=MARK", "/field/cases/?q=NUMBER"],
    "desk": ["/desk/", "/desk/?tab=all", "/desk/?tab=all&q=MARK", "/desk/?tab=all&q=NUMBER", "/desk/?tab=closed"],
    "desk_intake_earlier": ["/desk/intake/earlier/?phone=19900000001", "/desk/intake/earlier/?phone=19900000002"],
    "department": ["/department/"],
    "department_cases": ["/department/cases/", "/department/cases/?q=MARK", "/department/cases/?q=NUMBER"],
    "command": ["/command/"],
    "command_why": ["/command/why/?figure=open&figure=overdue", "/command/why/?figure=on_time:request"],
    "command_rates": [
        "/command/rates/",
        "/command/rates/?by=category&period=year",
    ],
    "command_plan": ["/command/plan/"],
    "api_rates": ["/api/v1/figures/request", "/api/v1/figures/response?by=unit"],
    "command_cases": ["/command/cases/", "/command/cases/?q=MARK", "/command/cases/?q=NUMBER"],
    "bulk": ["/bulk/?n=NUMBER", "/bulk/?query=q%3DMARK"],
    "api_cases": ["/api/v1/cases", "/api/v1/cases?q=MARK", "/api/v1/cases?area=320402000000"],
}
OPEN = {
    *(
        "healthz",
        "home",
        "report",
        "report_what",
        "report_suggest",
        "report_where",
        "report_who",
        "report_same",
        "report_danger",
        "report_at",
        "area_code",
        "wechat",
        "follow_find",
    ),
    *(
        "sign_in",
        "become",
        "sign_out",
        "field_report",
        "start",
        "desk_intake",
        "desk_intake_done",
        "institutions",
        "institution",
        "institution_draft",
        "calendar",
        "command_webhooks",
        "institution_compare",
        "figures",
    ),
    *("set_language", "api_me", "api_upload", "api_institutions", "api_institution", "api_areas", "api_units"),
    *("api_openapi", "api_unknown", "api_figures", "api_figure_why"),
}
SECRET_LINKS = {
    *(
        "report_sent",
        "follow",
        "follow_dates",
        "calendar_feed",
        "follow_diagram",
        "follow_why",
        "follow_act",
        "follow_privacy",
        "follow_as",
    ),
    *("api_link", "api_link_act", "api_link_why"),
}
PUBLIC = {f"open311_{n}" for n in ("requests", "request", "services", "service", "discovery", "bulk", "unknown")}


@dataclass(frozen=True, slots=True)
class World:
    """The four cases and the two photos by name."""

    cases: dict[str, Case]
    files: dict[str, str]
    marks: dict[str, str]
    cast: Cast


def names(resolver: URLResolver) -> Iterator[str]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from names(pattern)
        elif isinstance(pattern, URLPattern):
            yield str(pattern.name)


def test_every_address_is_in_the_table() -> None:
    table = {*BY_NUMBER, *BY_FILE, *LISTS, *OPEN, *SECRET_LINKS, *PUBLIC}
    assert set(names(get_resolver("linli.web.urls"))) | {"healthz"} == table


@pytest.fixture
def world(cast: Cast) -> World:
    now = timezone.now()
    marks = {"a": "东门路灯甲标记", "b": "西门路灯乙标记"}
    cast.people["stranger"].phone = "19900000002"
    cast.people["stranger"].save()
    cases, files = {}, {}
    for street, grid, who, unit in (("a", GRID_A, "li", "power"), ("b", GRID_B, "stranger", "housing")):
        picture = _photo(now)
        opened = cast.opened(
            {"text": marks[street], "category": "lighting", "photos": [picture]},
            now,
            grid,
            reporter=ledger.Reporter(person=cast.id(who)),
        )
        line = {"a": ("wang", "chen", "zhou"), "b": ("bob_grid", "bob_community", "bob_street")}[street]
        cast.act(line[0], opened.id, "pass_up", now, reason="要供电部门")
        cast.act(line[1], opened.id, "pass_up", now, reason="要供电部门")
        called = cast.act(line[2], opened.id, "whistle", now, units=[unit], reason="请到现场")
        cases[f"lamp_{street}"] = Case.objects.get(id=opened.id)
        cases[f"called_{street}"] = Case.objects.get(id=next(iter(called.case.children)))
        files[street] = picture
    return World(cases, files, marks, cast)


def _photo(now: datetime) -> str:
    field = definitions.runtime().pack.institutions["request"].fields["photos"]
    return attachments.store([photo()], field, now)[0]


def clients(world: World) -> Iterator[tuple[str, Client, Client]]:
    """(key, pages, API) of everybody, and of nobody signed in."""
    for key in EVERYBODY:
        pages = Client()
        pages.force_login(world.cast.accounts[key])
        token = people.create_token(world.cast.accounts[key], "test", timezone.now())
        yield key, pages, Client(HTTP_AUTHORIZATION=f"Bearer {token}")
    yield "", Client(), Client()


def ask(client: Client, name: str, address: str) -> Any:
    if name not in POSTED:
        return client.get(address)
    if name.startswith("api"):
        return client.post(address, {"data": {}}, content_type="application/json")
    return client.post(address, {})


def test_a_case_is_there_for_those_who_may_see_it_and_for_nobody_else(world: World) -> None:
    wrong = []
    for key, pages, api in clients(world):
        for which, case in world.cases.items():
            for name, address in BY_NUMBER.items():
                client = api if name.startswith("api") else pages
                status = ask(client, name, address.format(number=case.number)).status_code
                if not key:
                    there = status not in (302, 401, 404)
                else:
                    there = status != 404
                may = key in SEES[which]
                if name in ("field_act", "department_act", "case_contact", "case_privacy"):
                    may = may and there  # these also want the right kind of duty
                if there != may:
                    wrong.append(f"{key or 'nobody'} {name} {which}: {status}")
    assert not wrong, "\n".join(wrong)


def test_a_photo_is_there_for_those_who_may_see_its_case(world: World) -> None:
    wrong = []
    for key, pages, api in clients(world):
        for street, file in world.files.items():
            for name, address in BY_FILE.items():
                status = (api if name.startswith("api") else pages).get(address.format(file=file)).status_code
                may = key in SEES[f"lamp_{street}"] | SEES[f"called_{street}"]
                if (status == 200) != may or (key and not may and status != 404):
                    wrong.append(f"{key or 'nobody'} {name} {street}: {status}")
    assert not wrong, "\n".join(wrong)


def test_no_list_count_or_search_knows_of_a_foreign_case(world: World) -> None:
    wrong, shown = [], set()
    for key, pages, api in clients(world):
        for name, addresses in LISTS.items():
            for address in addresses:
                for which, case in world.cases.items():
                    street = which[-1]
                    # Half of the text is asked for; a page repeats what was asked, but only a leak knows the rest.
                    asked = address.replace("MARK", world.marks[street][:4]).replace("NUMBER", str(case.number))
                    got = (api if name.startswith("api") else pages).get(asked)
                    body = got.content.decode() if got.status_code == 200 else ""
                    if f"/cases/{case.number}" in body or f'"number":{case.number}' in body.replace(" ", ""):
                        shown.add((key, which))
                        if key not in SEES[which]:
                            wrong.append(f"{key or 'nobody'} {asked}: shows {which}")
                    may_read = key in SEES[f"lamp_{street}"] | SEES[f"called_{street}"]
                    if world.marks[street] in body and not may_read:
                        wrong.append(f"{key or 'nobody'} {asked}: tells the text of {which}")
    assert not wrong, "\n".join(wrong)
    unseen = {(key, which) for which, who in SEES.items() for key in who} - shown
    assert not unseen, f"these are in no list of theirs: {sorted(unseen)}"


def test_figures_count_only_what_may_be_seen(world: World) -> None:
    for key, _, api in clients(world):
        if not key:
            continue
        found = api.get("/api/v1/cases").json()
        numbers = {c["number"] for c in found["items"]}
        assert found["total"] == len(numbers)
        assert numbers == {world.cases[w].number for w, who in SEES.items() if key in who}, key


def test_the_public_door_tells_nothing_of_what_was_written(world: World) -> None:
    for fmt in ("json", "xml"):
        body = Client().get(f"/open311/v2/requests.{fmt}").content.decode()
        assert str(world.cases["lamp_a"].number) in body
        for planted in (*world.marks.values(), "李桂英", "19900000001", *world.files.values()):
            assert planted not in body


def test_a_secret_link_opens_its_own_case_only(world: World) -> None:
    lamp = world.cases["lamp_a"]
    page = Client().get(f"/c/{lamp.secret}/").content.decode()
    assert world.marks["a"] in page and world.marks["b"] not in page
    assert Client().get(f"/c/{lamp.secret[:-1]}x/").status_code == 404
    assert Client().get(f"/files/{world.files['a']}/?k={lamp.secret}").status_code == 200
    assert Client().get(f"/files/{world.files['b']}/?k={lamp.secret}").status_code == 404


def test_a_duty_that_ended_shows_nothing_more(world: World) -> None:
    duty = world.cast.people["wang"].duties.get()
    people.end_duty(duty, (timezone.now() - timedelta(days=1)).date())
    client = Client()
    client.force_login(world.cast.accounts["wang"])
    assert client.get(f"/cases/{world.cases['lamp_a'].number}/").status_code == 404
