"""The command line: exit status, one sentence per error, real processes that start and stop in order."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import urlopen

import pytest
from click.testing import CliRunner
from django.test import Client

from linli.config import database, demo_guard
from linli.config.cli import cli
from linli.config.postgres_files import DatabaseUnavailable


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(environment: dict[str, str]) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    port = free_port()
    command = [sys.executable, "-m", "linli.config.cli", "serve", "--port", str(port), "--workers", "1"]
    with subprocess.Popen(command, env=environment) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            for _ in range(150):
                assert process.poll() is None, "the server ended by itself"
                try:
                    with urlopen(f"{url}/healthz", timeout=5):
                        break
                except OSError:
                    time.sleep(0.1)
            yield url, process
        finally:
            process.kill()


def test_every_command_says_what_it_does() -> None:
    commands = cli.list_commands(None)  # type: ignore[arg-type]  # the context is not used
    assert {"demo", "serve", "migrate"} <= set(commands)
    for name in commands:
        result = CliRunner().invoke(cli, [name, "--help"])
        assert result.exit_code == 0 and ("Usage:" in result.output or name == "django"), result.output


def test_wrong_usage_ends_with_2() -> None:
    assert CliRunner().invoke(cli, ["serve", "--port", "99999"]).exit_code == 2
    assert CliRunner().invoke(cli, ["no-such-command"]).exit_code == 2
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = CliRunner().invoke(cli, ["serve", "--port", str(taken.getsockname()[1])])
    assert result.exit_code == 2
    assert "is taken; choose another with --port" in result.output


def test_an_absent_database_is_one_sentence_and_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINLI_DATABASE_URL", f"postgresql://127.0.0.1:{free_port()}/linli")
    result = CliRunner().invoke(cli, ["migrate"])
    assert result.exit_code == 1
    assert "does not answer" in result.output and "Traceback" not in result.output


@pytest.mark.django_db
def test_healthz_answers_with_the_databases_version(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["ok"]) == (200, True)
    assert int(answer.json()["database"].split(".")[0]) >= 15
    assert "script" not in answer.headers["Content-Security-Policy"], "scripts come from ourselves only"


def test_healthz_is_503_when_the_database_is_away(client: Client) -> None:
    from unittest.mock import patch

    from django.db import connection
    from django.db.utils import OperationalError

    with patch.object(connection, "cursor", side_effect=OperationalError("gone")):
        answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (503, {"ok": False, "database": None})


@pytest.mark.slow
def test_a_server_starts_answers_and_ends_in_order(process_environment: dict[str, str]) -> None:
    with serving(process_environment) as (url, process):
        with urlopen(f"{url}/healthz", timeout=10) as answer:
            assert json.load(answer)["ok"] is True
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0


@pytest.mark.slow
def test_a_server_killed_with_9_leaves_nobody_on_its_port(process_environment: dict[str, str]) -> None:
    with serving(process_environment) as (url, process):
        process.kill()
        process.wait()
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            try:
                urlopen(f"{url}/healthz", timeout=1).close()
            except OSError:
                return
            time.sleep(0.2)
    pytest.fail("a web process outlived the server that started it")


@pytest.mark.django_db(transaction=True)
def test_the_demo_stays_away_from_real_data() -> None:
    from django.db import connection

    where = database.address()
    here = database.Address(where.host, where.port, connection.settings_dict["NAME"], where.user, where.password)
    assert not demo_guard.is_new(here)
    demo_guard.refuse_demo_on_real_data(here, demo=False)
    with pytest.raises(DatabaseUnavailable, match="not the demo's"):
        demo_guard.refuse_demo_on_real_data(here, demo=True)
    demo_guard.set_mark(here, demo_guard.READY)
    try:
        demo_guard.refuse_demo_on_real_data(here, demo=True)
    finally:
        demo_guard.set_mark(here, "")
    assert os.environ["LINLI_DEMO"] == "no"
