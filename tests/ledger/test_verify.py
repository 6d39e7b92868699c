"""`linli verify` finds whatever was done to the tables behind the ledger's back, and only that."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import connection

from linli.config.cli_verify import _print
from linli.drafting.load import load, read_folder
from linli.kernel.case import ClockFired, ClockSet, Opened
from linli.kernel.case import Entry as KernelEntry
from linli.ledger import chain, definitions
from linli.ledger.due import sweep
from linli.ledger.models import Case, Detail, Entry
from linli.ledger.plain import event_json
from linli.ledger.replay import CaseRow, EntryRow, replay
from linli.ledger.verify import Report, rebuild, verify
from linli.people import registry
from linli.people.models import Duty
from tests.cast import NOW, PACKS, Cast

HOUR = timedelta(hours=1)
LATER = NOW + timedelta(days=9)


@pytest.fixture
def story(cast: Cast) -> Case:
    """A case that went all the way: two called units, a clock that ran out, an answer; others around it are open."""
    lamp = cast.lamp()
    cast.lamp(grid="320402002001001")
    cast.act("wang", lamp.id, "pass_up", NOW + 12 * HOUR, reason="灯杆没有电")
    cast.act("chen", lamp.id, "pass_up", NOW + 14 * HOUR, reason="社区没有权限")
    called = cast.act("zhou", lamp.id, "whistle", NOW + 16 * HOUR, units=["power", "housing"], reason="一起去")
    children = {c.unit: i for i, c in called.case.children.items()}
    cast.act("zhao", children["power"], "accept", NOW + 17 * HOUR)
    cast.act("zhao", children["power"], "respond", NOW + 30 * HOUR, answer="修好了")
    assert sweep(LATER) > 2  # grid B's worker, its community and the housing department do nothing
    return Case.objects.get(id=lamp.id)


def codes(report: Report) -> set[str]:
    return {fault.code for fault in report.faults}


def test_what_the_ledger_wrote_is_sound(story: Case) -> None:
    report = verify(LATER)
    assert report.faults == []
    assert report.cases == Case.objects.count() and report.entries == Entry.objects.count()
    assert (report.erased, report.lingering, report.gaps) == (0, 0, 0)


def sql(statement: str) -> Callable[[Case], None]:
    """Somebody with the database's password."""

    def tamper(case: Case) -> None:
        child = case.children.order_by("number").first()
        names = {"id": case.id, "child": child.id if child else None, "later": LATER}
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(statement, names)
            assert cursor.rowcount > 0, "the tampering touched nothing"

    return tamper


ENTRY = "UPDATE ledger_entry SET {} WHERE case_id = %(id)s AND seq = {}"
CASE = "UPDATE ledger_case SET {} WHERE id = %(id)s"
SWAP = """UPDATE ledger_entry a SET (at, act, by, role, channel, works, events, digest, prev, hash) =
          (SELECT at, act, by, role, channel, works, events, digest, prev, hash FROM ledger_entry b
           WHERE b.case_id = a.case_id AND b.seq = CASE a.seq WHEN 2 THEN 3 ELSE 2 END)
          WHERE case_id = %(id)s AND seq IN (2, 3)"""
TAMPERINGS = {
    "who acted": (ENTRY.format("by = gen_random_uuid()", 2), {"entry-edited"}),
    "when": (ENTRY.format("at = at - interval '1 minute'", 2), {"entry-edited"}),
    "which act": (ENTRY.format("act = 'solve'", 2), {"entry-edited"}),
    "in which role": (ENTRY.format("role = 'street'", 2), {"entry-edited"}),
    "by which channel": (ENTRY.format("channel = 'phone'", 2), {"entry-edited"}),
    "whether it counts as work": (ENTRY.format("works = NOT works", 2), {"entry-edited"}),
    "what followed": (ENTRY.format("""events = events || '[{"e": "Counted", "counter": "x"}]'""", 2), {"entry-edited"}),
    "what followed, taken away": (ENTRY.format("events = events - 0", 3), {"entry-edited"}),
    "the digest": (ENTRY.format(r"digest = '\x00'", 2), {"entry-edited", "data-changed"}),
    "the digest, taken away": (ENTRY.format("digest = NULL", 2), {"entry-edited", "data-added"}),
    "a hash": (ENTRY.format("hash = sha256(hash)", 2), {"entry-edited"}),
    "the link to the one before": (ENTRY.format("prev = sha256(prev)", 2), {"chain-broken"}),
    "the first entry": ("DELETE FROM ledger_entry WHERE case_id = %(id)s AND seq = 1", {"entry-missing"}),
    "an entry in the middle": ("DELETE FROM ledger_entry WHERE case_id = %(id)s AND seq = 3", {"entry-missing"}),
    "the last entry": (
        "DELETE FROM ledger_entry e WHERE case_id = %(id)s"
        " AND seq = (SELECT max(seq) FROM ledger_entry f WHERE f.case_id = e.case_id)",
        {"wrong-head", "state-differs", "column-differs"},
    ),
    "all entries": ("DELETE FROM ledger_entry WHERE case_id = %(id)s", {"no-entries"}),
    "the order": (SWAP, {"chain-broken"}),
    "an entry of another case": (
        "UPDATE ledger_entry SET case_id = %(id)s, seq = 99 WHERE case_id = %(child)s AND seq = 1",
        {"entry-missing"},
    ),
    "the head": (CASE.format("head = sha256(head)"), {"wrong-head"}),
    "what was written": (
        """UPDATE ledger_detail SET data = '{"reason": "别的话"}' WHERE case_id = %(id)s AND seq = 2""",
        {"data-changed"},
    ),
    "the salt": ("UPDATE ledger_detail SET salt = sha256(salt) WHERE case_id = %(id)s AND seq = 2", {"data-changed"}),
    "data of an act that had none": (
        "INSERT INTO ledger_detail (case_id, seq, salt, data)"
        " SELECT case_id, seq, prev, '{}' FROM ledger_entry WHERE case_id = %(child)s AND seq = 2",
        {"data-added"},
    ),
    "data of no act": (
        "INSERT INTO ledger_detail (case_id, seq, salt, data) VALUES (%(id)s, 90, '', '{}')",
        {"data-added"},
    ),
    "the state": (CASE.format("""state = jsonb_set(state, '{stage}', '"closed"')"""), {"state-differs"}),
    "a field": (CASE.format("""state = jsonb_set(state, '{fields,text}', '"没什么"')"""), {"state-differs"}),
    "a counter": (CASE.format("""state = jsonb_set(state, '{counts,overdue}', '0')"""), {"state-differs"}),
    "a clock in the state": (
        CASE.format("""state = jsonb_set(state, '{clocks,promise,due}', '"2030-01-01T00:00:00+08:00"')"""),
        {"state-differs"},
    ),
    "a state nobody can read": (CASE.format("""state = '{"stage": 1}'"""), {"state-differs"}),
    "the stage": (CASE.format("stage = 'found'"), {"column-differs"}),
    "the holder's role": (CASE.format("holder_role = 'community'"), {"column-differs"}),
    "the holder": (CASE.format("holder_path = 'a320400000000.a320402000000.a320402002000'"), {"wrong-holder"}),
    "the holder, taken away": (CASE.format("holder_path = NULL, holder_duty = NULL"), {"holder-vacant"}),
    "that it is open": (CASE.format("ended = %(later)s, next_due = NULL"), {"column-differs"}),
    "the next clock": (CASE.format("next_due = next_due + interval '1 year'"), {"column-differs"}),
    "the stage's clock": (CASE.format("stage_due = NULL"), {"column-differs"}),
    "the promise": (CASE.format("promise_due = promise_due + interval '1 day'"), {"column-differs"}),
    "the result": (CASE.format("result = 'solved'"), {"column-differs"}),
    "the tier": (CASE.format("tier = 'grid'"), {"column-differs"}),
    "the category": (CASE.format("category = 'parking'"), {"column-differs"}),
    "when it was opened": (CASE.format("opened = opened + interval '1 hour'"), {"column-differs"}),
    "the version": (CASE.format("version = 'x'"), {"column-differs"}),
    "a called case's parent": ("UPDATE ledger_case SET parent_id = NULL WHERE id = %(child)s", {"child-missing"}),
    "another parent": (
        "UPDATE ledger_case SET parent_id = %(child)s WHERE id = %(id)s",
        {"child-unknown"},
    ),
    "a called case's unit, taken away": ("UPDATE ledger_case SET unit = NULL WHERE id = %(child)s", {"child-differs"}),
    "a called case's unit": ("UPDATE ledger_case SET unit = 'u.housing' WHERE id = %(child)s", {"child-differs"}),
}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_tampering_is_found_where_it_was_done(story: Case, what: str) -> None:
    statement, expected = TAMPERINGS[what]
    sql(statement)(story)
    report = verify(LATER)
    assert codes(report) & expected, (codes(report), expected)
    children = {c.number for c in story.children.all()}
    assert {f.number for f in report.faults} <= {story.number, *children}, "an innocent case is accused"
    for fault in report.faults:
        assert fault.says.zh and fault.says.en and fault.change.zh and fault.change.en


def chained(*entries: KernelEntry) -> tuple[CaseRow, list[EntryRow]]:
    """A case with a right chain over ``entries``, whatever they say."""
    rows, head, id = [], chain.START, "00000000-0000-7000-8000-000000000001"
    for seq, e in enumerate(entries, 1):
        events = chain.canonical([event_json(event) for event in e.events])
        hash = chain.link(head, id, seq, e, "v", events, None)
        by = (id, seq, e.at, e.act, e.by, e.role, e.channel, e.works)
        rows.append(EntryRow(*by, events.decode(), None, head, hash))
        head = hash
    blank = dict.fromkeys(CaseRow._fields) | {"id": id, "number": 1, "state": "{}", "head": head}
    return CaseRow(**blank), rows


def test_a_clock_that_fires_twice_or_early_is_found_though_the_chain_is_right() -> None:
    """The ledger itself would have to be wrong: a second worker that does not ask whether the clock still runs."""
    due = NOW + HOUR
    set_ = ClockSet("stage", NOW, due, 1, "hour", "always")
    opened = KernelEntry(NOW, "open", None, None, "web", (Opened("request", "v", "found", NOW), set_))
    fired = KernelEntry(due, "clock:stage", None, "clock", "clock", (ClockFired("stage"),))
    late = replace(fired, at=due + HOUR)
    assert replay(*chained(opened, late), {}).faults == []
    assert [f.code for f in replay(*chained(opened, fired, late), {}).faults] == ["clock-fired-twice"]
    early = replay(*chained(opened, replace(fired, at=due - HOUR)), {})
    assert [f.code for f in early.faults] == ["clock-fired-early"]
    set_anew = replace(fired, act="remind", events=(ClockFired("stage"), replace(set_, start=due)))
    again = replay(*chained(opened, set_anew, late), {})
    assert [f.code for f in again.faults] == ["clock-fired-twice"], "the same due instant, set anew"


@pytest.mark.parametrize("how", ["row", "null"])
def test_lawful_erasure_does_not_break_anything(story: Case, how: str) -> None:
    details = Detail.objects.filter(case=story)
    count = details.count()
    if how == "row":
        details.delete()
    else:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE ledger_detail SET data = 'null' WHERE case_id = %s", [story.id])
    report = verify(LATER)
    assert (report.faults, report.erased, report.lingering) == ([], count, 1)
    assert rebuild([str(story.id)], LATER) == [str(story.id)]
    story.refresh_from_db()
    assert "text" not in story.fields
    report = verify(LATER)
    assert (report.faults, report.erased, report.lingering) == ([], count, 0)


def test_rebuilding_mends_the_cache_and_never_touches_entries(story: Case) -> None:
    before = Case.objects.filter(id=story.id).values().get()
    for statement in (
        CASE.format("""state = '{"stage": 1}', stage = 'found', tier = 'grid', promise_due = NULL"""),
        CASE.format("holder_path = NULL, holder_duty = NULL, next_due = next_due + interval '1 year', version = 'x'"),
    ):
        sql(statement)(story)
    assert rebuild([str(story.id)], LATER) == [str(story.id)]
    assert Case.objects.filter(id=story.id).values().get() == before
    sql(ENTRY.format("act = 'solve'", 2))(story)
    sql(CASE.format("stage = 'found'"))(story)
    assert rebuild([str(story.id)], LATER) == [], "a broken chain proves nothing"


def test_a_vacancy_up_to_the_top_is_a_gap_and_no_fault(cast: Cast) -> None:
    Duty.objects.exclude(duty__in=["reviewer", "supervisor"]).update(ends=date(2026, 1, 1))
    registry.forget()
    lamp = cast.lamp()
    assert Case.objects.get(id=lamp.id).holder_path is None
    report = verify(NOW)
    assert (report.faults, report.gaps) == ([], 1)
    Duty.objects.update(ends=None)
    assert codes(verify(NOW)) == {"holder-vacant"}


def test_cases_of_an_older_version_are_verified_against_theirs(story: Case) -> None:
    files = {
        path: text.decode().replace("from: [open, not_solved, send_back]", "from: [open]")
        for path, text in read_folder(PACKS, "changzhou").items()
    }
    pack, findings = load(files, "changzhou")
    assert pack is not None and not findings
    definitions.publish(pack, LATER)
    definitions.forget()
    assert definitions.runtime().institution("request").version != story.version
    assert verify(LATER).faults == []


def test_the_command_lists_what_where_and_how_to_go_on(story: Case, capsys: pytest.CaptureFixture[str]) -> None:
    sql(CASE.format("stage = 'found'"))(story)
    report = verify(LATER)
    _print(report, "zh")
    _print(report, "en")
    said = capsys.readouterr().out
    assert f"事项 {story.number}：stage 栏与记录不符" in said and "linli verify --rebuild" in said
    assert f"case {story.number}: the column stage differs" in said
    machine = json.loads(json.dumps(report.as_json(), ensure_ascii=False))
    assert machine["faults"][0]["code"] == "column-differs" and machine["cases"] == report.cases


def test_many_batches_see_every_case(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("linli.ledger.verify.BATCH", 3)
    for _ in range(10):
        cast.lamp()
    done: list[int] = []
    report = verify(NOW, done.append)
    assert (report.cases, sum(done), report.faults) == (10, 10, [])
    last = Case.objects.latest("number")
    sql(CASE.format("tier = 'grid'"))(last)
    assert [f.number for f in verify(NOW).faults] == [last.number]
