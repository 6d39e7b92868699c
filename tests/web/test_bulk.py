"""GeoReport Bulk and the list's files: the standard's columns, nothing personal, no formula, any number of rows."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from linli.kernel.calendar import SHANGHAI
from linli.ledger import act as ledger
from linli.web.api import open311_bulk
from linli.web.page import sheets
from linli.web.staff import export
from tests.cast import GRID_B, NOW, Cast

MARCH = "/open311/bulk?month=2026-03"


def rows(address: str = MARCH, client: Client | None = None, **headers: Any) -> list[dict[str, str]]:
    answer = (client or Client()).get(address, headers=headers)
    assert answer.status_code == 200, answer
    text = answer.getvalue().decode()
    assert text.count("\r\n") == text.count("\n")  # RFC 4180
    return list(csv.DictReader(io.StringIO(text)))


def test_the_columns_are_the_standards(cast: Cast) -> None:
    lamp = cast.lamp()
    answer = Client().get(MARCH)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert 'filename="requests-320400000000-2026-03.csv"' in answer.headers["Content-Disposition"]
    (row,) = rows()
    assert tuple(row) == open311_bulk.COLUMNS
    assert row["service_request_id"] == str(lamp.number) and row["status_description"] == "Open"
    assert row["requested_datetime"] == "2026-03-02T20:10:00+08:00" and row["closed_date"] == ""
    assert (row["lat"], row["long"]) == ("31.771000", "119.971000")  # the community's point, not the grid's
    assert row["address"].startswith("甲一社区, 甲街道") and row["source"] == "Website"
    assert row["service_name"] and row["description"] in (row["service_subtype"], row["service_name"])


def test_a_closed_request_says_when_and_how(cast: Cast) -> None:
    lamp = cast.lamp()
    cast.act("wang", lamp.id, "solve", NOW + timedelta(hours=1), answer="换了")
    done = NOW + timedelta(hours=2)
    cast.act(None, lamp.id, "confirm", done, contacted=True, solved="solved", satisfied="satisfied")
    (row,) = rows(**{"Accept-Language": "en"})
    assert row["status_description"] == "Closed" and row["closed_date"] == "2026-03-02T22:10:00+08:00"
    assert row["status_notes"].endswith("Solved")


def test_nothing_anybody_wrote_and_no_called_unit_is_in_it(cast: Cast) -> None:
    mark = "=绝密记号"
    lamp = cast.opened(
        {"text": mark, "category": "lighting", "address": mark, "point": {"lat": 31.123, "lng": 119.123}},
        reporter=ledger.Reporter(name=mark, phone="19912345678"),
    )
    cast.opened({"text": "x", "category": "lighting", "accused": ["community-b"]}, grid=GRID_B)
    for who in ("wang", "chen"):
        cast.act(who, lamp.id, "pass_up", NOW, reason=mark)
    cast.act("zhou", lamp.id, "whistle", NOW, units=["power"], reason=mark)
    text = Client().get(MARCH).getvalue().decode()
    assert len(rows()) == 1
    for planted in ("绝密记号", "19912345678", "31.123", lamp.secret, "王晓燕"):
        assert planted not in text


def test_a_month_is_shanghais(cast: Cast) -> None:
    for at in (datetime(2026, 2, 28, 23, 59, tzinfo=SHANGHAI), datetime(2026, 3, 31, 23, 59, tzinfo=SHANGHAI),
               datetime(2026, 4, 1, 0, 0, tzinfo=SHANGHAI)):  # fmt: skip
        cast.lamp(at)
    assert [len(rows(f"/open311/bulk.csv?month=2026-0{m}")) for m in (2, 3, 4, 5)] == [1, 1, 1, 0]
    assert len(rows(f"{MARCH}&jurisdiction_id=320400000000")) == 1


@pytest.mark.parametrize(("query", "status"), [("month=2026-13", 400), ("month=x", 400), ("jurisdiction_id=9", 404)])
def test_what_is_asked_wrongly_is_answered_like_the_rest_of_open311(cast: Cast, query: str, status: int) -> None:
    answer = Client().get(f"/open311/bulk?{query}")
    assert answer.status_code == status and answer.json()[0]["code"] == status
    assert Client().post("/open311/bulk").status_code == 405


def test_it_is_read_in_pages(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(7):
        cast.lamp()
    monkeypatch.setattr(open311_bulk, "STEP", 3)
    with CaptureQueriesContext(connection) as done:
        found = [r["service_request_id"] for r in rows()]
    assert found == sorted(found) and len(set(found)) == 7 and len(done) <= 5


def test_text_that_spreadsheets_would_compute_stays_text() -> None:
    evil = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "|x", "%x", "＝1", "＋1", "＠x"]
    assert all(sheets.safe(cell) == f"'{cell}" for cell in evil)
    assert all(sheets.safe(cell) == cell for cell in ("东门路", "2026-03-02", "1", "", "a=b", "“引”"))
    line = b"".join(sheets.csv_pieces([['他说"好"', "a,b", "第一行\n第二行", "x"]], mark=False)).decode()
    assert next(csv.reader(io.StringIO(line, newline=""))) == ['他说"好"', "a,b", "第一行\n第二行", "x"]
    assert line.endswith("\r\n")


def test_an_export_is_the_list_with_the_same_permissions(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = [cast.lamp().number for _ in range(5)]
    cast.lamp(grid=GRID_B)
    monkeypatch.setattr(export, "STEP", 2)
    client = Client()
    client.force_login(cast.accounts["zhou"])
    for kind in ("csv", "xlsx"):
        assert client.get(f"/desk/?tab=all&export={kind}").status_code == 200
    table = list(csv.reader(io.StringIO(client.get("/desk/?tab=all&export=csv").getvalue().decode("utf-8-sig"))))
    assert [int(line[0]) for line in table[1:]] == mine[::-1]
    monkeypatch.setattr(export, "MOST", 3)
    table = list(csv.reader(io.StringIO(client.get("/desk/?tab=all&export=csv").getvalue().decode("utf-8-sig"))))
    assert len(table) == 5 and "只导出了前 3 件" in table[-1][0]


def test_waiting_is_exported_as_it_is_shown(cast: Cast) -> None:
    lamp = cast.lamp()
    cast.lamp()
    for who in ("wang", "chen"):
        cast.act(who, lamp.id, "pass_up", NOW, reason="要供电")
    until = (NOW + timedelta(days=20)).date().isoformat()
    cast.act("zhou", lamp.id, "extend", NOW, delay="等材料", until=until)
    client = Client()
    client.force_login(cast.accounts["xu"])
    text = client.get("/command/cases/?tab=waiting&export=csv").getvalue().decode("utf-8-sig")
    assert text.count("\r\n") == 2 and str(lamp.number) in text
