"""Residents: reporting in three screens that lose nothing, following without an account, what the public may know."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from linli.kernel.institution import Institution
from linli.ledger import act as ledger
from linli.ledger.definitions import runtime
from linli.ledger.models import Attachment, Case
from linli.people.models import Person
from linli.web.resident import find, suggest
from tests.cast import GRID_A, Cast, area
from tests.web.pages import text
from tests.web.photos import photo

WHAT, WHERE, WHO = "/report/request/", "/report/request/where/", "/report/request/who/"
LAMP = {"text": "东门路 18 号门口的路灯三天不亮了", "category": "lighting"}


@pytest.fixture(autouse=True)
def clean(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    find.FROM_ONE_PLACE.forget()
    find.FOR_ONE_NUMBER.forget()


@pytest.fixture
def client() -> Client:
    return Client(headers={"accept-language": "zh-CN"})


def token(client: Client) -> str:
    found = re.search(r'name="token" value="([^"]+)"', text(client.get(WHO)))
    assert found
    return found[1]


def fill(client: Client, where: dict[str, str] | None = None, **what: Any) -> None:
    """The first two screens."""
    assert client.post(WHAT, {**LAMP, **what})["Location"] == WHERE
    chosen = {"at_street": "320402001000", "at_community": "320402001001"} if where is None else where
    goes = client.post(WHERE, {"go": "1", **chosen})["Location"]
    if goes.endswith("/same/"):  # something like it is open nearby (see test_together.py)
        goes = client.post(goes, {"same": "0"})["Location"]
    assert goes == WHO


def send(client: Client, **data: str) -> Case:
    answer = client.post(WHO, {"token": token(client), **data})
    assert answer.status_code == 302, text(answer)
    return Case.objects.get(secret=answer["Location"].split("/")[2])


def test_a_visitor_reports_in_three_screens_and_keeps_a_link(cast: Cast, client: Client) -> None:
    assert WHAT in client.get("/report/").content.decode(), "first of what one may raise"
    fill(client, photos=[photo()])
    look = text(client.get(WHO))
    assert LAMP["text"] in look and "甲一社区" in look and "路灯照明" in look and "?s=1&amp;t=" in look
    case = send(client, name="老李", phone="139 0000 1234")
    assert (case.place, case.stage, case.channel) == (area("320402001001").path, "found", "web")
    assert case.reporter and (case.reporter.name, case.reporter.phone) == ("老李", "13900001234")
    assert Attachment.objects.get(case=case).field == "photos"
    sent = text(client.get(f"/c/{case.secret}/sent/"))
    assert str(case.number) in sent and f"/c/{case.secret}/" in sent and "最晚答复" in sent
    assert LAMP["text"] in text(Client().get(f"/c/{case.secret}/")), "the link needs no cookie"


def test_nobody_must_leave_a_name(cast: Cast, client: Client) -> None:
    """Red line 10: without name and phone it is handled all the same."""
    fill(client)
    assert send(client).reporter is None


def test_sending_twice_opens_one_case(cast: Cast, client: Client) -> None:
    fill(client)
    form = {"token": token(client), "name": "老李"}
    first, second = client.post(WHO, form), client.post(WHO, form)
    assert first["Location"] == second["Location"] and Case.objects.count() == 1
    assert Person.objects.filter(name="老李").count() == 1


def test_two_sends_of_one_draft_at_the_same_moment_open_one_case(cast: Cast, client: Client) -> None:
    """The second finds the draft still in its session, as happens when both were under way; the database decides."""
    fill(client)
    form = {"token": token(client)}
    kept = dict(client.session.items())
    first = client.post(WHO, form)
    session = client.session
    session.update(kept)
    session.save()
    second = client.post(WHO, {})  # without the token the early answer is not taken
    assert second["Location"] == first["Location"] and Case.objects.count() == 1


def test_what_was_typed_comes_back_with_the_reason(cast: Cast, client: Client) -> None:
    answer = client.post(WHAT, {"text": LAMP["text"], "photos": [photo("灯.jpg")]})
    page = text(answer)
    assert answer.status_code == 422 and LAMP["text"] in page and 'href="#f-category"' in page
    kept = re.findall(r'name="photos_kept" value="([^"]+)"', page)
    assert len(kept) == 1, "the photo need not be chosen again"
    assert client.post(WHAT, {**LAMP, "photos_kept": kept})["Location"] == WHERE
    assert LAMP["text"] in text(client.get(WHAT)), "the back button finds the draft"


def test_a_file_that_is_no_photo_is_refused_by_name_and_the_words_stay(cast: Cast, client: Client) -> None:
    script = SimpleUploadedFile("x.jpg", b"<script>alert(1)</script>", "image/jpeg")
    answer = client.post(WHAT, {**LAMP, "photos": [script]})
    assert answer.status_code == 422
    assert "不是能打开的照片" in text(answer) and LAMP["text"] in text(answer)
    assert not Attachment.objects.exists()


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "MPO"])
def test_the_formats_of_phones_are_read(cast: Cast, client: Client, kind: str) -> None:
    out = io.BytesIO()
    second = {"save_all": True, "append_images": [Image.new("RGB", (30, 20))]} if kind == "MPO" else {}
    Image.new("RGBA" if kind != "MPO" else "RGB", (30, 20), "#345").save(out, kind, **second)
    fill(client, photos=[SimpleUploadedFile("x.jpg", out.getvalue(), "image/jpeg")])
    assert Attachment.objects.get(case=send(client).id).kind == "image/jpeg"


def test_more_photos_than_the_definition_allows_are_refused(cast: Cast, client: Client) -> None:
    kept = []
    for n in (5, 4):
        page = text(
            client.post(WHAT, {"text": "x", "photos_kept": kept, "photos": [photo(size=(40, 20)) for _ in range(n)]})
        )
        kept = re.findall(r'name="photos_kept" value="([^"]+)"', page)
    answer = client.post(WHAT, {**LAMP, "photos_kept": kept, "photos": [photo(size=(40, 20))]})
    assert len(kept) == 9 and answer.status_code == 422 and "最多 9 张" in text(answer)


def test_a_photo_of_another_form_cannot_be_taken(cast: Cast, client: Client) -> None:
    fill(client, photos=[photo()])
    case = send(client)
    taken = str(Attachment.objects.get(case=case).id)
    other = Client()
    for wanted in (taken, "not-an-id", "00000000-0000-4000-8000-000000000000"):
        fill(other, photos_kept=[wanted])
        assert not Case.objects.get(id=send(other).id).attachments.exists()


def test_the_screens_are_done_in_order(cast: Cast, client: Client) -> None:
    assert client.get(WHERE)["Location"] == client.get(WHO)["Location"] == WHAT
    assert client.get("/report/response/").status_code == 404, "not for residents to open"


def test_places_are_listed_level_by_level_and_unknown_is_an_answer(cast: Cast, client: Client) -> None:
    client.post(WHAT, LAMP)
    page = client.post(WHERE, {"at_street": "320402001000"}, follow=True)
    assert "甲一社区" in text(page) and "乙一社区" not in text(page) and "我不清楚" in text(page)
    outside = {"at_street": "320402001000", "at_community": "320402002001"}  # a community of the other street
    client.post(WHERE, {"go": "1", **outside})
    assert send(client).place == area("320402001000").path
    fill(client, where={})
    assert send(client).place == area("320402000000").path


def test_my_position_finds_the_grid_unless_it_is_elsewhere(cast: Cast, client: Client) -> None:
    fill(client, where={"address": "东门", "address_lat": "31.7712", "address_lon": "119.9712"})
    case = send(client)
    assert case.place == area(GRID_A).path and case.fields["point"] == {"lat": 31.7712, "lng": 119.9712}
    fill(client, where={"address_lat": "39.9", "address_lon": "116.4"})  # Beijing
    assert send(client).place == area("320402000000").path


def test_a_place_chosen_by_hand_is_not_moved_by_the_position(cast: Cast, client: Client) -> None:
    fill(client, where={"at_street": "320402002000", "address_lat": "31.7712", "address_lon": "119.9712"})
    assert send(client).place == area("320402002000").path


def test_a_wrong_phone_is_said_and_nothing_is_opened(cast: Cast, client: Client) -> None:
    fill(client)
    answer = client.post(WHO, {"token": token(client), "name": "老李", "phone": "看不懂"})
    assert answer.status_code == 422 and 'value="老李"' in text(answer) and not Case.objects.exists()


def test_who_is_signed_in_is_not_asked_what_is_known(cast: Cast, client: Client) -> None:
    """Red line 9, and one may still stay unnamed."""
    cast.lamp(timezone.now())
    client.force_login(cast.accounts["li"])
    client.post(WHAT, LAMP)
    assert "甲一第一网格" in text(client.get(WHERE)), "the place of the last matter is there already"
    client.post(WHERE, {"go": "1", "at_street": "320402001000"})
    page = text(client.get(WHO))
    assert 'name="phone"' not in page and "199****0001" in page
    assert send(client).reporter_id == cast.people["li"].id
    fill(client)
    assert send(client, anonymous="1").reporter_id is None


def test_my_matters_are_mine(cast: Cast, client: Client) -> None:
    case = Case.objects.get(id=cast.lamp(timezone.now()).id)
    assert client.get("/my/").status_code == 302
    for key, there in (("li", True), ("stranger", False), ("wang", False)):
        client.force_login(cast.accounts[key])
        assert (f"/cases/{case.number}/" in text(client.get("/my/"))) is there


def test_a_number_shows_the_public_what_is_public(cast: Cast, client: Client) -> None:
    """Red line 8: stage, category and promise; no word of the text, no place, no name."""
    case = Case.objects.get(id=cast.lamp(timezone.now()).id)
    page = text(client.get(f"/follow/?number={case.number}"))
    assert "网格发现" in page and "路灯照明" in page and "最晚答复" in page
    for private in ("东门路", "李桂英", "19900000001", "甲一", case.secret):
        assert private not in page
    for wrong in ("1", "abc", "9" * 40, "-1"):
        assert client.get("/follow/", {"number": wrong}).status_code == 404


def test_a_complaint_about_a_unit_is_not_found_by_its_number(cast: Cast, client: Client) -> None:
    """Red line 2: its people could otherwise watch it by counting numbers up."""
    receipt = cast.opened({**LAMP, "accused": ["street-a"]}, timezone.now())
    assert client.get(f"/follow/?number={receipt.number}").status_code == 404


@pytest.mark.parametrize("code", ["0001", "secret", "link"])
def test_the_reporter_opens_it_with_digits_code_or_link(cast: Cast, client: Client, code: str) -> None:
    receipt = cast.lamp(timezone.now())
    given = {"0001": "0001", "secret": receipt.secret, "link": f"http://testserver/c/{receipt.secret}/"}[code]
    answer = client.post("/follow/", {"number": receipt.number, "code": given})
    assert answer["Location"] == f"/c/{receipt.secret}/"


def test_guessing_is_refused_alike_and_soon_slowed_down(cast: Cast, client: Client) -> None:
    receipt = cast.lamp(timezone.now())
    nameless = cast.lamp(timezone.now(), reporter=ledger.Reporter())
    for number, code in ((receipt.number, "0002"), (nameless.number, "0000"), (nameless.number, ""), (1, "0001")):
        answer = client.post("/follow/", {"number": number, "code": code})
        assert answer.status_code == 422 and receipt.secret not in text(answer)
    for n in range(4):
        client.post("/follow/", {"number": receipt.number, "code": f"10{n:02}"})
    assert client.post("/follow/", {"number": receipt.number, "code": "0001"}).status_code == 429
    assert client.get(f"/c/{receipt.secret}/").status_code == 200, "the link itself always works"


def test_not_solved_goes_back_with_the_reason(cast: Cast, client: Client) -> None:
    receipt = cast.lamp(timezone.now())
    cast.act("wang", receipt.id, "solve", timezone.now(), answer="修好了")
    page = text(client.get(f"/c/{receipt.secret}/"))
    assert page.count('class="rate"') == 3
    seq = re.search(r'name="seq" value="(\d+)"', page)
    assert seq
    incomplete = client.post(f"/c/{receipt.secret}/acts/confirm/", {"seq": seq[1], "solved": "solved"})
    assert incomplete.status_code == 422 and 'href="#f-contacted"' in text(incomplete)
    assert re.search(r'value="solved" checked', text(incomplete)), "the answer given stays"
    client.post(f"/c/{receipt.secret}/acts/not_solved/", {"seq": seq[1], "why": "晚上又灭了"})
    assert Case.objects.get(id=receipt.id).stage == "collected"


def test_the_words_suggest_a_category(cast: Cast, client: Client) -> None:
    codes = runtime().pack.lists["request_categories"]
    assert suggest.suggest(codes, ["路口井盖松动，车一过就响"])[0].name == "manhole"
    assert suggest.suggest(codes, ["the street lighting is broken"])[0].name == "lighting"
    assert suggest.suggest(codes, ["。。。"]) == []
    page = text(client.post(f"{WHAT}suggest/", {"text": "路灯不亮"}))
    assert 'value="lighting"' in page and "<html" not in page


def test_institutions_are_explained_with_picture_table_sources_and_stories(cast: Cast, client: Client) -> None:
    assert "群众诉求" in text(client.get("/institutions/"))
    for institution in runtime().pack.institutions.values():
        page = text(client.get(f"/institutions/{institution.name}/"))
        assert "<svg" in page and all(stage.title.zh in page for stage in institution.stages.values())
        assert _sources(institution) <= set(re.findall(r"setting[^<]*", page)) or "setting" in page
    page = text(client.get("/institutions/request/"))
    assert "路灯不亮，要两个部门一起办" in page and "现场看过，灯杆没有电" in page
    assert client.get("/institutions/nothing/").status_code == 404
    english = text(Client(headers={"accept-language": "en"}).get("/institutions/request/"))
    assert "Found in the grid" in english and "网格发现" not in re.sub(r"catalogue.*", "", english)


def _sources(institution: Institution) -> set[str]:
    limits = {s.within for s in institution.stages.values() if s.within}
    return {runtime().pack.parameters[n][0].source for n in limits}


def test_public_pages_speak_both_languages_and_need_no_account(cast: Cast) -> None:
    for language in ("zh-CN", "en"):
        visitor = Client(headers={"accept-language": language})
        for url in ("/", WHAT, "/follow/", "/institutions/", "/sign-in/"):
            page = visitor.get(url)
            assert page.status_code == 200 and "12345" in text(page), url
            body = re.sub(r"<script.*?</script>", "", text(page), flags=re.S)
            if language == "en":
                visible = re.sub(r"<[^>]+>", "", body)
                chinese = set(re.findall(r"[\u4e00-\u9fff]+", visible)) - {"常州市天宁区", "中文", "切换到中文"}
                assert not chinese, (url, chinese)
