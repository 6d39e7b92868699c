"""The worker as a real process: once, until told to stop, through a database restart, and with a flood of messages."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from queue import Empty, Queue
from threading import Thread

import pytest
from django.utils import timezone

from linli.config.embedded import EmbeddedPostgres
from linli.ledger.models import Case, Entry, Message
from tests.cast import NOW, Cast

COMMAND = [sys.executable, "-m", "linli.config.cli", "worker"]
PROJECT = Path(__file__).parents[2]

MATTER = """
from datetime import timedelta
from linli.config import startup
with startup.site() as where:
    startup.migrate(where)
    from tests import cast as standing
    cast = standing.make()
    lamp = cast.lamp()
    cast.act("wang", lamp.id, "solve", standing.NOW + timedelta(hours=1), answer="换了灯泡，已经亮了")
"""
"""A database with one matter whose only clock (closed without a rating) ran out long ago on any calendar."""


def answered(cast: Cast) -> str:
    """The same here."""
    lamp = cast.lamp()
    cast.act("wang", lamp.id, "solve", NOW + timedelta(hours=1), answer="换了灯泡，已经亮了")
    return lamp.id


class Running:
    """A worker process and what it says."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: Queue[str] = Queue()
        self.said: list[str] = []
        Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)

    def hears(self, words: str, seconds: float = 60) -> str:
        """The line with ``words``, waited for; fails with everything said when it does not come."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            try:
                self.said.append(self.lines.get(timeout=0.2))
            except Empty:
                continue
            if words in self.said[-1]:
                return self.said[-1]
        pytest.fail(f"never said “{words}”: {''.join(self.said)}")

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=20)


@contextmanager
def worker(environment: dict[str, str]) -> Iterator[Running]:
    merged = subprocess.STDOUT
    process = subprocess.Popen(COMMAND, env=environment, stdout=subprocess.PIPE, stderr=merged, text=True)
    try:
        yield Running(process)
    finally:
        process.kill()
        process.wait()


def until(true: Callable[[], bool], seconds: float = 30) -> None:
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.1)


def test_once_does_what_is_due_and_ends(process_environment: dict[str, str], cast: Cast, tmp_path: Path) -> None:
    lamp = answered(cast)
    environment = {**process_environment, "LINLI_SMS": f"file:{tmp_path / 'sms.jsonl'}"}
    done = subprocess.run([*COMMAND, "--once"], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert re.match(r"[1-9]\d* clock\(s\) fired, 2 message\(s\) tried", done.stdout), done.stdout
    assert Case.objects.get(id=lamp).stage == "closed"
    assert Entry.objects.filter(case=lamp, act="lapse", channel="clock").count() == 1
    assert len((tmp_path / "sms.jsonl").read_text(encoding="utf-8").splitlines()) == 2
    again = subprocess.run([*COMMAND, "--once"], env=environment, capture_output=True, text=True, timeout=60)
    assert again.stdout.startswith("0 clock(s) fired, 0 message(s) tried")


def test_a_running_worker_acts_soon_and_ends_in_order(process_environment: dict[str, str], cast: Cast) -> None:
    with worker(process_environment) as running:
        running.hears("working")
        lamp = answered(cast)
        until(lambda: Case.objects.get(id=lamp).stage == "closed")
        until(lambda: not Message.objects.filter(state="queued").exists())
        assert running.end() == 0
        running.hears("clock(s) fired, 2 message(s) tried")


def test_a_vacant_post_is_handed_on_at_the_start(process_environment: dict[str, str], cast: Cast) -> None:
    from linli.people import acts as people
    from linli.people.models import Duty

    lamp = cast.lamp()
    people.end_duty(Duty.objects.get(person=cast.people["wang"]), NOW.date())
    Case.objects.filter(id=lamp.id).update(next_due=timezone.now() + timedelta(days=1))  # only the post is vacant
    done = subprocess.run([*COMMAND, "--once"], env=process_environment, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip().endswith("1 matter(s) handed on"), done.stdout + done.stderr
    assert Case.objects.get(id=lamp.id).holder_duty == "community_officer"


def test_a_worker_starts_a_dead_embedded_database_again(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("restart")
    for folder in (home, *home.parents):
        if folder.stat().st_uid == os.geteuid() and folder != Path("/") and folder.name != "tmp":
            folder.chmod(0o711)  # the database may run as another user
    environment = {k: v for k, v in os.environ.items() if k not in ("LINLI_DATABASE_URL", "DJANGO_SETTINGS_MODULE")}
    environment |= {"LINLI_HOME": str(home), "PYTHONPATH": str(PROJECT)}
    server = EmbeddedPostgres(home)
    server.start()
    try:
        command = [sys.executable, "-m", "linli.config.cli"]
        subprocess.run([*command, "load", "changzhou"], env=environment, check=True, capture_output=True, timeout=120)
        with worker(environment) as running:
            running.hears("working")
            postmaster = int((home / "pg" / "postmaster.pid").read_text().splitlines()[0])
            os.kill(postmaster, signal.SIGINT)
            running.hears("the database does not answer")
            running.hears("the embedded database had ended and was started again")
            running.hears("the database is back")
            subprocess.run([sys.executable, "-c", MATTER], env=environment, check=True, timeout=120, cwd=PROJECT)
            time.sleep(3)
            assert running.end() == 0
            running.hears("clock(s) fired, 2 message(s) tried")
    finally:
        postmaster = int((home / "pg" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(postmaster, signal.SIGINT)
