"""The grid worker's pages: tasks by time left, answers from the list, what is found on patrol."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from linli.ledger.models import Attachment, Case
from tests.cast import GRID_A, GRID_B, Cast
from tests.web.pages import enter
from tests.web.test_desk import listed, see

HOUR = timedelta(hours=1)


def photo() -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(out, "PNG")
    return SimpleUploadedFile("lamp.png", out.getvalue(), "image/png")


def test_tasks_are_mine_and_the_least_time_left_comes_first(cast: Cast) -> None:
    now = timezone.now()
    new, old, late = cast.lamp(now - HOUR), cast.lamp(now - 20 * HOUR), cast.lamp(now - 30 * HOUR)
    cast.lamp(now, grid=GRID_B)
    html = see(enter(cast, "wang"), "/field/")
    assert listed(html) == [late.number, old.number, new.number]
    assert "共 3 件，其中 1 件已逾期" in html and html.count('class="task overdue"') == 1
    assert f"/field/tasks/{new.number}/solve/" in html and f"/field/tasks/{new.number}/pass_up/" in html


@pytest.mark.parametrize(
    ("act", "data", "stage"),
    [("solve", {"answer": "换了灯泡"}, "answered"), ("pass_up", {"reason": "没有电"}, "collected")],
)
def test_a_task_is_answered_from_the_list_and_one_is_back_there(
    cast: Cast, act: str, data: dict[str, str], stage: str
) -> None:
    case = cast.lamp(timezone.now())
    client = enter(cast, "wang")
    form = see(client, f"/field/tasks/{case.number}/{act}/")
    assert f'action="/cases/{case.number}/acts/{act}/"' in form and "<html" in form
    part = client.get(f"/field/tasks/{case.number}/{act}/", headers={"hx-request": "true"}).content.decode()
    assert "<html" not in part and f'action="/cases/{case.number}/acts/{act}/"' in part
    sent = client.post(f"/cases/{case.number}/acts/{act}/", {**data, "seq": 1, "next": "/field/"})
    assert sent.status_code == 302 and sent.headers["Location"] == "/field/"
    assert Case.objects.get(id=case.id).stage == stage


def test_forms_of_foreign_cases_and_of_acts_not_mine_do_not_exist(cast: Cast) -> None:
    here, there = cast.lamp(), cast.lamp(grid=GRID_B)
    client = enter(cast, "wang")
    see(client, f"/field/tasks/{there.number}/solve/", 404)
    see(client, f"/field/tasks/{here.number}/whistle/", 404)
    see(client, f"/field/tasks/{here.number}/nothing/", 404)
    see(client, "/field/tasks/999/solve/", 404)
    see(enter(cast, "chen"), f"/field/tasks/{here.number}/solve/", 404)


FOUND = {"text": "人行道地砖松了", "category": "roads", "place": GRID_A, "token": "p1"}


def test_what_is_found_on_patrol_is_registered_with_its_photo_on_one_screen(
    cast: Cast, settings: object, tmp_path: object
) -> None:
    settings.MEDIA_ROOT = tmp_path  # type: ignore[attr-defined]
    client = enter(cast, "wang")
    form = see(client, "/field/report/")
    assert 'type="file"' in form and 'name="accused"' not in form
    answer = client.post("/field/report/", {**FOUND, "photos": photo()})
    assert answer.status_code == 302, answer.content.decode()
    case = Case.objects.get()
    assert (case.channel, case.reporter, case.place.rsplit(".", 1)[-1]) == ("patrol", None, f"a{GRID_A}")
    assert (case.entries.get().role, str(case.entries.get().by)) == ("grid_worker", cast.id("wang"))
    assert Attachment.objects.get().case_id == case.id
    client.post("/field/report/", FOUND)
    assert Case.objects.count() == 1
    assert listed(see(client, "/field/")) == [case.number]


def test_a_patrol_form_comes_back_with_what_is_wrong(cast: Cast) -> None:
    client = enter(cast, "wang")
    missing = client.post("/field/report/", {**FOUND, "text": "", "token": "p2"})
    assert missing.status_code == 422 and "请填写" in missing.content.decode()
    elsewhere = client.post("/field/report/", {**FOUND, "place": GRID_B, "token": "p3"})
    assert elsewhere.status_code == 422 and "人行道地砖松了" in elsewhere.content.decode()
    assert Case.objects.count() == 0


def test_the_list_of_a_grid_covers_the_grid_only(cast: Cast) -> None:
    here = cast.lamp()
    cast.lamp(grid=GRID_B)
    client: Client = enter(cast, "wang")
    assert listed(see(client, "/field/cases/?tab=all")) == [here.number]


def test_many_tasks_come_in_pages_of_twenty(cast: Cast) -> None:
    numbers = [str(cast.lamp().number) for _ in range(23)]
    wang = enter(cast, "wang")
    first, second = (wang.get(f"/field/{q}").content.decode() for q in ("", "?page=2"))
    assert first.count("<article") == 20 and second.count("<article") == 3
    assert [n for n in numbers if n in first] + [n for n in numbers if n in second] == numbers
    assert "?page=2" in first and "?page=1" in second and "第 21–23 件，共 23 件" in second
    assert wang.get("/field/?page=９").status_code == 200
