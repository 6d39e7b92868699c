"""Messages leave once, are tried again when they did not, and the case says how each of them fared."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from linli.config.mail import SmsChannel
from linli.ledger import outbox, visible
from linli.ledger.channels import Channel, Outgoing, Undelivered
from linli.ledger.models import Case, Message
from linli.ledger.view import view
from linli.people import registry
from linli.people.models import Person
from tests.cast import NOW, Cast
from tests.ledger.smtp import mail_server

MINUTE = timedelta(minutes=1)


class Scripted:
    """A channel that fails with each of ``failures`` in turn and then works."""

    def __init__(self, *failures: Undelivered) -> None:
        self.failures, self.sent = list(failures), list[Outgoing]()

    def address(self, person: Person) -> str:
        return person.phone or person.email

    def send(self, message: Outgoing) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(message)

    def close(self) -> None:
        pass


def round_of(now: Any, **channels: Channel) -> int:
    makers: dict[str, Callable[[], Channel]] = {n: (lambda c=c: c) for n, c in channels.items()}  # type: ignore[misc]
    with outbox.Post(makers) as post:
        return post.deliver(now)


@pytest.fixture
def sms_file(settings: Any, tmp_path: Path) -> Path:
    path = tmp_path / "out" / "sms.jsonl"
    settings.SMS = SmsChannel("file", path)
    settings.PUBLIC_URL = "https://linli.example.cn"
    return path


def sms(case: str) -> Message:
    return Message.objects.get(case=case, channel="sms")


def test_a_text_message_goes_to_the_file_once(cast: Cast, sms_file: Path) -> None:
    lamp = cast.lamp()
    assert outbox.deliver(NOW - MINUTE) == 0  # it is not due before it was written
    assert outbox.deliver(NOW) == 1
    assert outbox.deliver(NOW) == 0
    (line,) = [json.loads(raw) for raw in sms_file.read_text(encoding="utf-8").splitlines()]
    assert line["to"] == "19900000001" and str(lamp.number) in line["text"]
    assert f"https://linli.example.cn/c/{lamp.secret}/" in line["text"]
    message = sms(lamp.id)
    assert (message.state, message.tries, message.next_try, message.delivered) == ("delivered", 1, None, NOW)


def test_a_failing_channel_is_tried_again_later_and_later_and_then_fails(cast: Cast) -> None:
    lamp = cast.lamp()
    broken, now = Scripted(*[Undelivered("gateway says no") for _ in range(9)]), NOW
    for count, wait in enumerate(outbox.BACKOFF, 1):
        assert round_of(now, sms=broken) == 1
        message = sms(lamp.id)
        assert (message.state, message.tries, message.error) == ("queued", count, "gateway says no")
        assert message.next_try == now + wait
        assert round_of(now + wait - timedelta(seconds=1), sms=broken) == 0
        now += wait
    assert round_of(now, sms=broken) == 1
    message = sms(lamp.id)
    assert (message.state, message.tries, message.next_try) == ("failed", 6, None)
    assert round_of(now + timedelta(days=9), sms=broken) == 0
    waits = [w / MINUTE for w in outbox.BACKOFF]
    assert waits == [1, 5, 30, 120, 720]


def test_a_channel_that_works_again_delivers_and_forgets_the_reason(cast: Cast) -> None:
    lamp = cast.lamp()
    channel = Scripted(Undelivered("busy"))
    round_of(NOW, sms=channel)
    round_of(NOW + MINUTE, sms=channel)
    message = sms(lamp.id)
    assert (message.state, message.tries, message.error, len(channel.sent)) == ("delivered", 2, "", 1)


def test_a_final_no_is_not_repeated(cast: Cast) -> None:
    lamp = cast.lamp()
    round_of(NOW, sms=Scripted(Undelivered("no such number", final=True)))
    assert (sms(lamp.id).state, sms(lamp.id).error) == ("failed", "no such number")


def test_a_channel_that_is_down_is_left_alone_for_the_round_and_holds_up_no_other(cast: Cast) -> None:
    Person.objects.filter(id=cast.id("li")).update(email="li@example.com")
    for _ in range(3):
        cast.lamp()
    mail = Scripted()
    assert round_of(NOW, sms=Scripted(Undelivered("no route", down=True)), email=mail) == 1 + 3
    assert len(mail.sent) == 3
    assert Message.objects.filter(channel="sms", tries=0).count() == 2


def test_an_address_taken_back_is_not_written_to(cast: Cast, sms_file: Path) -> None:
    lamp = cast.lamp()
    Person.objects.filter(id=cast.id("li")).update(phone="")
    outbox.deliver(NOW)
    assert sms(lamp.id).state == "failed" and "no address" in sms(lamp.id).error


def test_a_folder_that_cannot_be_written_is_a_failed_try(cast: Cast, settings: Any, tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("a file, not a folder")
    settings.SMS = SmsChannel("file", tmp_path / "blocked" / "sms.jsonl")
    lamp = cast.lamp()
    outbox.deliver(NOW)
    assert sms(lamp.id).state == "queued" and "cannot be opened" in sms(lamp.id).error


def test_the_case_shows_how_each_message_fared(cast: Cast) -> None:
    lamp = cast.lamp()
    round_of(NOW, sms=Scripted(Undelivered("gateway says no")))
    case = Case.objects.select_related("reporter").get(id=lamp.id)
    page = view(case, visible.viewer(cast.id("chen"), registry.current(), NOW), NOW)
    told = {m.channel: (m.state, m.error) for m in page.happened[0].messages if m.to == "reporter"}
    assert told == {"in_app": ("delivered", ""), "sms": ("queued", "gateway says no")}


def test_mail_arrives_at_a_real_server(cast: Cast, settings: Any) -> None:
    Person.objects.filter(id=cast.id("li")).update(email="li@example.com", phone="")
    first, second, third = cast.lamp(), cast.lamp(), cast.lamp()
    with mail_server() as box:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = box.host, box.port, 5
        box.replies = ["250 ok", "451 greylisted", "550 no such mailbox"]
        assert outbox.deliver(NOW) == 3
        (mail,) = box.mails
        assert mail["To"] == "li@example.com" and str(first.number) in str(mail["Subject"])
        assert first.secret in mail.get_content() and "已登记" in mail.get_content()
        states = {m.case_id: (m.state, m.error) for m in Message.objects.filter(channel="email")}
        by_case = [states[Case.objects.get(id=c.id).id] for c in (first, second, third)]
        assert by_case[0] == ("delivered", "")
        assert by_case[1][0] == "queued" and "451 greylisted" in by_case[1][1]
        assert by_case[2][0] == "failed" and "550 no such mailbox" in by_case[2][1]
        assert outbox.deliver(NOW + MINUTE) == 1  # the server takes it now
        assert len(box.mails) == 2
        ids = {str(m["Message-ID"]) for m in box.mails}
        assert len(ids) == 2 and all(i.startswith("<message-") for i in ids)


def test_mail_waits_while_the_server_is_away(cast: Cast, settings: Any) -> None:
    Person.objects.filter(id=cast.id("li")).update(email="li@example.com", phone="")
    cast.lamp(), cast.lamp()
    with mail_server() as box:
        pass  # its port is free again: nobody listens there
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = box.host, box.port, 5
    assert outbox.deliver(NOW) == 1
    tried = Message.objects.get(channel="email", tries=1)
    assert tried.state == "queued" and "does not answer" in tried.error


def test_two_workers_send_each_message_once(transactional_db: None, cast: Cast, sms_file: Path) -> None:
    for _ in range(40):
        cast.lamp()
    start, tried = threading.Barrier(2), list[int]()

    def work() -> None:
        try:
            start.wait()
            while some := outbox.deliver(NOW, limit=5):
                tried.append(some)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    ids = [json.loads(line)["id"] for line in sms_file.read_text(encoding="utf-8").splitlines()]
    assert sum(tried) == len(ids) == len(set(ids)) == 40
