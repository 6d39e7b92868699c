"""E-mail in, over real SMTP and IMAP: what people write becomes matters; what machines write never does."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.mime.base import MIMEBase
from email.mime.text import MIMEText
from email.utils import make_msgid
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from PIL import Image

from linli.config import mail_door
from linli.features.mail import acts, fetch, mailbox, queries
from linli.features.mail.models import Taken
from linli.ledger import act as ledger
from linli.ledger import outbox
from linli.ledger.models import Attachment, Case, Entry, Message
from linli.people.models import Person
from linli.web.page import attachments
from tests.cast import NOW, Cast
from tests.features.mail.post_office import OURS, PASSWORD, PostOffice, open_office
from tests.web.photos import SECRET_WORDS, photo

SENDER = "gui@mail.example"


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostOffice]:
    with open_office(tmp_path_factory.mktemp("post")) as office:
        yield office


@pytest.fixture
def office(servers: PostOffice, cast: Cast, settings: Any, tmp_path: Path) -> PostOffice:
    with servers.box() as box:
        box.put(box.box.uids("ALL"), mailbox.DONE)
        for name in (mailbox.DONE, mailbox.REJECTS):
            box.box.folder.set(name)
            box.box.delete(box.box.uids("ALL"))
    servers.sent.clear()
    settings.MAIL_IN = servers.account
    settings.MAIL_ADDRESS, settings.MAIL_TAGS, settings.PUBLIC_URL = OURS, True, "https://linli.example"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", servers.smtp_port
    settings.DEFAULT_FROM_EMAIL = f"邻里 <{OURS}>"
    settings.MEDIA_ROOT = tmp_path / "media"
    return servers


def letter(
    text: str = "东门路的路灯不亮", subject: str = "路灯坏了", sender: str = f"李桂英 <{SENDER}>"
) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, OURS, subject
    mail["Message-ID"] = make_msgid(domain="mail.example")
    mail.set_content(text)
    return mail


def visit(now: datetime = NOW) -> dict[str, int]:
    return mail_door.visit(lambda: now).of


def the_case() -> Case:
    return Case.objects.select_related("reporter").get()


def delivered(office: PostOffice, now: datetime = NOW) -> EmailMessage:
    """What the person gets: everything the outbox has, over SMTP; the newest."""
    outbox.deliver(now)
    return office.sent[-1]


def test_a_letter_becomes_a_matter_and_is_answered(office: PostOffice) -> None:
    office.post(letter())
    assert visit() == {"opened": 1}
    case = the_case()
    assert case.channel == "email" and case.fields["category"] == "other"
    assert case.fields["text"] == "路灯坏了\n东门路的路灯不亮"
    assert case.reporter is not None
    assert (case.reporter.name, case.reporter.email) == ("李桂英", SENDER)
    # Nothing names the place: the whole district's people receive it, and pass it on.
    assert case.holder_duty == "district_officer"
    assert office.folders() == (0, 1, 0)
    told = delivered(office)
    assert told["To"] == SENDER and f"[{case.number}]" in str(told["Subject"])
    assert told["Reply-To"] == f"suqiu+{case.secret}@linli.example"
    assert told["Auto-Submitted"] == "auto-generated"
    assert f"https://linli.example/c/{case.secret}/" in told.get_content()


def test_a_letter_that_names_its_place_goes_there(office: PostOffice) -> None:
    office.post(letter("乙街道乙一社区的路灯不亮"))
    assert visit() == {"opened": 1}
    assert the_case().holder_duty == "community_officer"
    assert the_case().place.endswith("320402002001")


def test_the_area_of_the_settings_receives_what_names_none(office: PostOffice, settings: Any) -> None:
    settings.MAIL_AREA = "320402001000"
    office.post(letter())
    visit()
    assert the_case().holder_duty == "street_officer"


def test_photos_go_through_the_same_door_as_those_of_the_page(office: PostOffice) -> None:
    mail = letter()
    mail.add_attachment(photo().read(), "image", "jpeg", filename="灯.jpg")
    mail.add_attachment(b"%PDF-1.4", "application", "pdf", filename="说明.pdf")
    mail.add_attachment(b"no picture at all", "image", "png", filename="假.png")
    office.post(mail)
    assert visit() == {"opened": 1}
    case = the_case()
    (kept,) = Attachment.objects.all()
    assert case.fields["photos"] == [str(kept.id)] and kept.case == case
    stored = attachments.path(str(kept.id)).read_bytes()
    assert SECRET_WORDS.encode() not in stored and b"SpyPhone" not in stored
    with Image.open(attachments.path(str(kept.id))) as image:
        assert not image.getexif() and max(image.size) <= attachments.LONGEST
    assert "说明.pdf" in case.fields["text"] and "假.png" in case.fields["text"]  # nothing is left out in silence


def test_html_is_read_as_a_person_sees_it(office: PostOffice) -> None:
    mail = MIMEText(
        "<style>p{}</style><script>x()</script><p>路灯<b>不</b>亮</p><p>三天了<br>很黑</p>", "html", "utf-8"
    )
    mail["From"], mail["To"], mail["Subject"] = SENDER, OURS, "=?gb2312?B?wrfLyw==?="
    office.drop(mail.as_bytes())
    visit()
    assert the_case().fields["text"] == "路怂\n路灯不亮\n\n三天了\n很黑"


def test_gbk_under_the_name_of_gb2312_is_read(office: PostOffice) -> None:
    mail = MIMEBase("text", "plain", charset="gb2312")
    mail.set_payload("喆家门口，镕字".encode("gbk"))
    mail["From"], mail["Subject"], mail["Content-Transfer-Encoding"] = SENDER, "x", "8bit"
    office.drop(mail.as_bytes())
    visit()
    assert "喆家门口，镕字" in the_case().fields["text"]


# --- answers


@pytest.mark.parametrize("how", ["tag", "reference", "number"])
def test_an_answer_is_added_to_its_matter(office: PostOffice, how: str) -> None:
    office.post(letter())
    visit()
    case, told = the_case(), delivered(office)
    mail = letter(
        "还有一盏也不亮了。\n\n在 2026年3月2日，邻里 <suqiu@linli.example> 写道：\n> 您的事项已登记", "回复：有消息"
    )
    to = OURS
    if how == "tag":
        to = str(told["Reply-To"])
        del mail["To"]
        mail["To"] = to
    elif how == "reference":
        mail["In-Reply-To"] = told["Message-ID"]
    else:
        del mail["Subject"]
        mail["Subject"] = f"Re: [{case.number}] 您反映的事项有新消息"
    office.post(mail, to)
    assert visit(NOW + timedelta(hours=1)) == {"added": 1}
    entry = Entry.objects.get(case=case, act="add")
    assert (entry.channel, entry.role) == ("email", "reporter")
    assert the_case().fields["addition"] == "还有一盏也不亮了。"


def test_an_answer_by_somebody_else_is_a_matter_of_its_own(office: PostOffice) -> None:
    office.post(letter())
    visit()
    first, told = the_case(), delivered(office)
    mail = letter("我也要说一句", f"Re: [{first.number}]", "other@mail.example")
    mail["In-Reply-To"] = told["Message-ID"]
    office.post(mail, str(told["Reply-To"]))
    assert visit() == {"opened": 1}
    assert not Entry.objects.filter(case=first, act="add").exists()
    second = Case.objects.exclude(id=first.id).get()
    assert str(first.number) in second.fields["text"] and "我也要说一句" in second.fields["text"]


def test_a_made_up_message_id_proves_nothing(office: PostOffice) -> None:
    office.post(letter())
    visit()
    id = Message.objects.get(channel="email").id
    mail = letter("假冒")
    mail["In-Reply-To"] = f"<message-{id}.{'0' * 20}@linli.example>"
    office.post(mail)
    assert visit() == {"opened": 1}


def test_an_answer_goes_on_after_a_pause(office: PostOffice, cast: Cast) -> None:
    office.post(letter())
    visit()
    case = the_case()
    cast.act("tang", str(case.id), "pause", NOW + timedelta(hours=1), addition="请问是哪一盏？")
    told = delivered(office, NOW + timedelta(hours=1))
    mail = letter("十八号门口那一盏", "Re")
    mail["In-Reply-To"] = told["Message-ID"]
    office.post(mail)
    assert visit(NOW + timedelta(hours=2)) == {"added": 1}
    assert Entry.objects.filter(case=case, act="resume", role="reporter").count() == 1
    assert the_case().kernel().paused is None


def test_a_long_answer_is_added_in_parts(office: PostOffice) -> None:
    office.post(letter())
    visit()
    office.post(letter("很长" * 1200, f"Re: [{the_case().number}]"))
    assert visit() == {"added": 1}
    entries = Entry.objects.filter(case=the_case(), act="add").order_by("seq")
    said = [the_case().details.get(seq=e.seq).data["addition"] for e in entries]
    assert "".join(said) == "很长" * 1200 and [len(s) for s in said] == [1000, 1000, 400]


def test_an_answer_to_a_closed_matter_opens_another(office: PostOffice) -> None:
    office.post(letter())
    visit()
    case = the_case()
    ledger.act(str(case.id), "withdraw", {}, None, NOW, as_reporter=True)
    assert the_case().ended
    office.post(letter("又坏了", f"Re: [{case.number}]"))
    assert visit() == {"opened": 1}
    assert f"事项 {case.number}" in Case.objects.latest("number").fields["text"]


# --- machines


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Auto-Submitted", "auto-replied"),
        ("Precedence", "bulk"),
        ("X-Autoreply", "yes"),
        ("List-Id", "<news.example>"),
        ("Subject", "自动回复: 我出差了"),
        ("From", OURS),
        ("From", "no-reply@shop.example"),
    ],
)
def test_what_a_machine_writes_opens_nothing(office: PostOffice, header: str, value: str) -> None:
    mail = letter()
    del mail[header]
    mail[header] = value
    office.post(mail)
    assert visit() == {"ignored": 1}
    assert not Case.objects.exists() and office.folders() == (0, 1, 0)


def test_our_own_letter_coming_back_does_not_go_round(office: PostOffice) -> None:
    office.post(letter())
    visit()
    told = delivered(office)
    office.drop(told.as_bytes())
    assert visit() == {"ignored": 1}
    assert Case.objects.count() == 1


def bounce(about: EmailMessage, action: str = "failed", status: str = "5.1.1") -> bytes:
    """A report as RFC 3464 wants it."""
    return f"""From: MAILER-DAEMON@mx.example
To: {OURS}
Return-Path: <>
Message-ID: {make_msgid()}
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I'm sorry.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {SENDER}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} no such user

--b
Content-Type: text/rfc822-headers

Message-ID: {about["Message-ID"]}
Subject: x

--b--
""".encode()


def test_a_bounce_marks_its_message_undelivered(office: PostOffice) -> None:
    office.post(letter())
    visit()
    told = delivered(office)
    assert Message.objects.get(channel="email").state == "delivered"
    office.drop(bounce(told, "delayed", "4.4.1"))
    assert visit() == {"ignored": 1}
    assert Message.objects.get(channel="email").state == "delivered"
    office.drop(bounce(told))
    assert visit() == {"undelivered": 1}
    message = Message.objects.get(channel="email")
    assert message.state == "failed" and "no such user" in message.error and message.delivered is None
    assert outbox.deliver(NOW + timedelta(days=9)) == 0
    assert Case.objects.count() == 1


def test_a_flood_from_one_address_ends(office: PostOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acts, "MOST_A_DAY", 3)
    for n in range(5):
        office.post(letter(f"第 {n} 封"))
    assert visit() == {"opened": 3, "rejected": 2}


# --- what cannot be read, and what goes wrong


def test_what_cannot_be_read_is_kept_and_listed(office: PostOffice, settings: Any) -> None:
    settings.MAIL_LIMIT = 4000
    empty = letter("", "")
    secret = MIMEBase("application", "pkcs7-mime", name="smime.p7m")
    secret["From"], secret["Subject"], secret["Message-ID"] = SENDER, "加密的信", make_msgid()
    secret.set_payload("AAAA")
    nobody = letter(sender="undisclosed")
    for raw in (empty.as_bytes(), secret.as_bytes(), nobody.as_bytes(), letter("长" * 3000).as_bytes(), b"\xff\x00\n"):
        office.drop(raw)
    office.post(letter())
    assert visit() == {"rejected": 5, "opened": 1}
    assert office.folders() == (0, 1, 5)
    reasons = " ".join(r.reason.zh for r in queries.rejected())
    assert "没有文字" in reasons and "加密" in reasons and "发件地址" in reasons and "MB" in reasons
    assert {r.subject for r in queries.rejected()} >= {"加密的信", "路灯坏了"}


def test_a_rejected_letter_can_be_tried_again(office: PostOffice, settings: Any) -> None:
    settings.MAIL_LIMIT = 100
    office.post(letter())
    assert visit() == {"rejected": 1}
    settings.MAIL_LIMIT = 2**20
    with office.box() as box:
        assert box.again() == 1
    assert visit() == {"opened": 1}
    assert queries.rejected() == [] and Taken.objects.get().sender == ""


def test_the_same_letter_twice_is_taken_once(office: PostOffice) -> None:
    mail = letter()
    office.post(mail)
    assert visit() == {"opened": 1}
    office.post(mail)
    office.post(mail)
    assert visit() == {"already": 2}
    assert Case.objects.count() == 1 and office.count() == 0


class Torn(mailbox.Mailbox):
    """The process dies between the commit and the move."""

    def put(self, uids: Any, folder: str) -> None:
        raise mailbox.MailServerDown("gone")


def test_a_crash_between_commit_and_move_creates_nothing_twice(office: PostOffice) -> None:
    office.post(letter())
    with Torn(office.account) as box, pytest.raises(mailbox.MailServerDown):
        fetch.fetch(box, mail_door.door(), lambda: NOW, 2**20)
    assert Case.objects.count() == 1 and office.count() == 1  # still there: nothing left the server before
    assert visit() == {"already": 1}
    assert Case.objects.count() == 1 and office.folders() == (0, 1, 0)


def test_a_failure_in_the_database_leaves_the_letter_where_it_is(
    office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import OperationalError

    def down(*args: Any) -> None:
        raise OperationalError("the database is away")

    office.post(letter())
    with monkeypatch.context() as broken:
        broken.setattr(acts.ledger, "open", down)
        with pytest.raises(OperationalError):
            visit()
    assert office.folders() == (1, 0, 0) and not Taken.objects.exists()
    assert visit() == {"opened": 1}


def test_a_setting_that_names_nothing_is_refused(office: PostOffice, settings: Any) -> None:
    office.post(letter())
    settings.MAIL_CATEGORY = "nonsense"
    with pytest.raises(mail_door.NotSetUp, match="LINLI_MAIL_CATEGORY=nonsense"):
        visit()
    settings.MAIL_CATEGORY, settings.MAIL_AREA = "other", "999"
    with pytest.raises(mail_door.NotSetUp, match="LINLI_MAIL_AREA=999"):
        visit()
    assert office.folders() == (1, 0, 0)


def test_the_mailbox_is_read_by_command_and_by_the_worker(
    transactional_db: None, process_environment: dict[str, str], office: PostOffice
) -> None:
    url = f"imap://box:{quote(PASSWORD)}@127.0.0.1:{office.imap_port}/INBOX"
    environment = {**process_environment, "LINLI_MAIL_IN": url, "LINLI_MAIL_ADDRESS": OURS, "LINLI_MAIL_SECONDS": "5"}
    linli = [sys.executable, "-m", "linli.config.cli"]

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*linli, *arguments], env=environment, capture_output=True, text=True, timeout=60)

    office.post(letter())
    office.drop(letter("", "").as_bytes())
    done = run("mail", "fetch", "--json")
    assert done.returncode == 1 and done.stdout, done.stderr
    assert json.loads(done.stdout)["opened"] == 1 and json.loads(done.stdout)["rejected"] == 1
    listed = run("mail", "rejects")
    assert SENDER in listed.stdout and "没有文字" in listed.stdout
    assert run("mail", "fetch").stdout == "没有新邮件。\n"
    assert run("mail", "retry").stdout.startswith("1 letter")
    assert office.folders() == (1, 1, 0)
    office.post(letter("再来一封"))
    worker = subprocess.Popen([*linli, "worker"], env=environment, stderr=subprocess.PIPE, text=True)
    try:
        ends = time.monotonic() + 30
        while office.count() and time.monotonic() < ends:
            time.sleep(0.3)
        assert office.folders() == (0, 2, 1)
    finally:
        worker.terminate()
        assert worker.wait(timeout=20) == 0
    environment["LINLI_MAIL_IN"] = "imap://box:x@127.0.0.1:1/INBOX"
    down = run("mail", "fetch")
    assert down.returncode == 1 and "127.0.0.1:1" in down.stderr and "Traceback" not in down.stderr
    del environment["LINLI_MAIL_IN"], environment["LINLI_MAIL_ADDRESS"]
    assert run("mail", "fetch").returncode == 2


def test_nobody_else_is_written_to(office: PostOffice) -> None:
    office.post(letter())
    visit()
    assert Person.objects.filter(email=SENDER).count() == 1
    delivered(office)
    assert {str(m["To"]) for m in office.sent} == {SENDER}
