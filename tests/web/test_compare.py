"""Cities side by side: from their own definitions, for everybody, on a phone and on a wall screen."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from tests.cast import Cast

URL = "/institutions/compare/"


def visible(page: bytes) -> str:
    return re.sub(r"<[^>]+>", " ", page.decode())


def test_every_shipped_city_answers_every_question(cast: Cast) -> None:
    done = Client().get(URL)
    assert done.status_code == 200
    page = done.content.decode()
    for city in ("长治市", "深圳市福田区", "常州市", "北京市朝阳区", "嫩江市"):
        assert f'<th role="columnheader" scope="col">{city}' in page
    body = page[page.index("<tbody") :]
    rows = body.split('<tr role="row">')[1:]
    assert len(rows) >= 14
    for row in rows:
        cells = row.count('<td role="cell"')
        assert cells == (1 if 'class="same"' in row else 5), row[:200]
        assert "<p></p>" not in row
    first = next(r for r in rows if "谁先办，多久" in r)
    assert "街道工委，1 小时内" in first and "社区党委，2 个工作日内" in first


def test_two_cities_may_be_chosen_and_the_choice_is_kept(cast: Cast) -> None:
    page = Client().get(URL, {"pack": ["chaoyang", "changzhi"]}).content.decode()
    head = page[page.index("<thead") : page.index("</thead>")]
    assert "朝阳区" in head and "长治市" in head and "福田区" not in head
    assert page.count(" checked") == 2
    assert re.search(r"“老大难”攻坚", visible(page.encode()))


@pytest.mark.parametrize("query", ["?matter=nothing", "?matter=response", "?matter=%00"])
def test_a_matter_that_cities_do_not_share_is_not_found(cast: Cast, query: str) -> None:
    assert Client().get(URL + query).status_code == 404


def test_nonsense_packs_are_passed_over(cast: Cast) -> None:
    done = Client().get(URL, {"pack": ["../etc", "chaoyang"]})
    assert done.status_code == 200 and done.content.decode().count(" checked") == 5


def test_it_is_linked_and_speaks_english(cast: Cast) -> None:
    assert URL in Client().get("/institutions/").content.decode()
    english = Client(headers={"accept-language": "en"}).get(URL).content.decode()
    body = visible(english[english.index("<tbody") : english.index("</tbody>")].encode())
    assert "Street working committee, within 1 hour" in body
    assert not re.search(r"[\u4e00-\u9fff]", body), re.findall(r"[\u4e00-\u9fff]+", body)[:5]
