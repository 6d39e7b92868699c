"""The desk: the list, its filters, pages and export, and the phone intake."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from linli.ledger import act as ledger
from linli.ledger import queries
from linli.ledger.models import Case
from linli.people.models import Person
from linli.web.staff import export, opening, table
from tests.cast import DUTIES, GRID_A, GRID_A2, GRID_B, Cast
from tests.web.pages import enter

HOUR = timedelta(hours=1)


def listed(html: str) -> list[int]:
    """The numbers of the cases that a page lists."""
    return [int(n) for n in re.findall(r'<a (?:class="case-link" )?href="/cases/(\d+)/"', html)]


def see(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, (address, answer.status_code)
    return str(answer.content.decode())


PAGES = {
    "/field/": {"wang", "bob_grid"},
    "/field/report/": {"wang", "bob_grid"},
    "/field/cases/": {"wang", "bob_grid"},
    "/desk/": {"chen", "zhou", "wu", "tang", "qian", "bob_community", "bob_street"},
    "/desk/intake/": {"chen", "zhou", "tang", "qian", "bob_community", "bob_street"},
    "/desk/intake/earlier/": {"chen", "zhou", "tang", "qian", "bob_community", "bob_street"},
    "/department/": {"zhao", "sun"},
    "/department/cases/": {"zhao", "sun"},
    "/command/": {key for key, *_ in DUTIES},  # every duty finds the figures of what it covers
    "/command/cases/": {key for key, *_ in DUTIES},
}


@pytest.mark.parametrize("address", PAGES)
def test_a_page_exists_only_for_those_who_work_there(cast: Cast, address: str) -> None:
    cast.lamp()
    for key in cast.people:
        answer = enter(cast, key).get(address)
        assert answer.status_code == (200 if key in PAGES[address] else 404), (key, address)
        if answer.status_code == 200:
            assert answer.headers["Cache-Control"] == "private, no-store"
    visitor = Client().get(address)
    assert visitor.status_code == 302 and visitor.headers["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("address", ["/desk/", "/field/", "/department/", "/command/", "/desk/intake/"])
def test_pages_speak_english_and_hold_no_inline_style_or_script(cast: Cast, address: str) -> None:
    cast.lamp()
    key = sorted(PAGES[address])[0]
    zh, en = see(enter(cast, key), address), see(enter(cast, key, "en"), address)
    assert re.search(r'<html lang="zh-hans"', zh) and re.search(r'<html lang="en"', en)
    for html in (zh, en):
        assert not re.search(r'\sstyle=|<style|\son[a-z]+="|<script(?![^>]*\ssrc=)', html)
        assert html.count("<h1") == 1


def test_the_desk_begins_with_what_i_hold(cast: Cast) -> None:
    now = timezone.now()
    mine, theirs = cast.lamp(now - HOUR), cast.lamp(now - HOUR)
    cast.act("wang", mine.id, "pass_up", now, reason="要换电缆")
    assert listed(see(enter(cast, "chen"), "/desk/")) == [mine.number]
    assert listed(see(enter(cast, "chen"), "/desk/?tab=all")) == [theirs.number, mine.number]
    assert listed(see(enter(cast, "bob_community"), "/desk/?tab=all")) == []


def test_an_extension_waits_with_the_supervisor_only(cast: Cast) -> None:
    now = timezone.now()
    case = cast.lamp(now - HOUR)
    cast.act("wang", case.id, "pass_up", now, reason="要换电缆")
    until = (now + timedelta(days=30)).date().isoformat()
    cast.act("chen", case.id, "extend", now, delay="电缆缺货", until=until)
    html = see(enter(cast, "xu"), "/command/")
    assert "等您同意" in html and "申请延期" in html and case.number in listed(html)
    assert case.number in listed(see(enter(cast, "xu"), "/command/cases/?tab=waiting"))
    assert "等我同意" not in see(enter(cast, "zhou"), "/desk/")


def test_filters_narrow_the_list_and_can_be_dropped(cast: Cast) -> None:
    lamp, fumes = cast.lamp(), cast.opened({"text": "楼下烧烤油烟大", "category": "fumes"})
    client = enter(cast, "zhou")
    html = see(client, "/desk/?tab=all&category=fumes")
    assert listed(html) == [fumes.number] and "类别：油烟异味" in html
    assert listed(see(client, "/desk/?q=路灯")) == [lamp.number]
    assert listed(see(client, "/desk/?tab=all&stage=request.found&overdue=1")) == [fumes.number, lamp.number]
    assert listed(see(client, "/desk/?tab=all&opened_from=2030-01-01")) == []
    wrong = see(client, "/desk/?tab=all&opened_from=昨天&stage=nowhere.found")
    assert "没有按“昨天”筛选" in wrong and len(listed(wrong)) == 2


def test_a_number_goes_straight_to_its_case_and_a_foreign_one_does_not(cast: Cast) -> None:
    here, there = cast.lamp(), cast.lamp(grid=GRID_B)
    client = enter(cast, "zhou")
    assert client.get(f"/desk/?q={here.number}&tab=all").headers["Location"] == f"/cases/{here.number}/"
    foreign = client.get(f"/desk/?q={there.number}&tab=all")
    assert foreign.status_code == 200 and listed(foreign.content.decode()) == []


def test_pages_are_walked_by_their_links(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [cast.lamp().number for _ in range(7)]
    monkeypatch.setattr(table.queries.listing, "__defaults__", (None, None, 3))
    client, address, seen = enter(cast, "zhou"), "/desk/?tab=all", list[int]()
    for _ in range(3):
        html = see(client, address)
        seen += listed(html)
        older = re.search(r'rel="next" href="([^"]+)"', html)
        address = "/desk/" + older[1].replace("&amp;", "&") if older else ""
    assert seen == made[::-1] and not address
    newer = re.search(r'rel="prev" href="([^"]+)"', html)
    assert newer and listed(see(client, "/desk/" + newer[1].replace("&amp;", "&"))) == made[::-1][3:6]
    assert see(client, "/desk/?tab=all&before=x&after=-1")


def test_the_desk_costs_the_same_for_one_case_and_for_many(cast: Cast) -> None:
    client = enter(cast, "zhou")

    def cost(address: str) -> int:
        see(client, address)
        with CaptureQueriesContext(connection) as done:
            see(client, address)
        return len(done)

    cast.lamp()
    pages = ("/desk/", "/desk/?tab=all", "/desk/?tab=all&q=路灯")
    few = [cost(p) for p in pages]
    for _ in range(5):
        cast.lamp()
    assert [cost(p) for p in pages] == few and max(few) <= 8


def test_what_residents_type_is_shown_as_text(cast: Cast) -> None:
    cast.opened({"text": "<script>alert(1)</script>", "category": "fumes"})
    html = see(enter(cast, "zhou"), "/desk/?tab=all&q=<script>")
    assert "<script>alert" not in html and "&lt;script&gt;alert" in html


def test_an_export_holds_what_the_list_shows_and_no_formula(cast: Cast) -> None:
    evil = cast.opened({"text": '=cmd|"/c calc"!A1', "category": "fumes"})
    cast.lamp(grid=GRID_B)
    client = enter(cast, "zhou")
    csv = client.get("/desk/?tab=all&export=csv")
    text = csv.getvalue().decode("utf-8-sig")
    assert csv.headers["Content-Disposition"].endswith('.csv"') and text.startswith("编号,")
    assert str(evil.number) in text and "'=cmd" in text and text.count("\n") == 2
    from openpyxl import load_workbook

    sheet = load_workbook(io.BytesIO(client.get("/desk/?tab=all&export=xlsx").getvalue())).active
    assert sheet is not None and "f" not in {c.data_type for c in sheet[2]} and sheet.max_column <= len(export.HEAD)
    assert sheet["C2"].value.startswith("'=cmd")
    assert [export.safe(c) for c in ("+1", "-1", "@x", "\tx", "  =x", "东门")] == [
        "'+1", "'-1", "'@x", "'\tx", "'  =x", "东门",
    ]  # fmt: skip


CALL = {"text": "东门路 18 号路灯不亮", "place": "甲一第一网格", "category": "路灯照明", "phone": "199 0000-0009",
        "caller": "周女士", "address": "东门路 18 号", "kind": "help", "token": "t1"}  # fmt: skip


def test_a_call_is_taken_down_and_its_number_read_out(cast: Cast) -> None:
    client = enter(cast, "qian")
    answer = client.post("/desk/intake/", CALL, follow=True)
    case = Case.objects.get()
    html = answer.content.decode()
    number = str(case.number)
    assert f"{number[:4]} {number[4:]}" in html and "登记下一个" in html and "最晚" in html
    assert (case.channel, case.category, case.place.rsplit(".", 1)[-1]) == ("phone", "lighting", f"a{GRID_A}")
    assert case.reporter and (case.reporter.name, case.reporter.phone) == ("周女士", "19900000009")
    assert str(case.entries.get().by) == cast.id("qian")
    client.post("/desk/intake/", CALL)
    assert Case.objects.count() == 1  # the same form sent twice
    client.post("/desk/intake/", {**CALL, "token": "t2"})
    assert Case.objects.count() == 2


def test_what_is_wrong_with_a_call_is_said_and_nothing_typed_is_lost(cast: Cast) -> None:
    client = enter(cast, "qian")
    bad = {**CALL, "text": "", "place": "甲一", "category": "月球", "phone": "12ab"}
    answer = client.post("/desk/intake/", bad)
    html = answer.content.decode()
    assert answer.status_code == 422 and Case.objects.count() == 0
    assert "甲一社区、甲一第一网格" in html and "没有“月球”" in html and "这个号码不对" in html
    assert 'value="12ab"' in html and 'value="周女士"' in html and 'value="甲一"' in html
    assert client.post("/desk/intake/", {**CALL, "caller": "名" * 61}).status_code == 422


def test_a_community_takes_calls_for_its_own_places_only(cast: Cast) -> None:
    client = enter(cast, "chen")
    assert "乙一第一网格" not in see(client, "/desk/intake/")
    assert client.post("/desk/intake/", {**CALL, "place": "乙一第一网格"}).status_code == 422
    assert client.post("/desk/intake/", {**CALL, "place": "甲一第二网格"}).status_code == 302
    assert Case.objects.get().place.endswith(GRID_A2)


def test_nobody_takes_down_a_call_about_their_own_office(cast: Cast) -> None:
    answer = enter(cast, "chen").post("/desk/intake/", {**CALL, "accused": "甲一社区居委会"})
    assert answer.status_code == 422 and "您就在这个单位工作" in answer.content.decode()
    assert Case.objects.count() == 0
    taken = enter(cast, "zhou").post("/desk/intake/", {**CALL, "accused": "甲一社区居委会"}, follow=True)
    case = Case.objects.get()
    assert str(case.number)[4:] in taken.content.decode() and str(case.accused).endswith("community_a")
    chen = enter(cast, "chen")
    assert chen.get(f"/cases/{case.number}/").status_code == 404
    assert str(case.number) not in see(chen, "/desk/intake/earlier/?phone=19900000009&place=甲一第一网格")


def test_earlier_matters_of_the_number_and_the_place_are_shown(cast: Cast) -> None:
    now = timezone.now()
    before = cast.lamp(now - HOUR)
    nearby = cast.opened({"text": "灯杆歪了", "category": "lighting"}, now - HOUR, reporter=ledger.Reporter())
    cast.lamp(now - HOUR, grid=GRID_B)
    client = enter(cast, "zhou")
    html = see(client, "/desk/intake/earlier/?phone=199 0000 0001&place=甲一第一网格&category=路灯照明")
    assert str(before.number) in html and str(nearby.number) in html and html.count("/cases/") == 2
    assert "/cases/" not in see(client, "/desk/intake/earlier/?phone=1990&place=")
    Person.objects.filter(phone="19900000001").update(phone="")
    assert "/cases/" not in see(client, "/desk/intake/earlier/?phone=19900000001")


def test_what_one_means_by_a_few_characters() -> None:
    from linli.web.desk.intake import pick

    offered = {"朝阳花园社区": 1, "朝阳花园第一网格": 2, "水岸社区": 3}
    assert pick("水岸", offered) == 3 and pick("朝阳花园社区", offered) == 1
    assert pick("朝阳", offered) is None and pick("", offered) is None and pick("月球", offered) is None
    assert opening.token() != opening.token()


def test_my_queue_has_further_pages(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "QUEUE", 2)
    mine = set()
    for _ in range(5):
        case, now = cast.lamp(timezone.now() - HOUR), timezone.now()
        cast.act("wang", case.id, "pass_up", now, reason="要供电部门来")
        cast.act("chen", case.id, "pass_up", now, reason="社区没有人手")
        mine.add(case.number)
    zhou, seen = enter(cast, "zhou"), []
    for page in ("", "?tab=mine&page=2", "?tab=mine&page=3"):
        html = see(zhou, f"/desk/{page}")
        seen += listed(html)
        assert ("下一页" in html) == (page[-1:] != "3") and ("上一页" in html) == bool(page)
    assert len(seen) == 5 and set(seen) == mine
    beyond = zhou.get("/desk/?tab=mine&page=9")
    assert (beyond.status_code, beyond["Location"]) == (302, "?tab=mine"), "nobody is told that there is nothing to do"
