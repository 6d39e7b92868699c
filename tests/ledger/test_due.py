"""Clocks that run out: by themselves, once over all workers, in order after a worker was down, up to the parent."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timedelta

import pytest

from linli.kernel.calendar import SHANGHAI
from linli.ledger import due
from linli.ledger.models import Case, Entry
from linli.people import acts as people
from linli.people.models import Duty
from tests.cast import GRID_A, NOW, Cast, area

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def sweep_all(now: datetime) -> int:
    fired = 0
    while some := due.sweep(now):
        fired += some
    return fired


def history(case: str) -> list[tuple[str, datetime, str]]:
    return list(Entry.objects.filter(case=case).order_by("seq").values_list("act", "at", "channel"))


def test_an_overdue_matter_climbs_by_itself(cast: Cast) -> None:
    lamp = cast.lamp()
    assert due.sweep(NOW + 12 * HOUR - timedelta(microseconds=1)) == 0
    assert sweep_all(NOW + 24 * HOUR - timedelta(microseconds=1)) == 4
    reminded = [act for act, _, _ in history(lamp.id)][1:]
    assert sorted(reminded) == ["clock:contact@50", "clock:contact@80", "clock:stage@50", "clock:stage@80"]
    assert sweep_all(NOW + 24 * HOUR) == 2
    assert due.sweep(NOW + 24 * HOUR) == 0
    case = Case.objects.get(id=lamp.id)
    assert (case.stage, case.holder_duty) == ("collected", "community_officer")
    assert history(lamp.id)[-1] == ("pass_up", NOW + 24 * HOUR, "clock")
    assert history(lamp.id)[-2] == ("clock:contact", NOW + 24 * HOUR, "clock")


def test_a_clock_that_was_beaten_does_not_fire(cast: Cast) -> None:
    lamp = cast.lamp()
    cast.act("wang", lamp.id, "solve", NOW + HOUR, answer="换了灯泡，已经亮了")
    assert due.sweep(NOW + 25 * HOUR) == 0
    assert Case.objects.get(id=lamp.id).stage == "answered"


def test_a_worker_that_was_down_catches_up_in_order_with_the_instants_the_clocks_ran_out(cast: Cast) -> None:
    """A matter left alone for forty days tells the same story whether a worker ran all day or came back once."""
    watched = cast.lamp()
    for hours in range(40 * 24 + 1):
        due.sweep(NOW + hours * HOUR)
    left = cast.lamp()
    sweep_all(NOW + 40 * DAY)
    assert history(left.id) == history(watched.id)
    assert len(history(left.id)) > 8
    instants = [at for _, at, _ in history(left.id)]
    assert instants == sorted(instants)
    assert {act for act, _, _ in history(left.id)} >= {"pass_up", "escalate", "remind", "clock:promise"}


def test_a_called_unit_s_clock_tells_the_parent(cast: Cast) -> None:
    lamp = cast.lamp()
    cast.act("wang", lamp.id, "pass_up", NOW + 12 * HOUR, reason="灯杆没有电")
    cast.act("chen", lamp.id, "pass_up", NOW + 14 * HOUR, reason="社区没有权限")
    called = cast.act("zhou", lamp.id, "whistle", NOW + 16 * HOUR, units=["power"], reason="一起去")
    cast.act("zhou", lamp.id, "extend", NOW + 17 * HOUR, delay="等备件", until="2026-04-01")
    cast.act("xu", lamp.id, "extend.agree", NOW + 18 * HOUR)
    (child,) = called.case.children
    sweep_all(NOW + 20 * DAY)
    unit = Case.objects.get(id=child)
    assert [act for act, _, _ in history(child) if "@" not in act] == ["open", "deemed", "climb", "give_up"]
    assert (unit.stage, unit.result) == ("unanswered", "unanswered")
    told = next(e for e in history(lamp.id) if e[0] == "child_ended")
    assert told[1] == unit.ended
    after = [e["e"] for e in Entry.objects.get(case=lamp.id, act="child_ended").events]
    assert "ChildEnded" in after and "Moved" in after  # the last of the units: the street puts the answer together


def test_a_vacant_post_hands_its_matters_one_level_up_and_gets_them_back(cast: Cast) -> None:
    lamp, other = cast.lamp(), cast.lamp(grid="320402001001002")
    wang = Duty.objects.get(person=cast.people["wang"])
    people.end_duty(wang, NOW.date() - DAY)
    assert due.rehold(NOW + HOUR) == 1
    case = Case.objects.get(id=lamp.id)
    assert (case.holder_duty, case.holder_path, case.stands_in) == (
        "community_officer",
        area("320402001001").path,
        True,
    )
    assert due.rehold(NOW + HOUR) == 0
    cast.act("chen", lamp.id, "remark", NOW + HOUR, note="网格员离岗，社区先接")
    people.give_duty(cast.people["stranger"], "grid_worker", NOW.date(), area(GRID_A))
    assert due.rehold(NOW + 2 * HOUR) == 1
    case.refresh_from_db()
    assert (case.holder_duty, case.holder_path, case.stands_in) == ("grid_worker", area(GRID_A).path, False)
    assert Case.objects.get(id=other.id).stands_in  # that grid never had anybody


def test_a_matter_whose_calendar_ends_holds_up_no_other(cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    december = datetime(2026, 12, 10, 9, tzinfo=SHANGHAI)
    stuck = cast.lamp(december)
    fine = cast.lamp(december + HOUR)
    cast.act("wang", fine.id, "solve", december + 2 * HOUR, answer="换了灯泡，已经亮了")
    left_out: set[str] = set()
    later = december + 90 * DAY
    assert due.sweep(later, limit=1, stuck=left_out) == 0 and left_out == {stuck.id}
    assert due.sweep(later, limit=1, stuck=left_out) >= 1
    assert due.sweep(later, limit=1, stuck=left_out) == 0 and left_out == {stuck.id}
    assert Case.objects.get(id=fine.id).stage == "closed"
    assert "2027" in caplog.text and str(stuck.number) in caplog.text
    assert Case.objects.get(id=stuck.id).ended is None


def fired_by_clock(act: str) -> list[str]:
    return [str(i) for i in Entry.objects.filter(act=act, channel="clock").values_list("case_id", flat=True)]


WORKER = """
import sys
from datetime import datetime
from linli.config import startup
with startup.site():
    from linli.ledger import due
    print("ready", flush=True)
    sys.stdin.readline()
    fired = 0
    while some := due.sweep(datetime.fromisoformat(sys.argv[1]), limit=10):
        fired += some
    print(fired)
"""


def test_two_workers_in_processes_fire_each_clock_once(process_environment: dict[str, str], cast: Cast) -> None:
    opened = {cast.lamp(NOW + timedelta(seconds=n)).id for n in range(300)}
    command = [sys.executable, "-c", WORKER, (NOW + 25 * HOUR).isoformat()]
    pipe = subprocess.PIPE
    workers = [subprocess.Popen(command, env=process_environment, stdin=pipe, stdout=pipe, text=True) for _ in range(2)]
    for worker in workers:
        assert worker.stdout is not None and worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("\n")
        worker.stdin.flush()
    counts = [int(worker.communicate(timeout=60)[0]) for worker in workers]
    done = fired_by_clock("pass_up")
    assert len(done) == 300 and set(done) == opened
    # In 25 hours the grid's and the contact's limit run out, after two reminders of each.
    assert sum(counts) == 300 * 6 and min(counts) > 0
    fired = Entry.objects.filter(channel="clock").values_list("case_id", "act")
    assert len(fired) == len(set(fired)) == 300 * 6
