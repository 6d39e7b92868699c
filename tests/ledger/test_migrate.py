"""A new version on a running system: who follows, who stays, who waits for a decision; promises stay as they are."""

from __future__ import annotations

import json
import threading
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from django.db import connection, connections

from linli.drafting.diff import follow
from linli.kernel.institution import Text
from linli.kernel.refusal import Refusal
from linli.ledger import act as ledger
from linli.ledger import definitions, lock, migrate
from linli.ledger.definitions import runtime
from linli.ledger.due import sweep
from linli.ledger.models import Case, Entry, Message
from linli.ledger.verify import verify
from linli.ledger.view import view
from linli.ledger.visible import viewer
from linli.people import registry
from tests import cast as standing
from tests.cast import NOW, Cast
from tests.ledger import crowd, new_version

HOUR = timedelta(hours=1)
WHEN = NOW + timedelta(hours=10)
REASON = "镇街环节更名，增加上门会商"
EXPECTED = {
    "found": "follow",
    "found, with a kind": "stay",  # what was filled in would be gone
    "found, paused": "follow",
    "found, remarked": "follow",
    "collected": "follow",
    "collected, extension asked": "stay",  # the act that waits is gone
    "collected, parked": "follow",
    "raised": "decide",
    "raised, paused": "decide",
    "raised, parked": "decide",  # it will come back to a stage that is gone
    "overseen": "follow",
    "overseen, parked": "follow",
    "answered": "follow",
    "answered twice": "follow",
    "answered three times": "stay",  # came round more often than is allowed now
    "joint": "follow",
    "gathered": "follow",
}
DECIDED = {"raised": "at_street"}


def ran(outcome: migrate.Report | Refusal) -> migrate.Report:
    assert isinstance(outcome, migrate.Report), outcome
    return outcome


def promises() -> dict[str, Any]:
    """Every running clock of every case: nothing in it may change."""
    return {str(i): (clocks, due, promise) for i, clocks, due, promise in
            Case.objects.values_list("id", "state__clocks", "next_due", "promise_due")}  # fmt: skip


def test_a_thousand_open_cases_follow_stay_or_are_listed(cast: Cast) -> None:
    people = crowd.make(cast, 1000)
    assert Case.objects.filter(institution="request", ended=None).count() == 1000
    old = runtime().institution("request")
    before, messages = promises(), Message.objects.count()
    new = new_version.publish(new_version.files(), WHEN).institutions["request"]
    assert promises() == before  # a new version and other limits touch no promise already made

    said = {id: follow(old, new, Case.objects.get(id=id).kernel(), runtime().pack) for _, id in people.all()}
    assert {(story, said[id].kind) for story, id in people.all()} == set(EXPECTED.items())
    counts = Counter(found.kind for found in said.values())
    planned = ran(migrate.plan("request", "newest", WHEN))
    assert {k: planned.count(k) for k in ("follow", "stay", "decide")} == counts and planned.done == 0

    first = ran(migrate.run("request", "newest", REASON, cast.id("xu"), WHEN))
    assert {k: first.count(k) for k in ("follow", "stay", "decide")} == counts and first.done == counts["follow"]
    assert migrated(new.version) == {id for id, found in said.items() if found.kind == "follow"}
    assert all(hint.to == "at_street" for hint in first.of("decide") if hint.stage == "raised")

    second = ran(migrate.run("request", "newest", REASON, cast.id("xu"), WHEN, DECIDED))
    assert (second.count("follow"), second.count("decide")) == (counts["decide"], 0)
    assert second.count("stay") == counts["stay"]
    assert ran(migrate.run("request", new.version, REASON, None, WHEN, DECIDED)).done == 0  # again: nothing to do

    assert promises() == before and Message.objects.count() == messages
    assert verify(WHEN).faults == []
    nothing_stuck(cast, people)


def migrated(version: str) -> set[str]:
    return {str(i) for i in Case.objects.filter(version=version, institution="request").values_list("id", flat=True)}


def nothing_stuck(cast: Cast, people: crowd.Crowd) -> None:
    """Of each story one is brought to its end by people; for all the others the clocks still do what they must."""
    for story, ids in people.ids.items():
        to_the_end(cast, ids[0], WHEN + HOUR)
        assert Case.objects.get(id=ids[0]).ended, story
    stuck: set[str] = set()
    later = WHEN + timedelta(days=3)
    while sweep(later, stuck=stuck):
        pass
    assert not stuck and not Case.objects.filter(ended=None, next_due__lte=later).exists()
    assert verify(later).faults == []


WAYS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "found": ("wang", "pass_up", {"reason": "办不了"}),
    "visited": ("chen", "go", {}),
    "collected": ("chen", "pass_up", {"reason": "办不了"}),
    "raised": ("zhou", "solve", {"answer": "修好了", "result": "solved"}),
    "at_street": ("zhou", "solve", {"answer": "修好了", "result": "solved"}),
    "gathered": ("zhou", "reply", {"answer": "修好了", "result": "solved"}),
    "overseen": ("tang", "reply", {"answer": "修好了", "result": "solved"}),
    "parked": ("zhou", "take_up", {}),
    "answered": ("li", "confirm", crowd.RATED),
}


def to_the_end(cast: Cast, id: str, at: datetime) -> None:
    for step in range(12):
        case = Case.objects.get(id=id)
        if case.ended:
            return
        if case.stage == "joint":
            crowd.respond(cast, next(iter(case.state["children"])), at + step * HOUR)
            continue
        who, name, data = WAYS[case.stage]
        if case.stage == "parked" and case.state["back"] == "overseen":
            who = "tang"
        cast.act(who, id, name, at + step * HOUR, **data)


def test_what_a_case_shows_is_told_in_the_words_of_each_version(cast: Cast) -> None:
    lamp = cast.lamp()
    for who in ("wang", "chen"):
        cast.act(who, lamp.id, "pass_up", NOW + HOUR, reason="办不了")
    cast.act("zhou", lamp.id, "extend", NOW + 2 * HOUR, delay="等配件", until="2026-04-10")
    cast.act("xu", lamp.id, "extend.decline", NOW + 3 * HOUR)
    new = new_version.publish(new_version.files(), WHEN).institutions["request"]
    ran(migrate.run("request", "newest", f"  {REASON} ", cast.id("xu"), WHEN, DECIDED))
    case = Case.objects.get(id=lamp.id)
    entry = case.entries.order_by("-seq").first()
    assert entry is not None
    assert (case.stage, case.version, entry.act, str(entry.by), entry.channel) == (
        "at_street", new.version, f"migrate:{new.version}", cast.id("xu"), "system",
    )  # fmt: skip
    for reader in ("zhou", "li"):
        page = view(case, viewer(cast.id(reader), registry.fresh(), WHEN), WHEN)
        titles = [h.title.zh for h in page.happened]
        assert titles[-1] == "转入制度新版本" and "申请延期" in titles and "同意：" not in titles
        assert page.happened[-1].facts[0].words == Text(REASON, REASON)
        assert [h.to.zh for h in page.happened if h.to] == ["网格发现", "社区收集", "镇街吹哨", "镇街吹哨"]
        assert page.stage.zh == "镇街吹哨"
    cast.act("zhou", lamp.id, "solve", WHEN + HOUR, answer="修好了", result="solved")
    assert verify(WHEN + HOUR).faults == []


def test_the_chain_shows_a_forged_version(cast: Cast) -> None:
    cast.lamp()
    new_version.publish(new_version.files(), WHEN)
    ran(migrate.run("request", "newest", REASON, None, WHEN))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_entry SET events = jsonb_set(events, '{0,reason}', '\"other\"') WHERE seq = 2")
    assert {f.code for f in verify(WHEN).faults} == {"entry-edited"}


def test_a_case_that_moved_meanwhile_is_judged_anew(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between listing and locking somebody passes the matter up, to the stage that is gone."""
    lamp, other = cast.lamp(), cast.lamp()
    cast.act("wang", lamp.id, "pass_up", NOW + HOUR, reason="办不了")
    new_version.publish(new_version.files(), WHEN)
    assert ran(migrate.plan("request", "newest", WHEN)).count("follow") == 2
    locks = lock.older

    def late(ids: Any, version: str, wait: bool) -> Any:
        monkeypatch.setattr(lock, "older", locks)
        cast.act("chen", lamp.id, "pass_up", WHEN, reason="办不了")
        return locks(ids, version, wait)

    monkeypatch.setattr(lock, "older", late)
    report = ran(migrate.run("request", "newest", REASON, None, WHEN))
    assert [(g.kind, g.stage, g.numbers) for g in report.groups.values()] == [
        ("decide", "raised", [lamp.number]),
        ("follow", "found", [other.number]),
    ]


def test_a_decision_that_makes_no_sense_is_refused_by_name(cast: Cast) -> None:
    lamp = cast.lamp()
    for who in ("wang", "chen"):
        cast.act(who, lamp.id, "pass_up", NOW + HOUR, reason="办不了")
    new_version.publish(new_version.files(), WHEN)
    for wrong, why in (
        ("nowhere", "不是未办结的环节"),
        ("closed", "不是未办结的环节"),
        ("joint", "没有吹哨"),  # it would wait for units that nobody called
        ("answered", "不答复就办结"),  # it would lapse without an answer
    ):
        report = ran(migrate.run("request", "newest", REASON, None, WHEN, {"raised": wrong}))
        (group,) = report.groups.values()
        assert group.kind == "decide" and why in group.why.zh, (wrong, group.why)
    assert report.done == 0 and Case.objects.get(id=lamp.id).stage == "raised"


def test_a_reason_a_known_version_and_its_day_are_needed(cast: Cast) -> None:
    cast.lamp()
    found = new_version.files()
    found[new_version.REQUEST] = found[new_version.REQUEST].replace("2022-01-01", "2026-05-01", 1)
    new = new_version.publish(found, WHEN).institutions["request"]

    def code(version: str, reason: str = REASON) -> str:
        outcome = migrate.run("request", version, reason, None, WHEN)
        assert isinstance(outcome, Refusal)
        return outcome.code

    assert code(new.version, "  ") == code(new.version, "长" * 501) == "no_reason"
    assert code("0123456789ab") == "no_such_version"
    assert code(new.version) == "not_in_force"
    assert Entry.objects.count() == 1


def test_a_change_of_numbers_alone_makes_no_version_and_touches_no_promise(cast: Cast) -> None:
    lamp = cast.lamp()
    before = promises()
    found = new_version.shipped()
    promise = "promise_limit:\n  - {from: 2022-01-01, value: 10, "
    dated = "promise_limit:\n  - {from: 2026-03-03, value: 5, unit: working_day, calendar: office, source: x}\n"
    assert promise in found[new_version.NUMBERS]
    found[new_version.NUMBERS] = found[new_version.NUMBERS].replace(
        promise, f"{dated}  - {{from: 2022-01-01, to: 2026-03-02, value: 10, "
    )
    new_version.publish(found, WHEN)
    assert promises() == before and ran(migrate.plan("request", "newest", WHEN)).groups == {}
    next_day = cast.lamp(NOW + timedelta(days=1))
    cast.act("wang", lamp.id, "pass_up", NOW + 20 * HOUR, reason="办不了")
    was, now = (Case.objects.get(id=i).state["clocks"]["promise"] for i in (lamp.id, next_day.id))
    assert (was["amount"], now["amount"]) == (10, 5)
    assert was == before[lamp.id][0]["promise"]


@pytest.mark.django_db(transaction=True)
def test_it_works_beside_people_and_waits_only_for_the_case_somebody_has() -> None:
    cast = standing.make()
    try:
        lamps = [cast.lamp() for _ in range(4)]
        new_version.publish(new_version.files(), WHEN)
        outcome: list[migrate.Report] = []
        held = threading.Event()

        def work() -> None:
            try:
                outcome.append(ran(migrate.run("request", "newest", REASON, None, WHEN, progress=lambda n: held.set())))
            finally:
                connections.close_all()

        with connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT 1 FROM ledger_case WHERE id = %s FOR UPDATE", [lamps[0].id])
            thread = threading.Thread(target=work)
            thread.start()
            assert held.wait(20)
            assert Case.objects.filter(version=runtime().institution("request").version).count() == 3
            cursor.execute("COMMIT")
        thread.join(20)
        assert outcome and outcome[0].done == 4 and outcome[0].count("follow") == 4
        assert verify(WHEN).faults == []
    finally:
        registry.forget()
        definitions.forget()


@pytest.mark.django_db(transaction=True)
def test_the_command_plans_asks_for_decisions_and_migrates(process_environment: dict[str, str]) -> None:
    from linli.config.cli_migrate_cases import command

    cast = standing.make()
    try:
        found, raised = cast.lamp(), cast.lamp()
        for who in ("wang", "chen"):
            cast.act(who, raised.id, "pass_up", NOW + HOUR, reason="办不了")
        new_version.publish(new_version.files(), WHEN)

        def linli(*arguments: str) -> tuple[int, str]:
            done = CliRunner(env=process_environment).invoke(command, ["request", *arguments])
            return done.exit_code, done.output

        assert linli()[0] == 2 and linli("--reason", "x", "--decide", "raised")[0] == 2
        assert linli("--to", "0123456789ab", "--dry-run")[0] == 2
        status, told = linli("--dry-run", "--json")
        report = json.loads(told)
        assert (status, report["follow"], report["decide"], report["done"]) == (1, 1, 1, 0)
        assert report["groups"][-1]["numbers"] == [raised.number] and report["groups"][-1]["to"] == "at_street"
        status, told = linli("--reason", REASON, "--decide", "raised=at_street")
        assert status == 0 and "已转入 2 件，留下 0 件，待定 0 件" in told
        assert Case.objects.get(id=found.id).version == Case.objects.get(id=raised.id).version
        assert ledger.act(raised.id, "solve", {"answer": "好了", "result": "solved"}, cast.id("zhou"), WHEN)
    finally:
        registry.forget()
        definitions.forget()
