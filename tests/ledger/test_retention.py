"""Lawful destruction: what people wrote goes after its time, everywhere; the record, its figures and its chain stay."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.db import connection
from django.test import TestCase

from linli.features.mail.models import Taken
from linli.kernel.institution import Dated
from linli.ledger import act as ledger
from linli.ledger import privacy, retention, verify, view, visible
from linli.ledger.definitions import runtime
from linli.ledger.models import Attachment, Case, Detail, Entry, Message, Retired
from linli.ledger.visible import ANYBODY
from linli.people import acts as people
from linli.people import looks, registry
from linli.people.models import Person
from tests.cast import NOW, Cast

HOUR = timedelta(hours=1)
MARK = "绝密标记"
LATER = NOW + timedelta(days=3 * 365 + 40)
GONE: list[str] = []


@pytest.fixture(autouse=True)
def nothing_removed() -> None:
    GONE.clear()


def everything() -> str:
    found = []
    with connection.cursor() as cursor:
        for name in ("case", "entry", "detail", "message", "attachment", "retired"):
            cursor.execute(f"SELECT to_jsonb(t)::text FROM ledger_{name} t")
            found += [json.dumps(json.loads(r[0]), ensure_ascii=False) for r in cursor.fetchall()]
        for table in ("people_person", "people_look"):
            cursor.execute(f"SELECT to_jsonb(t)::text FROM {table} t")
            found += [json.dumps(json.loads(r[0]), ensure_ascii=False) for r in cursor.fetchall()]
    return "\n".join(found)


def run(now: datetime = LATER) -> retention.Tally:
    with TestCase.captureOnCommitCallbacks(execute=True):
        return retention.retire(now, GONE.append)


def matter(cast: Cast, **more: Any) -> ledger.Receipt:
    """A matter with words, a photo and a called unit, worked on to its end, everything written marked."""
    who = ledger.Reporter(name=f"{MARK}李", phone="13800000001", email=f"{MARK}@example.org")
    photo = Attachment.objects.create(
        id=uuid.uuid4(), name=f"{MARK}.jpg", kind="image/jpeg", size=1, sha256="0" * 64, created=NOW
    )
    told = {"text": f"{MARK}油烟大", "category": "fumes", "photos": [str(photo.id)], **more}
    case = cast.opened(told, reporter=who)
    cast.act("wang", case.id, "pass_up", NOW + HOUR, reason=f"{MARK}不开门")
    cast.act("chen", case.id, "pass_up", NOW + 2 * HOUR, reason=f"{MARK}要城管出面")
    cast.act("zhou", case.id, "whistle", NOW + 3 * HOUR, units=["power"], reason=f"{MARK}", task=f"{MARK}谈")
    child = Case.objects.get(parent_id=case.id)
    cast.act("zhao", str(child.id), "accept", NOW + 4 * HOUR)
    done = cast.act("zhao", str(child.id), "respond", NOW + 5 * HOUR, answer=f"{MARK}已处理")
    assert isinstance(done, ledger.Receipt), done
    cast.act("zhou", case.id, "reply", NOW + 6 * HOUR, answer=f"{MARK}装了净化器", result="solved")
    cast.act(None, case.id, "confirm", NOW + 7 * HOUR, contacted="是", solved="solved", satisfied="satisfied")
    return case


def test_nothing_written_is_left_after_its_time_and_the_chain_holds(cast: Cast) -> None:
    case = matter(cast)
    stored = Case.objects.get(id=case.id)
    assert stored.ended is not None
    looks.note(str(stored.reporter_id), cast.id("zhou"), case.id, "street_officer", stored.place, MARK, NOW)
    entries = list(Entry.objects.filter(case_id=case.id).values_list("seq", "hash"))
    before = {n: getattr(stored, n) for n in ("number", "ended", "result", "tier", "category", "stage", "opened")}
    assert retention.ripe(stored.ended + timedelta(days=1095)) == {}, "not before the last day is over"
    assert retention.ripe(LATER) == {"request": 1}
    assert MARK in everything()
    Taken.objects.create(key="a letter", came=NOW, outcome="opened", case=stored, writer="a digest of an address")
    tally = run()
    assert Taken.objects.get().writer == "", "features forget what they know of it"
    assert tally.cases == {"request": 1}
    assert (tally.files, tally.persons) == (1, 1) and tally.entries >= 7 and tally.messages >= 3
    left = everything()
    assert MARK not in left and "13800000001" not in left
    assert len(GONE) == 1, "the file itself"
    assert list(Entry.objects.filter(case_id=case.id).values_list("seq", "hash"))[: len(entries)] == entries
    stored = Case.objects.get(id=case.id)
    assert {n: getattr(stored, n) for n in before} == before
    assert stored.reporter_id is None and not Person.objects.filter(phone="13800000001").exists()
    assert (stored.fields["solved"], stored.fields["satisfied"], stored.fields["category"]) == (
        "solved",
        "satisfied",
        "fumes",
    )
    report = verify.verify(LATER + timedelta(days=1))
    assert report.faults == [] and report.lingering == 0 and report.erased == tally.entries
    assert run().cases == {}, "once"


def test_the_page_says_that_it_was_destroyed_and_by_which_rule(cast: Cast) -> None:
    case = matter(cast)
    run()
    who = visible.viewer(cast.id("zhou"), registry.current(), LATER)
    page = view.view(Case.objects.get(id=case.id), who, LATER)
    last = page.happened[-1]
    assert last.title.zh == "保存期满，已销毁个人信息"
    assert "retain_limit = 1095 day" in last.facts[0].words.zh
    assert view.view(Case.objects.get(id=case.id), ANYBODY, LATER) is not None
    listed = Retired.objects.get(case_id=case.id)
    assert (listed.files, listed.person, listed.at) == (1, True, LATER) and "retain_limit" in listed.rule
    assert Retired.objects.count() == 2, "and the called unit's own case"


def test_open_young_and_held_back_cases_keep_everything(cast: Cast) -> None:
    ended, still = matter(cast), cast.lamp(NOW)
    retention.hold(ended.number, "行政诉讼", LATER)
    assert retention.hold(ended.number, "again", LATER).why == "行政诉讼"
    assert run().cases == {} and MARK in everything()
    retention.lift(ended.number, LATER)
    assert run().cases == {"request": 1}
    assert "路灯" in str(Case.objects.get(id=still.id).fields)
    for wrong in (lambda: retention.lift(ended.number, LATER), lambda: retention.hold(999_999, "x", LATER)):
        with pytest.raises(retention.UnknownCase):
            wrong()


def test_a_hold_on_a_called_units_case_keeps_the_whole_family(cast: Cast) -> None:
    case = matter(cast)
    child = Case.objects.get(parent_id=case.id)
    retention.hold(child.number, "审计", LATER)
    assert retention.ripe(LATER) == {} and run().cases == {}


def test_a_person_whom_something_else_needs_stays(cast: Cast) -> None:
    known = people.create_person("赵老师", NOW, "13900000009")
    first = cast.opened({"text": "a 灯坏了", "category": "lighting"}, reporter=ledger.Reporter(person=str(known.id)))
    second = cast.opened({"text": "b 灯坏了", "category": "lighting"}, reporter=ledger.Reporter(person=str(known.id)))
    for case, at in ((first, NOW + HOUR), (second, LATER - timedelta(days=9))):
        done = ledger.act(case.id, "withdraw", {}, None, at, as_reporter=True)
        assert isinstance(done, ledger.Receipt), done
    assert run().persons == 0
    assert Person.objects.filter(id=known.id).exists()
    assert Case.objects.get(id=first.id).reporter_id is None
    assert str(Case.objects.get(id=second.id).reporter_id) == str(known.id)


def test_what_a_redaction_left_readable_goes_too(cast: Cast) -> None:
    case = matter(cast)
    who = visible.viewer(cast.id("zhou"), registry.current(), NOW)
    done = privacy.redact(case.id, ["油烟"], f"{MARK}理由", who, NOW + 9 * HOUR)
    assert isinstance(done, privacy.Done)
    run()
    assert MARK not in everything()
    assert Case.objects.get(id=case.id).fields["category"] == "fumes"
    assert verify.verify(LATER + timedelta(days=1)).faults == []


def test_an_institution_may_have_a_time_of_its_own(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    pack, rt = runtime().pack, runtime()
    own = (Dated(date(2022, 1, 1), 30, "day", "setting"),)
    changed = replace(pack, parameters={**pack.parameters, "retain_request_limit": own})
    monkeypatch.setattr(retention, "runtime", lambda: replace(rt, pack=changed))
    assert retention.limit_of(changed, "request", LATER) == ("retain_request_limit", own[0])
    assert retention.limit_of(changed, "response", LATER)[0] == "retain_limit"  # type: ignore[index]
    matter(cast)
    assert retention.ripe(NOW + timedelta(days=20)) == {}
    assert retention.ripe(NOW + timedelta(days=40)) == {"request": 1}
    hours = replace(pack, parameters={"retain_limit": (Dated(date(2022, 1, 1), 30, "hour", "setting"),)})
    with pytest.raises(ValueError, match="unit: day"):
        retention.limit_of(hours, "request", LATER)
    assert retention.limit_of(replace(pack, parameters={}), "request", LATER) is None, "kept for ever"


def test_the_command(cast: Cast, monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> None:
    from contextlib import nullcontext

    from django.utils import timezone

    from linli.config import startup
    from linli.config.cli_retire import command

    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(startup, "site", lambda *a, **k: nullcontext("here"))
    monkeypatch.setattr(startup, "migrate", lambda where: None)
    monkeypatch.setattr(timezone, "now", lambda: LATER)
    case = matter(cast)

    def ran(*args: str, code: int = 0) -> str:
        done = CliRunner().invoke(command, list(args))
        assert done.exit_code == code, done.output
        return done.output

    assert json.loads(ran("--dry-run", "--json"))["cases"] == {"request": 1}
    assert MARK in everything(), "a dry run destroys nothing"
    assert "--why" in ran("--hold", str(case.number), code=2)
    ran("--hold", str(case.number), "--why", "诉讼")
    assert "没有保存期满的事项" in ran()
    ran("--lift", str(case.number))
    assert "request: 1 件已销毁" in ran()
    assert MARK not in everything()
    assert json.loads(ran("--list", "--json"))[0]["number"] == case.number
    assert "retain_limit" in ran("--list")


def test_statements_grow_with_batches_and_not_with_cases(cast: Cast) -> None:
    """10 000 cases in a minute (benchmarks measure it); here that a batch of sixty is one batch."""
    for n in range(60):
        case = cast.opened({"text": f"灯坏了 {n}", "category": "lighting"}, reporter=ledger.Reporter(name=f"某{n}"))
        ledger.act(case.id, "withdraw", {}, None, NOW + HOUR, as_reporter=True)
    from django.test.utils import CaptureQueriesContext

    began = time.perf_counter()
    with CaptureQueriesContext(connection) as queries:
        tally = run()
    took = time.perf_counter() - began
    assert tally.cases == {"request": 60} and tally.persons == 60
    assert len(queries) < 60, "by the batch, not by the case"
    assert took < 60 * 0.05, f"{took:.2f} s for 60 cases"
    assert Detail.objects.filter(data__text__isnull=False).count() == 0 and Message.objects.exists()
