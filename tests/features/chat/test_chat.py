"""The chat channel over real HTTP calls and a stand-in for WeChat's server: nothing written is lost, nothing twice."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.utils import timezone

from linli.config.chat import WeChat, wechat_settings
from linli.config.environment import SettingError
from linli.features.chat import acts, api, rules
from linli.features.chat.models import Draft, Heard
from linli.ledger import act as ledger
from linli.ledger import outbox, verify
from linli.ledger.models import Attachment, Case, Entry, Message
from linli.people.models import Person
from linli.places.datum import gcj02
from linli.web.api import wechat
from tests.cast import GRID_A, NOW, Cast, area
from tests.features.chat.weixin import APP_ID, SECRET, TOKEN, Weixin, running
from tests.web.photos import SECRET_WORDS, photo

ME, OTHER = "oAbc-123_me", "oXyz-987_other"
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def server() -> Iterator[Weixin]:
    with running() as weixin:
        yield weixin


class Talk:
    """Somebody at the phone: what they send goes through the callback as WeChat's server would send it."""

    def __init__(self, weixin: Weixin, monkeypatch: pytest.MonkeyPatch) -> None:
        self.weixin, self.now, self.ids = weixin, NOW, 7_000_000_000_000_000
        monkeypatch.setattr(timezone, "now", lambda: self.now)
        self.client = Client(enforce_csrf_checks=True)

    def signed(self, token: str = TOKEN, at: datetime | None = None) -> dict[str, str]:
        stamp, nonce = str(int((at or self.now).timestamp())), secrets.token_hex(5)
        return {"signature": rules.signature(token, stamp, nonce), "timestamp": stamp, "nonce": nonce}

    def post(self, inner: str, who: str = ME, id: int | None = None, query: dict[str, str] | None = None) -> Any:
        self.ids += 1
        head = f"<ToUserName>gh_us</ToUserName><FromUserName>{who}</FromUserName><CreateTime>1</CreateTime>"
        body = f"<xml>{head}{inner}<MsgId>{id or self.ids}</MsgId></xml>"
        return self.client.post("/wechat/", body, "text/xml", query_params=query or self.signed())

    def say(self, text: str, **more: Any) -> str:
        self.now += timedelta(seconds=10)
        return words(self.post(f"<MsgType>text</MsgType><Content><![CDATA[{text}]]></Content>", **more))

    def show(self, media: str, **more: Any) -> str:
        return words(self.post(f"<MsgType>image</MsgType><PicUrl>http://x/</PicUrl><MediaId>{media}</MediaId>", **more))

    def point(self, lat: float, lng: float, label: str = "东门路 18 号", **more: Any) -> str:
        x, y = gcj02((lng, lat))
        inner = f"<Location_X>{y}</Location_X><Location_Y>{x}</Location_Y><Scale>15</Scale><Label>{label}</Label>"
        return words(self.post(f"<MsgType>location</MsgType>{inner}", **more))


def words(answer: Any) -> str:
    assert answer.status_code == 200, answer.content
    if answer.content == b"success":
        return ""
    root = ElementTree.fromstring(answer.content)
    assert (root.findtext("FromUserName"), root.findtext("MsgType")) == ("gh_us", "text")
    return root.findtext("Content") or ""


@pytest.fixture
def talk(server: Weixin, cast: Cast, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Talk:
    server.sent.clear(), server.outside.clear(), server.pictures.clear(), server.calls.clear()
    settings.WECHAT = WeChat(TOKEN, APP_ID, SECRET, server.base, "request", "other", "")
    settings.MEDIA_ROOT, settings.PUBLIC_URL = tmp_path / "media", "https://linli.example"
    settings.SMS = type("Sms", (), {"kind": "file", "path": tmp_path / "sms.jsonl"})()
    return Talk(server, monkeypatch)


def only() -> Case:
    return Case.objects.get(channel="wechat")


def test_wechat_checks_the_address_and_nobody_else_gets_in(talk: Talk, settings: Any) -> None:
    good = talk.signed()
    assert talk.client.get("/wechat/", {**good, "echostr": "8472"}).content == b"8472"
    assert talk.client.get("/wechat/", {**talk.signed("another"), "echostr": "8472"}).status_code == 403
    assert talk.client.get("/wechat/", {"echostr": "8472"}).status_code == 403
    old = talk.signed(at=talk.now - timedelta(seconds=rules.WINDOW + 1))
    assert talk.post("<MsgType>text</MsgType><Content>x</Content>", query=old).status_code == 403
    used = talk.signed()
    assert talk.post("<MsgType>text</MsgType><Content>灯坏了</Content>", query=used).status_code == 200
    again = talk.post("<MsgType>text</MsgType><Content>别的话</Content>", query=used)
    assert again.status_code == 403, "one signature is good for one message"
    assert Draft.objects.get().words == "灯坏了"
    settings.WECHAT = None
    assert talk.client.get("/wechat/", {**good, "echostr": "8472"}).status_code == 404


def test_the_signature_is_the_one_of_wechats_documents() -> None:
    import hashlib

    assert (
        rules.signature("weixin", "1409659813", "1372623149") == hashlib.sha1(b"13726231491409659813weixin").hexdigest()
    )


def test_words_photo_and_location_become_a_matter_with_number_and_link(talk: Talk, server: Weixin) -> None:
    server.pictures["pic-1"] = photo().read()
    assert "在哪里" in talk.say("楼下路灯三天不亮了")
    assert "收到照片，共 1 张" in talk.show("pic-1")
    said = talk.point(31.7711, 119.9711)
    case = only()
    assert f"已登记，编号 {case.number}。我们最晚在 2026年3月16日 前答复您。" in said
    assert f"https://linli.example/c/{case.secret}/" in said
    assert case.fields["text"] == "楼下路灯三天不亮了"
    assert case.fields["address"] == "东门路 18 号"
    assert case.place == area(GRID_A).path
    lat, lng = case.fields["point"]["lat"], case.fields["point"]["lng"]
    assert abs(lat - 31.7711) < 2e-6 and abs(lng - 119.9711) < 2e-6, "GCJ-02 became WGS-84"
    kept = Attachment.objects.get(case=case)
    assert case.fields["photos"] == [str(kept.id)]
    assert SECRET_WORDS.encode() not in next((Path(str(wechat.settings.MEDIA_ROOT))).rglob("*.jpg")).read_bytes()
    person = Person.objects.get(chat=ME)
    assert (person.name, person.phone, str(case.reporter_id)) == ("", "", str(person.id))
    entry = Entry.objects.get(case=case, seq=1)
    assert (entry.channel, entry.role) == ("wechat", "reporter")
    assert not Draft.objects.exists()
    assert not Message.objects.filter(case=case, channel="chat").exists(), "it was said at once; not twice"


def test_a_name_in_words_is_asked_about_and_yes_registers(talk: Talk) -> None:
    assert "是在甲街道甲一社区吗" in talk.say("甲一社区门口井盖松了")
    assert "已登记" in talk.say("是")
    assert only().place == area("320402001001").path


def test_a_place_in_words_an_unknown_one_and_not_knowing(talk: Talk) -> None:
    talk.say("井盖松了")
    assert "没有找到“老菜场旁边”" in talk.say("老菜场旁边")
    assert "已登记" in talk.say("乙一社区")
    case = only()
    assert case.place == area("320402002001").path and case.fields["address"] == "老菜场旁边"
    talk.say("又一件：垃圾没人收", who=OTHER)
    assert "已登记" in talk.say("不清楚", who=OTHER)
    case = Case.objects.exclude(id=case.id).get()
    assert case.place == area("320402000000").path, "the whole jurisdiction receives it and passes it down"


def test_a_location_outside_is_said_and_nothing_is_lost(talk: Talk) -> None:
    talk.say("井盖松了")
    assert "不在我们受理的范围内" in talk.point(39.9, 116.4)
    assert Draft.objects.get().words == "井盖松了"
    assert "已登记" in talk.point(31.7711, 119.9711)
    assert only().fields["text"] == "井盖松了"


def test_photo_or_location_first_and_then_the_words(talk: Talk, server: Weixin) -> None:
    server.pictures["pic-1"] = photo().read()
    assert "是什么事" in talk.show("pic-1")
    assert "是什么事" in talk.point(31.7711, 119.9711)
    assert "已登记" in talk.say("树倒了挡路")
    assert len(only().fields["photos"]) == 1


def test_the_same_message_again_is_answered_the_same_and_does_nothing(talk: Talk) -> None:
    first = talk.say("井盖松了", id=42)
    assert talk.say("井盖松了", id=42) == first != ""
    assert Draft.objects.get().words == "井盖松了"
    end = talk.point(31.7711, 119.9711, id=43)
    assert talk.point(31.7711, 119.9711, id=43) == end and "已登记" in end
    assert Case.objects.filter(channel="wechat").count() == 1


def test_further_words_are_asked_about_added_or_a_matter_of_their_own(talk: Talk) -> None:
    talk.say("井盖松了")
    talk.point(31.7711, 119.9711)
    case = only()
    assert f"是补充编号 {case.number} 的事，还是另一件事" in talk.say("今天又响了一夜")
    assert "1 是补充" in talk.say("声音很大"), "what comes between is kept"
    assert "已补充到编号" in talk.say("1")
    added = Case.objects.get(id=case.id).fields["addition"]
    assert added == "今天又响了一夜\n声音很大"
    talk.say("小区门口路灯不亮")
    assert "在哪里" in talk.say("2")
    assert "已登记" in talk.point(31.7721, 119.9721)
    assert Case.objects.filter(channel="wechat").count() == 2
    talk.now += acts.ASKED + MINUTE
    assert "在哪里" in talk.say("垃圾没人收"), "long after, it is not asked"


def test_progress_cancel_help_and_kinds_that_are_not_taken(talk: Talk) -> None:
    assert "还没有" in talk.say("进展")
    assert "是什么事" not in talk.say("帮助")
    talk.say("井盖松了")
    assert "没有登记" in talk.say("取消")
    assert not Draft.objects.exists()
    talk.say("井盖松了")
    talk.point(31.7711, 119.9711)
    case = only()
    told = talk.say("“进展”")
    assert f"编号 {case.number}：" in told and "2026年3月16日" in told and f"/c/{case.secret}/" in told
    assert "还没有" in talk.say("进展", who=OTHER), "nobody else's"
    assert "只能收文字" in words(talk.post("<MsgType>voice</MsgType><MediaId>v</MediaId>"))
    assert words(talk.post("<MsgType>event</MsgType><Event>unsubscribe</Event>")) == ""
    assert "您好" in words(talk.post("<MsgType>event</MsgType><Event>subscribe</Event>"))


def test_danger_comes_first(talk: Talk) -> None:
    said = talk.say("楼道里燃气味很重")
    assert said.splitlines()[0].startswith("闻到燃气味") and "119" in said.splitlines()[0]
    assert "在哪里" in said, "and the matter goes on"


def test_the_answer_comes_back_as_a_message_and_the_token_is_kept(talk: Talk, server: Weixin, cast: Cast) -> None:
    talk.say("井盖松了")
    talk.point(31.7711, 119.9711)
    case, tokens = only(), server.tokens
    cast.act("wang", str(case.id), "solve", talk.now + MINUTE, answer="井盖已垫好，不响了")
    outbox.deliver(talk.now + 2 * MINUTE)
    assert [m["touser"] for m in server.sent] == [ME]
    text = server.sent[0]["text"]["content"]
    assert "井盖已垫好" in text and f"https://linli.example/c/{case.secret}/" in text
    sent = Message.objects.get(case=case, channel="chat", answer=True)
    assert (sent.state, str(sent.person_id)) == ("delivered", str(case.reporter_id))
    api.of(wechat.settings.WECHAT).send(ME, "x")
    assert server.tokens <= tokens + 1, "one token for many messages"
    server.valid = "ended by somebody else"
    api.of(wechat.settings.WECHAT).send(ME, "y")
    assert server.sent[-1]["text"]["content"] == "y", "a token that is wrong is asked for anew, once"
    assert verify.verify(talk.now + MINUTE * 3).faults == []


def test_outside_48_hours_is_a_recorded_failed_attempt_and_sms_goes_too(
    talk: Talk, server: Weixin, cast: Cast, tmp_path: Path
) -> None:
    talk.say("井盖松了")
    talk.point(31.7711, 119.9711)
    case = only()
    Person.objects.filter(id=case.reporter_id).update(phone="13800000007")
    server.outside.add(ME)
    cast.act("wang", str(case.id), "solve", talk.now + MINUTE, answer="井盖已垫好")
    outbox.deliver(talk.now + 2 * MINUTE)
    failed = Message.objects.get(case=case, channel="chat", answer=True)
    assert (failed.state, failed.next_try, failed.tries) == ("failed", None, 1)
    assert "45015" in failed.error and "48" in failed.error
    assert Message.objects.get(case=case, channel="sms", answer=True).state == "delivered"
    assert "13800000007" in (tmp_path / "sms.jsonl").read_text()


def test_a_server_that_does_not_answer_is_tried_again(talk: Talk, cast: Cast, settings: Any) -> None:
    talk.say("井盖松了")
    talk.point(31.7711, 119.9711)
    case = only()
    settings.WECHAT = WeChat(TOKEN, APP_ID, "other", "http://127.0.0.1:9", "request", "other", "")
    cast.act("wang", str(case.id), "solve", talk.now + MINUTE, answer="井盖已垫好")
    outbox.deliver(talk.now + 2 * MINUTE)
    queued = Message.objects.get(case=case, channel="chat", answer=True)
    assert queued.state == "queued" and queued.next_try is not None and "does not answer" in queued.error


def test_a_photo_that_does_not_come_is_tried_again_and_said(talk: Talk, server: Weixin) -> None:
    assert "收到照片" in talk.show("late-1")
    talk.show("never")
    server.pictures["late-1"] = photo().read()
    talk.say("树倒了")
    said = talk.point(31.7711, 119.9711)
    assert "有 1 张照片没有从微信取到" in said
    case = only()
    assert len(case.fields["photos"]) == 1 and "没有从微信取到" in case.fields["text"]


def test_what_is_left_halfway_is_registered_as_it_is(talk: Talk, server: Weixin) -> None:
    talk.say("井盖松了，半夜很响")
    door = wechat.door(wechat.settings.WECHAT)
    assert acts.settle(door, talk.now + acts.LEFT - MINUTE) == 0
    assert acts.settle(door, talk.now + acts.LEFT + MINUTE) == 1
    case = only()
    assert case.fields["text"] == "井盖松了，半夜很响"
    outbox.deliver(talk.now + acts.LEFT + 2 * MINUTE)
    assert "已登记" in server.sent[0]["text"]["content"]
    talk.now += acts.LEFT + 3 * MINUTE
    talk.say("还在响")
    assert acts.settle(door, talk.now + acts.LEFT + MINUTE) == 1
    assert Case.objects.get(id=case.id).fields["addition"] == "还在响"
    talk.point(31.7711, 119.9711, who=OTHER)
    assert acts.settle(door, talk.now + acts.LEFT + MINUTE) == 0
    assert acts.settle(door, talk.now + 2 * acts.KEPT) == 0
    assert not Draft.objects.exists() and not Heard.objects.exists()


def test_a_flood_is_slowed_and_bad_calls_do_no_harm(talk: Talk) -> None:
    stop = talk.now
    for n in range(acts.MOST_A_MINUTE):
        talk.now = stop
        assert "太快" not in talk.say(f"第 {n} 句")
    talk.now = stop
    assert "太快了" in talk.say("再来")
    assert "再来" not in Draft.objects.get().words
    before = Heard.objects.count()
    for body in ("", "<xml>", "<!DOCTYPE x [<!ENTITY a 'b'>]><xml>&a;</xml>", "<xml><Encrypt>x</Encrypt></xml>",
                 "<xml><ToUserName>a</ToUserName><FromUserName>' or 1</FromUserName></xml>", "x" * 70_000):  # fmt: skip
        answer = talk.client.post("/wechat/", body, "text/xml", query_params=talk.signed())
        assert (answer.status_code, answer.content) == (200, b"success")
    assert Heard.objects.count() == before
    assert "<b>" in talk.say('<b>&amp; 引号" ]]&gt;</b>', who=OTHER) or Draft.objects.filter(openid=OTHER).exists()


def test_the_answer_is_xml_whatever_it_says() -> None:
    said = rules.Said("1", ME, "gh_us", "text")
    out = rules.answer(said, "编号 <1> & ]]> \x00\x0b 完", NOW)
    assert ElementTree.fromstring(out).findtext("Content") == "编号 <1> & ]]>  完"
    assert rules.answer(said, "", NOW) == "success"


def test_settings_are_all_or_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert wechat_settings() is None
    monkeypatch.setenv("LINLI_WECHAT_TOKEN", TOKEN)
    with pytest.raises(SettingError, match="LINLI_WECHAT_APP_ID"):
        wechat_settings()
    monkeypatch.setenv("LINLI_WECHAT_APP_ID", APP_ID)
    monkeypatch.setenv("LINLI_WECHAT_SECRET", SECRET)
    found = wechat_settings()
    assert found is not None and found.base == "https://api.weixin.qq.com"
    assert SECRET not in repr(found) and TOKEN not in repr(found)
    monkeypatch.setenv("LINLI_WECHAT_API", "http://api.example.cn")
    with pytest.raises(SettingError, match="https"):
        wechat_settings()


def test_a_code_opens_the_report_page_with_the_place_known(cast: Cast, client: Client, settings: Any) -> None:
    settings.PUBLIC_URL = "https://linli.example"
    code = client.get(f"/qr/{GRID_A}.svg")
    assert code.status_code == 200 and code["Content-Type"] == "image/svg+xml"
    assert re.search(rb"<svg[^>]* width=\"\d+(\.\d+)?mm\"", code.content)
    assert f"https://linli.example/at/{GRID_A}/".encode() in code.content
    assert client.get("/qr/999999999999.svg").status_code == 404
    assert client.get(f"/at/{GRID_A}/", follow=True).status_code == 200
    client.post("/report/request/", {"text": "路灯不亮", "category": "lighting", "go": "1"})
    assert "甲一第一网格" in client.get("/report/request/where/").content.decode()


def test_a_person_in_chat_lets_go_of_everything_on_request(talk: Talk, cast: Cast) -> None:
    from linli.ledger import privacy
    from linli.ledger.visible import ANYBODY

    talk.say("井盖松了")
    talk.point(31.7711, 119.9711)
    case = only()
    shut = ledger.act(str(case.id), "withdraw", {}, None, talk.now + MINUTE, as_reporter=True)
    assert isinstance(shut, ledger.Receipt), shut
    done = privacy.anonymise(str(case.id), "", ANYBODY, talk.now + 2 * MINUTE, as_reporter=True)
    assert isinstance(done, privacy.Done), done
    assert not Person.objects.filter(chat=ME).exists()
