"""A site of real processes on a database of its own: `linli serve`, two `linli worker`s and the people who act."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from linli.config.embedded import EmbeddedPostgres

ROOT = Path(__file__).parents[2]
LINLI = (sys.executable, "-m", "linli.config.cli")
DRIVER = (sys.executable, "-m", "tests.faults.driver")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def free_port() -> int:
    """A TCP port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Site:
    """Starts its processes, starts again whichever ended, and knows how to kill each of them with -9."""

    def __init__(self, home: Path) -> None:
        self.home, self.port = home, free_port()
        self.postgres = EmbeddedPostgres(home)
        without = ("LINLI_DATABASE_URL", "DJANGO_SETTINGS_MODULE", "LINLI_TEST_RUN", "LINLI_TEST_HOME")
        kept = {k: v for k, v in os.environ.items() if k not in without}
        self.environment = {**kept, "LINLI_HOME": str(home), "LINLI_DEMO": "no"}
        self.commands: dict[str, Callable[[int], tuple[str, ...]]] = {
            "server": lambda n: (*LINLI, "serve", "--port", str(self.port), "--workers", "1", "--no-migrate"),
            "worker": lambda n: (*LINLI, "worker"),
            "second worker": lambda n: (*LINLI, "worker"),
            "people": lambda n: (*DRIVER, "acts", str(home / f"people-{n}.log")),
        }
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.starts = 0
        self.over = threading.Event()
        self.posted = 0
        self.output = (home / "output.log").open("ab")

    # ---- processes

    def run(self, *command: str) -> str:
        """Run a command to its end; its output. Raises CalledProcessError with what it said."""
        done = subprocess.run(command, env=self.environment, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command[-2:])} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def keep_running(self) -> None:
        """Start whatever does not run, until the end: what systemd does."""
        while not self.over.is_set():
            for name, command in self.commands.items():
                if name not in self.running or self.running[name].poll() is not None:
                    self.starts += 1
                    self.running[name] = subprocess.Popen(
                        command(self.starts), env=self.environment, cwd=ROOT, stdout=self.output, stderr=self.output
                    )
            self.over.wait(0.05)

    def stop(self) -> None:
        """End everything in order; whatever does not end is killed."""
        self.over.set()
        time.sleep(0.2)
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.output.close()

    # ---- killing

    def kill_one(self, victims: Iterable[str], seconds: float = 60) -> str:
        """Kill the first of ``victims`` that runs with -9, waiting for one to come up; which it was."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for victim in victims:
                pid = self._pid(victim)
                with suppress(ProcessLookupError):
                    if pid is not None:
                        os.kill(pid, signal.SIGKILL)
                        return victim
            time.sleep(0.05)
        raise AssertionError(f"nothing comes up any more: {self.said()}")

    def said(self) -> str:
        """The end of what the processes and PostgreSQL wrote, for whoever must find out why."""
        files = (self.home / "output.log", self.home / "pg.log")
        return "\n".join(file.read_text(errors="replace")[-4000:] for file in files if file.exists())

    def _pid(self, victim: str) -> int | None:
        if victim in self.commands:
            process = self.running.get(victim)
            return process.pid if process and process.poll() is None else None
        if victim == "server's own worker":
            process = self.running.get("server")
            own = children(process.pid) if process else ()
            return next((pid for pid in own if b"spawn_main" in cmdline(pid)), None)
        master = self._postmaster()
        if victim == "postmaster" or master is None:
            return master
        return next((pid for pid in children(master) if b": linli " in cmdline(pid)), None)

    def _postmaster(self) -> int | None:
        try:
            return int((self.postgres.data / "postmaster.pid").read_text().splitlines()[0])
        except (OSError, ValueError, IndexError):
            return None

    def wait_until_it_serves(self, seconds: float = 60) -> None:
        """Return once the site answers. Raises AssertionError with the processes' output when it does not."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with suppress(OSError, HTTPException):
                if self._ask("GET", "/healthz")[0] == 200:
                    return
            time.sleep(0.1)
        raise AssertionError(f"the site does not answer: {self.said()}")

    def wait_until_posted(self, more_than: int, seconds: float = 60) -> None:
        """Return once residents were given more numbers than that. Raises AssertionError when they are not."""
        end = time.monotonic() + seconds
        while self.posted <= more_than:
            assert time.monotonic() < end, f"{self.posted} requests, and no more are accepted: {self.said()}"
            time.sleep(0.1)

    # ---- residents

    def post(self, who: int) -> None:
        """A resident's client: posts requests over HTTP until the end and keeps the numbers it was given."""
        with (self.home / f"resident-{who}.log").open("a", buffering=1) as log:
            count = 0
            while not self.over.is_set():
                count += 1
                text = f"东门路路灯不亮 {who}-{count}"
                form = urlencode({"service_code": "lighting", "description": text, "lat": 31.7711, "long": 119.9711})
                try:
                    status, body = self._ask("POST", "/open311/v2/requests.json", form)
                    number = int(json.loads(body)[0]["service_request_id"]) if status in (200, 201) else None
                except (OSError, HTTPException, ValueError, LookupError, TypeError):
                    number = None
                if number is None:
                    time.sleep(0.05)
                    continue
                log.write(json.dumps({"act": "post", "number": number, "seq": 1, "text": text}) + "\n")
                self.posted += 1

    def _ask(self, method: str, path: str, form: str | None = None) -> tuple[int, bytes]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request(method, path, form, FORM if form else {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def logs(self) -> list[str]:
        """Everything that was acknowledged to anybody."""
        return [str(path) for path in sorted(self.home.glob("*-*.log")) if path.name.startswith(("people", "resident"))]

    def check(self) -> dict[str, Any]:
        """What the driver says about the logs."""
        found: dict[str, Any] = json.loads(self.run(*DRIVER, "check", *self.logs()))
        return found


def children(pid: int) -> Iterator[int]:
    """Processes that ``pid`` started, by the kernel's own list."""
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            yield from map(int, (task / "children").read_text().split())


def cmdline(pid: int) -> bytes:
    """How a process calls itself; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
