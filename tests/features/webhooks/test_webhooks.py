"""Webhooks against a real HTTP server: each event once, signed, nothing that is not public; failures are kept."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from django.db import connections
from django.test import Client
from django.utils import timezone
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from linli.features.webhooks import acts, queries, rules, sender, target
from linli.features.webhooks.models import Delivery, Subscription
from linli.ledger import act as ledger
from linli.ledger import announce, outbox
from linli.ledger.models import Message
from tests.cast import GRID_A, GRID_B, NOW, Cast
from tests.features.webhooks.receiver import Receiver, dripping, hang_up, receiver, silent

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def intranet(settings: Any) -> Iterator[None]:
    settings.WEBHOOK_INTRANET, settings.PUBLIC_URL = True, "https://linli.example.cn"
    announce.forget()
    yield
    announce.forget()


@pytest.fixture
def box() -> Iterator[Receiver]:
    with receiver() as running:
        yield running


def subscribe(box: Receiver, *kinds: str, institutions: tuple[str, ...] = (), area: str = "") -> Subscription:
    return acts.subscribe(box.url, kinds, institutions, area, "", NOW)


def go(now: datetime = NOW) -> acts.Tally:
    outbox.deliver(now)
    return acts.deliver(lambda: now)


def events(box: Receiver) -> list[dict[str, Any]]:
    return [json.loads(body) for _, body in box.got]


def test_an_act_reaches_the_receiver_as_a_signed_cloudevent(cast: Cast, box: Receiver) -> None:
    s = acts.subscribe(box.url, (), (), "", "", timezone.now())
    now = timezone.now()
    lamp = cast.lamp(now)
    assert go(now) == acts.Tally(sent=1)
    ((headers, body),) = box.got
    # The two standards' own libraries read it.
    told = from_http_event(HTTPMessage(headers, body))
    assert (told.get_type(), told.get_source(), told.get_subject()) == (
        "cn.linli.case.opened", "https://linli.example.cn", str(lamp.number),
    )  # fmt: skip
    assert told.get_specversion() == "1.0" and told.get_time() == now
    assert headers["content-type"].startswith("application/cloudevents+json")
    assert Webhook(s.secret).verify(body.decode(), headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(s.secret).verify(body.decode().replace("opened", "ended"), headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(rules.new_secret()).verify(body.decode(), headers)
    data = json.loads(body)["data"]
    assert (data["number"], data["institution"], data["status"]) == (lamp.number, "request", "open")
    assert data["area"] == "320402001001" and data["fields"] == {"category": "lighting"}  # the community, not the grid
    assert go(now) == acts.Tally()  # once


def test_each_kind_of_event_is_told(cast: Cast, box: Receiver) -> None:
    subscribe(box)
    lamp = cast.lamp()
    cast.act("wang", lamp.id, "remark", NOW + HOUR, note="内部的话")  # nobody's business
    cast.act("wang", lamp.id, "pass_up", NOW + HOUR, reason="要社区")
    cast.act("chen", lamp.id, "solve", NOW + 2 * HOUR, answer="换了", result="solved")
    cast.act(None, lamp.id, "confirm", NOW + 3 * HOUR, contacted=True, solved="solved", satisfied="satisfied")
    go(NOW + 4 * HOUR)
    told = sorted(events(box), key=lambda e: e["sequence"])
    assert [e["type"].rpartition(".")[2] for e in told] == ["opened", "moved", "answered", "ended"]
    assert told[-1]["data"]["status"] == "closed" and told[-1]["data"]["result"] == "solved"
    assert len({e["id"] for e in told}) == 4


def test_nothing_personal_leaves(cast: Cast, box: Receiver) -> None:
    subscribe(box)
    mark = "绝密记号"
    data = {"text": mark, "category": "lighting", "address": f"{mark} 18 号", "point": {"lat": 31.1, "lng": 119.1}}
    reporter = ledger.Reporter(name=mark, phone="19912345678", email="mark@secret.example")
    lamp = cast.opened(data, reporter=reporter)
    cast.act("wang", lamp.id, "pass_up", NOW + HOUR, reason=mark)
    cast.act("chen", lamp.id, "solve", NOW + HOUR, answer=mark, result="solved")
    go(NOW + HOUR)
    assert len(box.got) == 3
    said = "".join(body.decode() + str(headers) for headers, body in box.got)
    for planted in (mark, "19912345678", "mark@secret.example", "31.1", lamp.secret, lamp.id, "王晓燕", "甲一第一网格"):
        assert planted not in said


def test_what_is_not_for_everybody_is_not_told(cast: Cast, box: Receiver) -> None:
    subscribe(box)
    cast.opened({"text": "举报", "category": "lighting", "accused": ["community-b"]})
    lamp = cast.lamp()
    for who in ("wang", "chen"):
        cast.act(who, lamp.id, "pass_up", NOW, reason="要供电")
    cast.act("zhou", lamp.id, "whistle", NOW, units=["power"], reason="请来")
    go()
    assert {e["data"]["number"] for e in events(box)} == {lamp.number}  # no accusation, no called unit's case


def test_filters(cast: Cast, box: Receiver) -> None:
    subscribe(box, "ended")
    with receiver() as here, receiver() as other:
        subscribe(here, "opened", area="320402001000", institutions=("request",))
        subscribe(other, institutions=("request",), area="320402002000")
        cast.lamp(grid=GRID_A)
        cast.lamp(grid=GRID_B)
        go()
        assert (len(box.got), len(here.got), len(other.got)) == (0, 1, 1)


def test_without_a_subscription_nothing_is_queued(cast: Cast) -> None:
    cast.lamp()
    assert not Message.objects.filter(channel=announce.OUTSIDE).exists()


def test_an_act_that_is_rolled_back_is_not_told(cast: Cast, box: Receiver) -> None:
    from django.db import transaction

    subscribe(box)
    with transaction.atomic():
        cast.lamp()
        transaction.set_rollback(True)
    go()
    assert box.got == []


def test_a_failing_receiver_is_tried_again_and_then_dead(cast: Cast, box: Receiver) -> None:
    subscribe(box)
    box.answers = [500] * 6
    cast.lamp()
    assert go() == acts.Tally(failed=1)
    now = NOW
    for wait in outbox.BACKOFF:
        assert acts.deliver(lambda: now + wait - timedelta(seconds=1)) == acts.Tally()  # noqa: B023
        now += wait
        assert acts.deliver(lambda: now) == acts.Tally(failed=1)  # noqa: B023
    (dead,) = queries.dead()
    assert (
        dead.tries == 6 and dead.reason.startswith("500") and "no: broken" in dead.reason and "\x1b" not in dead.reason
    )
    assert len({headers["webhook-id"] for headers, _ in box.got}) == 1
    assert acts.deliver(lambda: now + timedelta(days=9)) == acts.Tally()
    assert acts.again(now, [dead.id]) == 1
    assert acts.deliver(lambda: now) == acts.Tally(sent=1) and queries.dead() == []


def test_gone_ends_the_subscription(cast: Cast, box: Receiver) -> None:
    s = subscribe(box)
    box.answers = [410]
    cast.lamp()
    go()
    s.refresh_from_db()
    assert not s.active and "410" in s.note and len(queries.dead()) == 1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (silent, "no answer within"),
        (dripping, "no answer within"),
        (hang_up, ""),
        (302, "points elsewhere"),
        (404, "404"),
    ],
)
def test_every_failure_has_its_reason_and_its_end(answer: Any, reason: str) -> None:
    with receiver() as box:
        box.answers = [answer]
        found = sender.post(box.url, "{}", {}, intranet=True, seconds=0.5)
        assert not found.ok and reason in found.error and len(box.got) == 1


def test_a_slow_receiver_holds_up_nobody_else(cast: Cast, box: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "SECONDS", 1.0)
    with receiver() as slow:
        subscribe(slow)
        subscribe(box)
        slow.answers = [silent] * 50
        for _ in range(6):
            cast.lamp()
        outbox.deliver(NOW)
        acts.deliver(lambda: NOW, stop=lambda: len(box.got) >= 6)
        assert len(box.got) == 6


def test_nobody_listens_there(cast: Cast) -> None:
    with receiver() as gone:
        s = subscribe(gone)
    cast.lamp()
    assert go() == acts.Tally(failed=1)
    with receiver(gone.port) as back:
        assert acts.deliver(lambda: NOW + timedelta(minutes=1)) == acts.Tally(sent=1)
        assert len(back.got) == 1
        assert acts.test(s.id, NOW).ok and events(back)[-1]["type"] == rules.TEST


def test_a_worker_killed_while_sending_leaves_it_to_the_others(cast: Cast, box: Receiver) -> None:
    subscribe(box)
    cast.lamp()
    outbox.deliver(NOW)
    assert len(acts._take(NOW)) == 1  # it took it, and died
    assert acts.deliver(lambda: NOW) == acts.Tally()
    assert acts.deliver(lambda: NOW + acts.LEASE) == acts.Tally(sent=1)


def test_two_workers_send_each_event_once(transactional_db: None, cast: Cast, box: Receiver) -> None:
    subscribe(box)
    for _ in range(30):
        cast.lamp()
    start = threading.Barrier(2)

    def work() -> None:
        try:
            start.wait()
            while outbox.deliver(NOW, limit=5):
                pass
            acts.deliver(lambda: NOW)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    acts.deliver(lambda: NOW)
    ids = [headers["webhook-id"] for headers, _ in box.got]
    assert len(ids) == len(set(ids)) == 30 and Delivery.objects.filter(state="sent").count() == 30


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/", "https://localhost/x", "https://10.1.2.3/", "https://192.168.1.1/", "https://172.16.0.9/",
        "https://169.254.169.254/latest/meta-data", "https://[::1]/", "https://[fd00::1]/", "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::a00:1]/", "https://[2002:a00:1::]/", "https://0.0.0.0/", "https://100.64.1.1/", "https://2130706433/",
    ],
)  # fmt: skip
def test_the_local_network_is_refused(url: str) -> None:
    with pytest.raises(target.Refused):
        target.find(url, intranet=False)


def test_even_an_intranet_refuses_the_metadata_service() -> None:
    assert not target.allowed("169.254.169.254", intranet=True)
    assert not target.allowed("::ffff:169.254.169.254", intranet=True)
    assert target.allowed("10.0.0.1", intranet=True) and target.allowed("8.8.8.8", intranet=False)


def test_a_name_that_turns_inside_later_is_refused_when_sending(monkeypatch: pytest.MonkeyPatch) -> None:
    inside = [(2, 1, 6, "", ("93.184.216.34", 443)), (2, 1, 6, "", ("127.0.0.1", 443))]
    monkeypatch.setattr(target.socket, "getaddrinfo", lambda *a, **k: inside)
    found = sender.post("https://rebinding.example/", "{}", {}, intranet=False)
    assert found.status is None and "inside this network" in found.error


@pytest.mark.parametrize(
    ("url", "words"),
    [("http://a.example/", "in the clear"), ("ftp://a/", "no address"), ("https://u:p@a.example/", "password")],
)
def test_addresses_are_refused_when_subscribed(cast: Cast, settings: Any, url: str, words: str) -> None:
    settings.WEBHOOK_INTRANET = False
    with pytest.raises(target.Refused, match=words):
        acts.subscribe(url, (), (), "", "", NOW)


def test_by_command(transactional_db: None, process_environment: dict[str, str], cast: Cast, box: Receiver) -> None:
    environment = {**process_environment, "LINLI_WEBHOOK_INTRANET": "yes"}
    linli = [sys.executable, "-m", "linli.config.cli"]

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*linli, *arguments], env=environment, capture_output=True, text=True, timeout=60)

    made = run("webhook", "add", box.url, "--event", "opened", "--institution", "request", "--json")
    assert made.returncode == 0, made.stderr
    id, secret = str(json.loads(made.stdout)["id"]), json.loads(made.stdout)["secret"]
    assert rules.is_secret(secret)
    listed = run("webhook", "list")
    assert box.url in listed.stdout and secret not in listed.stdout
    assert run("webhook", "test", id).returncode == 0 and len(box.got) == 1
    box.answers = [410]
    cast.lamp(timezone.now())
    done = run("worker", "--once")
    assert done.returncode == 0 and len(box.got) == 2, done.stderr
    dead = run("webhook", "dead")
    assert dead.returncode == 1 and "410" in dead.stdout
    assert run("webhook", "start", id).returncode == 0
    assert "1" in run("webhook", "again").stdout
    run("worker", "--once")
    assert len(box.got) == 3 and run("webhook", "dead").returncode == 0
    assert run("webhook", "remove", id).returncode == 0 and not Subscription.objects.exists()
    for wrong in (
        ["add", "nonsense"],
        ["add", box.url, "--event", "x"],
        ["add", box.url, "--area", "9"],
        ["remove", "9"],
    ):
        told = run("webhook", *wrong)
        assert told.returncode == 2 and "Traceback" not in told.stderr, told.stderr


def test_the_page_is_for_those_who_supervise(cast: Cast, box: Receiver) -> None:
    box.answers = [410]
    subscribe(box)
    lamp = cast.lamp()
    go()
    for key in ("wang", "zhou", "li", "tang"):
        client = Client()
        client.force_login(cast.accounts[key])
        assert client.get("/command/webhooks/").status_code == 404, key
        assert client.post("/command/webhooks/", {"do": "again"}).status_code == 404, key
    assert Client().get("/command/webhooks/").status_code == 302
    client = Client()
    client.force_login(cast.accounts["xu"])
    html = client.get("/command/webhooks/").content.decode()
    assert box.url in html and "已停" in html and str(lamp.number) in html and "410" in html
    assert "whsec_" not in html
    (s,) = Subscription.objects.all()
    assert "使用中" in client.post("/command/webhooks/", {"do": "start", "id": s.id}, follow=True).content.decode()
    assert "1 件会重新发送" in client.post("/command/webhooks/", {"do": "again"}, follow=True).content.decode()
    assert acts.deliver(timezone.now) == acts.Tally(sent=1)
    assert (
        "对方收到了测试" in client.post("/command/webhooks/", {"do": "test", "id": s.id}, follow=True).content.decode()
    )
    for nonsense in ({"do": "test", "id": "9" * 30}, {"do": "x"}, {"do": "stop", "id": "-1"}):
        assert client.post("/command/webhooks/", nonsense).status_code == 302
