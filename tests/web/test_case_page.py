"""The case page: the lamp played through it from end to end, refusals that lose nothing, and who gets in at all."""

from __future__ import annotations

import ast
import io
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from PIL import Image

import linli
from linli.ledger import act as ledger
from linli.ledger.definitions import runtime
from linli.ledger.models import Attachment, Case
from linli.web.page import attachments
from tests.cast import Cast
from tests.web.pages import enter, text
from tests.web.photos import photo

WEB = Path(linli.__file__).parent / "web"


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


def seq(page: str) -> str:
    found = re.search(r'name="seq" value="(\d+)"', page)
    assert found, "no act form on the page"
    return found[1]


def do(client: Client, case: Case, act: str, **data: Any) -> str:
    """Open the page, send the form of ``act`` as it stands there, follow to the page that comes next."""
    page = text(client.get(f"/cases/{case.number}/"))
    assert f'action="/cases/{case.number}/acts/{act}/"' in page, f"{act} is not offered"
    sent = client.post(f"/cases/{case.number}/acts/{act}/", {"seq": seq(page), **data}, follow=True)
    assert sent.status_code == 200 and sent.redirect_chain, text(sent)
    return text(sent)


def test_the_lamp_goes_from_report_to_rating_through_the_pages(cast: Cast) -> None:
    case = Case.objects.get(id=cast.lamp(timezone.now()).id)
    moved = do(enter(cast, "wang"), case, "pass_up", reason="要供电和住建的人来")
    assert "现在在“社区收集”" in moved
    assert f'data-draft-sent="case-{case.number}-pass_up"' in moved, "the browser may forget its copy"
    do(enter(cast, "chen"), case, "pass_up", reason="社区没有人手")
    do(enter(cast, "zhou"), case, "whistle", units_lead="power", units=["housing"], reason="线路和灯具")
    children = {c.unit: c for c in Case.objects.filter(parent=case)}
    assert len(children) == 2
    leads = text(enter(cast, "zhou").get(f"/cases/{case.number}/"))
    assert "供电公司" in leads and leads.count("首接、牵头") == 1
    for key in ("zhao", "sun"):
        mine = next(c for path, c in children.items() if ("power" if key == "zhao" else "housing") in str(path))
        do(enter(cast, key), mine, "accept")
        do(enter(cast, key), mine, "respond", answer=f"{key} 修好了")
    do(enter(cast, "zhou"), case, "reply", answer="今晚路灯已经亮了。", result="solved")
    done = do(enter(cast, "li"), case, "confirm", contacted="yes", solved="solved", satisfied="satisfied")
    case.refresh_from_db()
    assert (case.stage, case.result, case.tier) == ("closed", "solved", "street")
    assert "今晚路灯已经亮了。" in done and "事项到此结束" in done


def test_a_refusal_keeps_what_was_typed_and_links_to_the_field(cast: Cast) -> None:
    case = Case.objects.get(id=cast.lamp(timezone.now()).id)
    client = enter(cast, "wang")
    do(client, case, "pass_up", reason="报社区")
    client = enter(cast, "chen")
    page = text(client.get(f"/cases/{case.number}/"))
    answer = "灯泡换好了，居民在场确认。<b>不是标签</b>"
    back = client.post(f"/cases/{case.number}/acts/solve/", {"seq": seq(page), "answer": answer})
    assert back.status_code == 422
    again = text(back)
    assert "灯泡换好了，居民在场确认。&lt;b&gt;" in again, "typed words came back, escaped"
    assert 'href="#f-solve-result"' in again and 'id="f-solve-result"' in again
    case.refresh_from_db()
    assert case.stage == "collected"


def test_two_who_act_at_once_are_told_and_lose_nothing(cast: Cast) -> None:
    case = Case.objects.get(id=cast.lamp(timezone.now()).id)
    client = enter(cast, "wang")
    old = seq(text(client.get(f"/cases/{case.number}/")))
    done = ledger.act(str(case.id), "add", {"addition": "今晚又黑了"}, cast.id("li"), timezone.now())
    assert isinstance(done, ledger.Receipt)
    back = client.post(f"/cases/{case.number}/acts/pass_up/", {"seq": old, "reason": "要供电来人"})
    page = text(back)
    assert back.status_code == 422 and "刚才有人先办了一步" in page and "要供电来人" in page
    assert seq(page) != old, "the form that came back can be sent again"
    assert "现在在“社区收集”" in do(client, case, "pass_up", reason="要供电来人")


def test_words_for_an_act_that_is_gone_can_be_copied(cast: Cast) -> None:
    case = Case.objects.get(id=cast.lamp(timezone.now()).id)
    client = enter(cast, "wang")
    old = seq(text(client.get(f"/cases/{case.number}/")))
    cast.act("wang", str(case.id), "pass_up", timezone.now(), reason="第一次")
    back = client.post(f"/cases/{case.number}/acts/solve/", {"seq": old, "answer": "写了半天的答复"})
    assert back.status_code == 422 and "写了半天的答复" in text(back)


@pytest.mark.parametrize("key", ["stranger", "charlie", "bob_grid", "bob_community", "bob_street", "zhao"])
def test_a_foreign_case_answers_as_one_that_does_not_exist(cast: Cast, key: str) -> None:
    case = Case.objects.get(id=cast.lamp(timezone.now()).id)
    client = enter(cast, key)
    for number in (case.number, 99999999):
        assert client.get(f"/cases/{number}/").status_code == 404
        assert client.get(f"/cases/{number}/diagram/").status_code == 404
        assert client.post(f"/cases/{number}/acts/pass_up/", {"reason": "x"}).status_code == 404
    assert case.entries.count() == 1


def test_visitors_sign_in_before_they_learn_whether_a_number_exists(cast: Cast) -> None:
    case = Case.objects.get(id=cast.lamp(timezone.now()).id)
    for number in (case.number, 99999999):
        answer = Client().get(f"/cases/{number}/")
        assert answer.status_code == 302 and answer["Location"].startswith("/sign-in/")


def test_the_secret_link_is_the_reporter_and_no_more(cast: Cast) -> None:
    receipt = cast.lamp(timezone.now(), reporter=ledger.Reporter())
    case = Case.objects.get(id=receipt.id)
    cast.act("wang", receipt.id, "remark", timezone.now(), note="内部话不外传")
    page = Client().get(f"/c/{receipt.secret}/")
    assert page.status_code == 200 and "内部话不外传" not in text(page) and "王晓燕" not in text(page)
    assert page["Cache-Control"] == "private, no-store" and "noindex" in page["X-Robots-Tag"]
    offered = set(re.findall(r"/acts/([\w.]+)/", text(page)))
    assert offered == {"add", "withdraw", "merge"}
    refused = Client().post(f"/c/{receipt.secret}/acts/pass_up/", {"seq": seq(text(page)), "reason": "冒充网格员"})
    assert refused.status_code == 422 and case.entries.count() == 2
    added = Client().post(f"/c/{receipt.secret}/acts/add/", {"seq": "2", "addition": "灯杆编号 18"}, follow=True)
    assert "灯杆编号 18" in text(added)
    assert Client().get("/c/not-a-secret/").status_code == 404


def test_the_link_of_a_called_units_case_opens_nothing(cast: Cast) -> None:
    receipt, now = cast.lamp(timezone.now()), timezone.now()
    cast.act("wang", receipt.id, "pass_up", now, reason="x")
    cast.act("chen", receipt.id, "pass_up", now, reason="x")
    cast.act("zhou", receipt.id, "whistle", now, units=["power"], reason="x")
    child = Case.objects.get(parent_id=receipt.id)
    assert Client().get(f"/c/{child.secret}/").status_code == 404


def test_contact_is_for_handlers_and_never_for_the_called_unit(cast: Cast) -> None:
    """Red line 2 and 8 on the page: the phone is there for the grid worker to call, and for nobody else."""
    receipt, now = cast.lamp(timezone.now()), timezone.now()
    case = Case.objects.get(id=receipt.id)
    wang, own = enter(cast, "wang"), f"/cases/{case.number}/"
    assert "199****0001" in text(wang.get(own))
    wang.post(f"{own}contact/", {"purpose": "核实情况"})
    assert 'href="tel:19900000001"' in text(wang.get(own))
    cast.act("wang", receipt.id, "pass_up", now, reason="x")
    cast.act("chen", receipt.id, "pass_up", now, reason="x")
    cast.act("zhou", receipt.id, "whistle", now, units=["power"], reason="x")
    child = Case.objects.get(parent_id=receipt.id)
    page = text(enter(cast, "zhao").get(f"/cases/{child.number}/"))
    assert "19900000001" not in page and "李桂英" not in page


def test_those_complained_of_do_not_find_the_case(cast: Cast) -> None:
    receipt = cast.opened(
        {"text": "甲街道的人态度不好", "category": "lighting", "accused": ["street-a"]}, timezone.now()
    )
    case = Case.objects.get(id=receipt.id)
    assert enter(cast, "zhou").get(f"/cases/{case.number}/").status_code == 404
    assert enter(cast, "xu").get(f"/cases/{case.number}/").status_code == 200


def test_photos_are_drawn_anew_without_what_the_phone_wrote(cast: Cast, media: Path) -> None:
    case = Case.objects.get(id=cast.lamp(timezone.now()).id)
    do(enter(cast, "wang"), case, "solve", answer="换了灯泡", work_photos=[photo()])
    row = Attachment.objects.get(case=case)
    assert row.field == "work_photos" and row.kind == "image/jpeg"
    client = enter(cast, "li")
    answer = client.get(f"/files/{row.id}/")
    content = b"".join(answer.streaming_content)
    image = Image.open(io.BytesIO(content))
    assert not image.getexif() and "comment" not in image.info and b"SpyPhone" not in content and b"402" not in content
    assert image.size == (1000, 2000), "turned upright and made small"
    assert answer["X-Content-Type-Options"] == "nosniff" and answer["Content-Disposition"].startswith("inline")
    small = Image.open(io.BytesIO(b"".join(client.get(f"/files/{row.id}/?s=1").streaming_content)))
    assert max(small.size) == attachments.THUMB
    assert len(list(media.rglob("*.jpg"))) == 2
    assert all(row.name not in path.name for path in media.rglob("*.jpg"))


def test_a_file_is_shown_to_whom_its_field_is_and_to_nobody_else(cast: Cast) -> None:
    case = Case.objects.get(id=cast.lamp(timezone.now()).id)
    do(enter(cast, "wang"), case, "solve", answer="换了灯泡", work_photos=[photo()])
    row = Attachment.objects.get(case=case)
    for key in ("li", "wang", "chen", "xu"):
        assert enter(cast, key).get(f"/files/{row.id}/").status_code == 200, key
    for key in ("stranger", "bob_grid", "bob_street", "zhao"):
        assert enter(cast, key).get(f"/files/{row.id}/").status_code == 404, key
    assert Client().get(f"/files/{row.id}/").status_code == 404
    assert Client().get(f"/files/{row.id}/?k={case.secret}").status_code == 200
    assert Client().get(f"/files/{row.id}/?k=wrong").status_code == 404
    assert Client().get(f"/files/{row.id}/?t=forged").status_code == 404


def test_uploads_that_no_case_claimed_are_seen_by_nobody_and_go_after_a_day(cast: Cast, media: Path) -> None:
    now = timezone.now()
    spec = runtime().pack.institutions["request"].fields["photos"]
    old = attachments.store([photo()], spec, now - timedelta(days=2))
    new = attachments.store([photo()], spec, now)
    assert enter(cast, "xu").get(f"/files/{new[0]}/").status_code == 404
    assert Client().get(attachments.preview(new[0])).status_code == 200, "the form it waits in shows it"
    assert Client().get(attachments.preview(new[0]).replace(new[0], old[0])).status_code == 404
    assert attachments.purge(now) == 1
    assert {str(a.id) for a in Attachment.objects.all()} == set(new)
    assert len(list(media.rglob("*.jpg"))) == 2


def test_pages_know_no_stage_and_no_act(cast: Cast) -> None:
    """What the shared and the residents' pages say of an institution comes from its definition."""
    names: set[str] = set()
    for institution in runtime().pack.institutions.values():
        acts = [institution.anywhere, *(s.acts for s in institution.stages.values())]
        names |= set(institution.stages) | {n for group in acts for n in group}
    files = [p for room in ("page", "resident", "open") for p in (WEB / room).glob("*.py")]
    for path in files:
        asked = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Compare | ast.MatchValue)]
        words = {c.value for n in asked for c in ast.walk(n) if isinstance(c, ast.Constant)}
        assert not words & names, f"{path.name} asks for {words & names}"
    for room in ("page", "resident", "open"):
        for path in (WEB / "templates" / "linli" / room).glob("*.html"):
            compared = set(re.findall(r"==\s*[\"'](\w+)[\"']", path.read_text()))
            assert not compared & names, f"{path.name} compares with {compared & names}"


def test_a_case_can_be_worked_in_english(cast: Cast) -> None:
    case = Case.objects.get(id=cast.lamp(timezone.now()).id)
    client = Client(headers={"accept-language": "en"})
    client.force_login(cast.accounts["wang"])
    page = text(client.get(f"/cases/{case.number}/"))
    assert "Pass up to the community" in page and "解决不了" not in page


def test_the_picture_marks_where_the_case_is(cast: Cast) -> None:
    case = Case.objects.get(id=cast.lamp(timezone.now()).id)
    client = enter(cast, "wang")
    whole, part = (client.get(f"/cases/{case.number}/diagram/", headers=h) for h in ({}, {"HX-Request": "true"}))
    assert "现在在这里" in text(whole) and "<html" in text(whole)
    assert "现在在这里" in text(part) and "<html" not in text(part)


def test_photos_added_later_do_not_hide_the_first_ones(cast: Cast) -> None:
    spec = runtime().pack.institutions["request"].fields["photos"]
    ids = [attachments.store([photo(size=(40, 20))], spec, timezone.now())[0] for _ in range(2)]
    receipt = cast.opened({"text": "路灯不亮", "category": "lighting", "photos": ids[:1]}, timezone.now())
    cast.act("li", receipt.id, "add", timezone.now(), addition="又拍了一张", photos=ids[1:])
    page = text(enter(cast, "wang").get(f"/cases/{receipt.number}/"))
    assert all(f"/files/{id}/" in page for id in ids)
