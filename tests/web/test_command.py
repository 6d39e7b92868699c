"""The overview: every number on it opens a list of exactly as many cases (red line 12)."""

from __future__ import annotations

import csv
import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone

from linli.kernel.calendar import SHANGHAI
from linli.ledger.models import Case
from tests.cast import GRID_B, Cast
from tests.web.api_client import Caller
from tests.web.pages import enter, text
from tests.web.test_desk import listed, see

HOUR = timedelta(hours=1)


@pytest.fixture
def busy(cast: Cast) -> Cast:
    """Closed in the grid and above, withdrawn, overdue, whistled, about to run out."""
    now = timezone.now()
    for _ in range(2):
        case = cast.lamp(now - 9 * HOUR)
        cast.act("wang", case.id, "solve", now - 8 * HOUR, answer="换了灯泡")
        cast.act("li", case.id, "confirm", now - 7 * HOUR, contacted="是", solved="solved", satisfied="satisfied")
    up = cast.lamp(now - 9 * HOUR)
    cast.act("wang", up.id, "pass_up", now - 8 * HOUR, reason="要换线")
    cast.act("chen", up.id, "solve", now - 7 * HOUR, answer="换好了", result="solved")
    cast.act("li", up.id, "confirm", now - 6 * HOUR, contacted="是", solved="solved", satisfied="satisfied")
    cast.act("li", cast.lamp(now - 5 * HOUR).id, "withdraw", now - 4 * HOUR)
    called = cast.lamp(now - 9 * HOUR)
    cast.act("wang", called.id, "pass_up", now - 8 * HOUR, reason="没有电")
    cast.act("chen", called.id, "pass_up", now - 7 * HOUR, reason="没有权限")
    cast.act("zhou", called.id, "whistle", now - 6 * HOUR, units=["power", "housing"], reason="一起去")
    child = Case.objects.filter(parent_id=called.id).order_by("number").first()
    assert child is not None
    cast.act("zhao" if "power" in str(child.unit) else "sun", str(child.id), "accept", now - 5 * HOUR)
    cast.lamp(now - 40 * HOUR)
    cast.lamp(now, grid=GRID_B)
    return cast


def opens(client: Client, address: str) -> int:
    """How many cases the list at ``address`` has, over all its pages."""
    found = 0
    while address:
        html = see(client, address)
        found += len(listed(html))
        older = re.search(r'rel="next" href="([^"]+)"', html)
        address = f"/command/cases/{unescape(older[1])}" if older else ""
    return found


LINK = re.compile(r'<a (?:class="[^"]+" )?href="(/command/cases/\?[^"]+)">(.*?)</a>', re.S)


def figures_of(html: str) -> list[tuple[str, int]]:
    """(address, number) of every figure that the page links."""
    found = []
    for address, label in LINK.findall(html):
        number = re.search(r"(\d+)\s*$", re.sub(r"<[^>]+>", "", label))
        if number:
            found.append((unescape(address), int(number[1])))
    stats = re.findall(r'stat-figure">\s*(\d+)<.*?class="stat-open" href="(/command/cases/[^"]+)"', html, re.S)
    shares = re.findall(
        r'<a href="(/command/cases/[^"]+)">[^<]*</a></span><span class="percent">[^<]*</span><span class="of">(\d+)',
        html,
    )
    return [*found, *((unescape(a), int(n)) for n, a in stats), *((unescape(a), int(n)) for a, n in shares)]


def test_every_number_opens_to_its_cases(busy: Cast) -> None:
    client = enter(busy, "xu")
    html = see(client, "/command/")
    found = figures_of(html)
    assert len(found) >= 20
    for address, number in found:
        assert opens(client, address) == number, (address, number)


def test_721_shows_parts_exclusions_formula_and_that_the_target_is_a_setting(busy: Cast) -> None:
    html = see(enter(busy, "xu"), "/command/")
    assert "66.7%" in html and "2 / 3 件" in html and "本人撤回 1" in html
    assert "设定值" in html and "某一层级办结的 ÷" in html and "按办结时间计入" in html
    assert "空缺的岗位" in html and "甲一第二网格" in html


def test_the_overview_narrows_to_a_period_and_an_area_and_bears_nonsense(busy: Cast) -> None:
    client = enter(busy, "xu")
    assert "没有计入的办结事项" in see(client, "/command/?from=2020-01-01&to=2020-01-31")
    assert "没有计入的办结事项" in see(client, "/command/?area=320402002000")
    assert "日期没有看懂" in see(client, "/command/?from=soon")
    see(client, "/command/?area=999&from=2030-01-01&to=2020-01-01")


def test_an_empty_district_has_an_overview_too(cast: Cast) -> None:
    html = see(enter(cast, "xu"), "/command/")
    assert "没有逾期的事项" in html and "没有计入的办结事项" in html
    assert "Nothing is open" in see(enter(cast, "xu", "en"), "/command/")


def test_the_page_of_rates_opens_every_number_to_its_cases(busy: Cast) -> None:
    client = enter(busy, "xu")
    for address in (
        "?period=year",
        "?period=year&by=category&figure=solution",
        "?institution=response&by=unit&figure=on_time",
    ):
        found = [(a, n) for a, n in figures_of(see(client, f"/command/rates/{address}")) if n]
        assert len(found) >= 3 or "response" in address
        for link, number in dict.fromkeys(found):
            assert opens(client, link) == number, (link, number)


def test_the_page_of_rates_says_formula_exclusions_assumption_and_what_is_few(busy: Cast) -> None:
    html = see(enter(busy, "xu"), "/command/rates/?period=year")
    assert "（解决了＋部分解决×50%）÷（解决了＋部分解决＋没有解决）" in html and "权重是假设" in html
    assert "本人撤回 1" in html and "件数少，仅供参考" in html and "按办结时间计入" in html
    assert "排名" not in html


def test_rates_compare_with_the_period_before_and_bear_nonsense(busy: Cast) -> None:
    client = enter(busy, "xu")
    html = see(client, "/command/rates/?period=month")
    assert "上期" in html and "相差" in html
    assert "日期没有看懂" in see(client, "/command/rates/?on=soon")
    for odd in (
        "?period=age&by=weather&figure=luck&institution=x",
        "?from=2030-01-01&to=2020-01-01",
        "?on=9999-12-31",
        "?area=9&unit=9&category=9",
        "?on=0001-01-01",
    ):
        see(client, f"/command/rates/{odd}")


def test_the_export_has_the_numbers_of_the_page_for_the_same_viewer(busy: Cast) -> None:
    for key in ("xu", "zhou", "chen"):
        client = enter(busy, key)
        pages = {
            a.partition("?")[2].removesuffix("&tab=all"): n
            for a, n in figures_of(see(client, "/command/rates/?period=year"))
        }
        raw = b"".join(client.get("/command/rates/?period=year&export=csv&by=").streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
        rows = list(csv.DictReader(raw.splitlines()))
        shown = {r["筛选条件"]: int(r["件数"]) for r in rows if r["筛选条件"] in pages}
        assert shown == {q: n for q, n in pages.items() if q in shown} and len(shown) >= 3, key
    book = enter(busy, "xu").get("/command/rates/?export=xlsx")
    assert b"".join(book.streaming_content)[:2] == b"PK"  # type: ignore[attr-defined]


def test_the_api_gives_the_same_rates(busy: Cast) -> None:
    html = see(enter(busy, "xu"), "/command/rates/?period=year")
    year = timezone.now().year
    found = Caller(busy, "xu").get(f"/figures/request?from={year}-01-01&to={year}-12-31&by=category")
    solution = next(r for r in found["rates"] if r["rate"] == "solution")
    assert solution["whole"] == 3 and f"{solution['percent']}%" in html and found["lines"]
    for part in (*solution["parts"], *solution["excluded"]):
        assert Caller(busy, "xu").get(f"/cases?{part['open']}")["total"] == part["count"]
    Caller(busy, "xu").get("/figures/weather", 404)
    Caller(busy, "xu").get("/figures/request?by=star_sign", 422)
    Caller(busy, "li").get("/figures/request", 403)


def test_the_public_month_shows_nothing_small_and_nobody(busy: Cast) -> None:
    now = timezone.now()
    Case.objects.update(opened=now - timedelta(days=40))
    Case.objects.filter(ended__isnull=False).update(ended=now - timedelta(days=35))
    month = (now - timedelta(days=35)).astimezone(SHANGHAI)
    html = see(Client(), f"/figures/?month={month:%Y-%m}")
    assert "群众诉求" in html and "李桂英" not in html and "甲一" not in html and "路灯三天" not in html
    assert "不足 3 件" in html, "one was withdrawn: neither it nor what it could be worked out from is shown"
    assert "本人撤回" not in html and "100.0%" not in html
    see(Client(), "/figures/?month=nonsense")
    assert "没有数据" in see(Client(), "/figures/?month=2001-01")


def test_days_that_no_calendar_reaches_are_not_understood(cast: Cast) -> None:
    xu = enter(cast, "xu")
    for address in ("/command/?to=9999-12-31", "/command/rates/?to=9999-12-31", "/command/cases/?closed_to=9999-12-31"):
        answer = xu.get(address)
        assert answer.status_code == 200 and ("没有看懂" in text(answer) or "9999-12-31" in text(answer)), address
    assert xu.get("/command/why/?figure=on_time:request&to=9999-12-31").status_code == 200
    assert xu.get("/api/v1/figures/overdue/why?to=9999-12-31").status_code == 400


def test_why_explains_the_numbers_of_the_card(cast: Cast) -> None:
    """Narrowed to a category, the fold counts what the card counts."""
    now = timezone.now()
    for category in ("lighting", "lighting", "fumes"):
        case = cast.opened({"text": "请来看看", "category": category}, now - timedelta(hours=3))
        cast.act("wang", case.id, "solve", now - timedelta(hours=2), answer="办好了，请看看")
        rated = {"contacted": "是", "solved": "solved", "satisfied": "satisfied"}
        cast.act(None, case.id, "confirm", now - timedelta(hours=1), **rated)
    xu = enter(cast, "xu")
    for category, count in (("fumes", 1), ("lighting", 2)):
        page = text(xu.get(f"/command/rates/?institution=request&category={category}"))
        folds = re.findall(r'(/command/why/\?figure=[a-z_]+%3Arequest[^"]*)"', page)
        assert folds and all(f"category={category}" in fold for fold in folds)
        told = text(xu.get(unescape(next(f for f in folds if "figure=solution" in f))))
        assert f"（{count} + 0×50%）÷（{count} + 0 + 0）= 100.0%" in told
