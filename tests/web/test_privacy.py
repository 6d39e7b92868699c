"""Privacy in the pages: a telephone for a minute, what others see, words and photos hidden, and danger first."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image, features

from linli.ledger import act as ledger
from linli.ledger import definitions, verify
from linli.ledger.models import Attachment, Case
from linli.people import acts as people
from linli.people.models import Look
from linli.web.page import attachments, danger
from tests.cast import Cast
from tests.web.pages import enter, text
from tests.web.photos import SECRET_WORDS, photo

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


def pictured(cast: Cast, words: str = "路灯不亮，找 13912345678") -> Case:
    now = timezone.now() - HOUR
    field = definitions.runtime().pack.institutions["request"].fields["photos"]
    ids = attachments.store([photo()], field, now)
    return Case.objects.get(id=cast.opened({"text": words, "category": "lighting", "photos": ids}, now).id)


# --- looking


def test_the_telephone_is_shown_for_a_purpose_and_the_person_reads_who_looked(cast: Cast) -> None:
    case = pictured(cast)
    wang, page = enter(cast, "wang"), f"/cases/{case.number}/"
    assert "199****0001" in text(wang.get(page)) and "19900000001" not in text(wang.get(page))
    assert wang.post(f"{page}contact/", {"purpose": "核实情况"}).status_code == 302
    assert 'href="tel:19900000001"' in text(wang.get(page))
    told = text(Client(headers={"accept-language": "zh-CN"}).get(f"/c/{case.secret}/privacy/"))
    assert "核实情况" in told and "甲一第一网格 网格员" in told and "王晓燕" not in told
    Look.objects.update(at=timezone.now() - timedelta(seconds=61))
    assert "19900000001" not in text(wang.get(page))


def test_only_who_handles_the_matter_can_look(cast: Cast) -> None:
    case = pictured(cast)
    for key in ("bob_street", "charlie", "li"):
        assert enter(cast, key).post(f"/cases/{case.number}/contact/", {"purpose": "好奇"}).status_code == 404
    assert Look.objects.count() == 0


def test_the_api_masks_unless_a_purpose_is_given(cast: Cast) -> None:
    case = pictured(cast)
    token = people.create_token(cast.accounts["wang"], "test", timezone.now())
    api = Client(HTTP_AUTHORIZATION=f"Bearer {token}")
    assert "19900000001" not in text(api.get(f"/api/v1/cases/{case.number}"))
    assert (
        api.get(f"/api/v1/cases/{case.number}?purpose=%E6%A0%B8%E5%AE%9E").json()["contact"]["phone"] == "19900000001"
    )
    assert Look.objects.get().purpose == "核实"


# --- hiding


def test_words_are_hidden_on_the_page_and_nothing_of_them_is_left(cast: Cast) -> None:
    case = pictured(cast)
    wang, page = enter(cast, "wang"), f"/cases/{case.number}/privacy/"
    assert 'value="13912345678"' in text(wang.get(page))  # found by itself
    assert wang.post(page, {"do": "words", "guess": "13912345678", "why": ""}).status_code == 422
    assert wang.post(page, {"do": "words", "guess": "13912345678", "why": "他人电话"}).status_code == 302
    assert "13912345678" not in text(wang.get(page)) + text(wang.get(f"/cases/{case.number}/"))
    assert "他人电话" in text(Client().get(f"/c/{case.secret}/"))
    assert verify.verify(timezone.now()).faults == []
    for key in ("bob_street", "charlie"):
        assert enter(cast, key).get(page).status_code == 404


def pixel(id: str, thumb: bool, x: float, y: float) -> tuple[int, int, int]:
    with Image.open(attachments.path(id, thumb)) as image:
        found: Any = image.convert("RGB").getpixel((int(x * image.width), int(y * image.height)))
        return found


def test_a_covered_photo_holds_nothing_under_the_cover_and_the_original_is_gone(
    cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    case = pictured(cast)
    old = case.fields["photos"][0]
    before = pixel(old, False, 0.05, 0.05)
    with django_capture_on_commit_callbacks(execute=True):
        sent = {"do": "photo", "photo": old, "cell": ["0-0", "7-7"], "why": "车牌"}
        assert enter(cast, "wang").post(f"/cases/{case.number}/privacy/", sent).status_code == 302
    case.refresh_from_db()
    (new,) = case.fields["photos"]
    assert new != old and not attachments.path(old).exists() and not attachments.path(old, True).exists()
    for thumb in (False, True):
        assert max(pixel(new, thumb, 0.05, 0.05)) < 60 and max(pixel(new, thumb, 0.95, 0.95)) < 60
        assert pixel(new, thumb, 0.5, 0.5)[2] > 60
    assert before[2] > 60
    assert not Attachment.objects.filter(id=old).exists()
    with django_capture_on_commit_callbacks(execute=True):
        sent = {"do": "photo", "photo": new, "take_out": "1", "why": "不该拍"}
        enter(cast, "wang").post(f"/cases/{case.number}/privacy/", sent)
    assert not attachments.path(new).exists() and Attachment.objects.count() == 0
    assert verify.verify(timezone.now()).faults == []


def test_a_refused_cover_leaves_no_file_behind(cast: Cast, django_capture_on_commit_callbacks: Any) -> None:
    case = pictured(cast)
    with django_capture_on_commit_callbacks(execute=True):
        sent = {"do": "photo", "photo": case.fields["photos"][0], "cell": "0-0", "why": " "}
        assert enter(cast, "wang").post(f"/cases/{case.number}/privacy/", sent).status_code == 422
    stored = list(attachments.path(case.fields["photos"][0]).parents[1].rglob("*.jpg"))
    assert len(stored) == 2  # the photo and its small picture


def test_the_reporter_has_the_name_removed_once_it_is_closed(cast: Cast) -> None:
    reporter = ledger.Reporter(name="李四光", phone="13800000001")
    made = cast.opened({"text": "路灯不亮", "category": "lighting"}, timezone.now() - 3 * HOUR, reporter=reporter)
    visitor, page = Client(headers={"accept-language": "zh-CN"}), f"/c/{made.secret}/privacy/"
    assert "办结以后" in text(visitor.get(page)) and visitor.post(page).status_code == 422
    cast.act("wang", made.id, "solve", timezone.now() - 2 * HOUR, answer="换好了")
    cast.act(None, made.id, "confirm", timezone.now() - HOUR, contacted="是", solved="solved", satisfied="satisfied")
    assert visitor.post(page).status_code == 302
    assert "没有您的姓名" in text(visitor.get(page))
    seen = text(enter(cast, "wang").get(f"/cases/{made.number}/"))
    assert "李四光" not in seen and "换好了" in seen


# --- what others see


def test_staff_and_the_reporter_can_look_through_other_eyes(cast: Cast) -> None:
    case = pictured(cast)
    now = timezone.now()
    cast.act("qian", str(case.id), "dispatch", now, units=["power"], reason="供电的事", task="换灯头")
    staff = enter(cast, "zhou")
    public = text(staff.get(f"/cases/{case.number}/as/public/"))
    assert (
        "路灯照明" in public and "13912345678" not in public and "看不到照片" in public and "甲一第一网格" not in public
    )
    units = text(staff.get(f"/cases/{case.number}/as/units/"))
    assert "供电公司" in units and "13912345678" in units and "李桂英" not in units and "换灯头" in units
    mine = text(staff.get(f"/cases/{case.number}/as/reporter/"))
    assert "13912345678" in mine and "换灯头" not in mine
    own = text(Client(headers={"accept-language": "zh-CN"}).get(f"/c/{case.secret}/as/units/"))
    assert "13912345678" in own and "换灯头" not in own and "看不到是谁反映的" in own
    assert enter(cast, "zhao").get(f"/cases/{case.number}/as/units/").status_code == 404


def test_what_complains_of_an_office_is_seen_by_nobody_in_public(cast: Cast) -> None:
    told = {"text": "乙街道推诿", "category": "other", "accused": ["street-b"]}
    made = cast.opened(told, timezone.now())
    seen = text(Client(headers={"accept-language": "zh-CN"}).get(f"/c/{made.secret}/as/public/"))
    assert "看不到这件事" in seen and "推诿" not in seen


# --- photos never carry what the camera noted


def exif_of(kind: str) -> bytes:
    exif = Image.Exif()
    exif[0x010E] = SECRET_WORDS
    exif[0x010F] = "SpyPhone"
    exif.get_ifd(0x8825).update({1: "N", 2: (31.0, 46.0, 15.0), 3: "E", 4: (119.0, 58.0, 15.0)})
    out = io.BytesIO()
    more: dict[str, Any] = {"exif": exif} if kind != "PNG" else {"exif": exif, "pnginfo": _text()}
    Image.new("RGB", (640, 480), "#345").save(out, kind, **more)
    return out.getvalue()


def _text() -> Any:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("Comment", "SpyPhone")
    return info


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_no_photo_keeps_exif(cast: Cast, kind: str) -> None:
    if kind == "WEBP" and not features.check("webp"):
        pytest.skip("this Pillow writes no WebP")
    raw = exif_of(kind)
    assert b"SpyPhone" in raw or b"Exif" in raw or b"eXIf" in raw  # it does carry something to lose
    field = definitions.runtime().pack.institutions["request"].fields["photos"]
    (id,) = attachments.store([SimpleUploadedFile(f"a.{kind.lower()}", raw)], field, timezone.now())
    for thumb in (False, True):
        stored = attachments.path(id, thumb).read_bytes()
        with Image.open(io.BytesIO(stored)) as image:
            assert image.format == "JPEG" and not image.getexif() and set(image.info) <= {
                "jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive", "progression",
            }  # fmt: skip
        assert b"SpyPhone" not in stored and b"Exif" not in stored


def test_heic_is_refused_in_words(cast: Cast) -> None:
    heic = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + b"\x00" * 64
    field = definitions.runtime().pack.institutions["request"].fields["photos"]
    with pytest.raises(attachments.Refused) as refused:
        attachments.store([SimpleUploadedFile("a.heic", heic)], field, timezone.now())
    assert "JPG" in refused.value.says.zh and Attachment.objects.count() == 0


# --- danger first


def test_a_resident_who_smells_gas_is_told_whom_to_call_before_anything_else(cast: Cast) -> None:
    visitor = Client(headers={"accept-language": "zh-CN"})
    sent = {"text": "三楼有燃气味，很重", "category": "lighting"}
    answer = visitor.post("/report/request/", sent)
    assert answer["Location"] == "/report/request/danger/"
    page = text(visitor.get(answer["Location"]))
    assert 'href="tel:119"' in page and page.index("tel:119") < page.index("继续反映")
    assert visitor.post("/report/request/danger/")["Location"] == "/report/request/where/"
    assert visitor.post("/report/request/", sent)["Location"] == "/report/request/where/"  # told once
    hint = text(visitor.post("/report/request/suggest/", {"text": "楼下着火了"}))
    assert 'href="tel:119"' in hint


def test_the_desk_reads_it_out_while_the_call_goes_on(cast: Cast) -> None:
    desk = enter(cast, "qian")
    page = text(desk.get("/desk/intake/earlier/", {"text": "有人触电了", "place": ""}))
    assert 'href="tel:120"' in page and page.index("tel:120") < page.index("以前反映过的")
    sent = {"text": "有人触电了，在楼下", "category": "路灯照明", "place": "甲一第一网格", "token": "t1"}
    desk.post("/desk/intake/", sent)
    assert 'href="tel:120"' in text(desk.get("/desk/intake/done/"))


def test_the_words_live_in_the_pack(cast: Cast) -> None:
    pack = definitions.runtime().pack
    assert {n for d in danger.every(pack) for n in d.numbers} == {"110", "119", "120", "122"}
    assert danger.found(pack, ["路灯三天不亮了"]) == [] == danger.found(pack, [""])
    for said, number in (("煤气泄漏", "119"), ("外墙脱落", "110"), ("SMELL OF GAS", "119"), ("撞车了", "122")):
        assert number in danger.found(pack, [said])[0].numbers
    source = Path(danger.__file__).read_text()
    assert not re.search(r"11[09]|12[02]|燃气|着火", source)
