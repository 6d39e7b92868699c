"""The embedded PostgreSQL survives what happens to laptops. Each test has a server of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from linli.config import database
from linli.config.embedded import SOCKET_PATH_LIMIT, EmbeddedPostgres
from linli.config.postgres_files import DatabaseUnavailable

HOLD = "import sys, time; from pathlib import Path; from linli.config.embedded import EmbeddedPostgres as E; \
s = E(Path(sys.argv[1])); print(s.start(), flush=True); time.sleep(600)"


@pytest.fixture
def home() -> Iterator[Path]:
    # Not pytest's tmp_path: its parents are closed to the user the database runs as when we are root.
    with tempfile.TemporaryDirectory(prefix="linli-pg-") as folder:
        path = Path(folder)
        path.chmod(0o711)
        yield path
        server = EmbeddedPostgres(path)
        server.start()
        server.stop()


def postmaster(server: EmbeddedPostgres) -> int:
    return int((server.data / "postmaster.pid").read_text().splitlines()[0])


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_last_one_out_stops_it(home: Path) -> None:
    first, second = EmbeddedPostgres(home), EmbeddedPostgres(home)
    assert first.start() is True
    assert second.start() is False
    assert first.stop() is False
    with psycopg.connect(**second.conninfo()) as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
    assert second.stop() is True


def test_a_user_killed_with_9_does_not_keep_it_running_for_ever(home: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(home)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline().strip() == "True"
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    server = EmbeddedPostgres(home)
    assert server.start() is False, "PostgreSQL outlives the process that started it"
    assert server.stop() is True


def test_it_comes_back_after_the_server_itself_is_killed_with_9(home: Path) -> None:
    server = EmbeddedPostgres(home)
    server.start()
    with psycopg.connect(**server.conninfo()) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept VALUES (1)")
    pid = postmaster(server)
    os.kill(pid, signal.SIGKILL)
    while alive(pid):
        time.sleep(0.05)
    assert server.start() is True
    with psycopg.connect(**server.conninfo()) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (1,)
    assert server.stop() is True


def test_a_stale_pid_file_that_names_another_program_is_forgotten(home: Path) -> None:
    server = EmbeddedPostgres(home)
    server.start()
    lines = (server.data / "postmaster.pid").read_text().splitlines()
    server.stop()
    # As after a power cut: the number now belongs to somebody else (here: a `sleep`).
    with subprocess.Popen(["sleep", "60"]) as other:
        stale = "\n".join([str(other.pid), *lines[1:]]) + "\n"
        (server.data / "postmaster.pid").write_text(stale)
        (server.socket_dir / ".s.PGSQL.5432.lock").write_text(stale)
        assert server.start() is True
        assert server.stop() is True
        other.kill()


def test_a_long_home_still_has_a_short_socket_path(home: Path) -> None:
    server = EmbeddedPostgres(home / ("x" * 120))
    assert len(str(server.socket_dir / ".s.PGSQL.5432")) <= SOCKET_PATH_LIMIT


def test_an_old_data_folder_is_refused_with_the_versions(home: Path) -> None:
    server = EmbeddedPostgres(home)
    server.start()
    server.stop()
    version = (server.data / "PG_VERSION").read_text()
    (server.data / "PG_VERSION").write_text("13\n")
    with pytest.raises(DatabaseUnavailable, match="was written by PostgreSQL 13"):
        server.start()
    (server.data / "PG_VERSION").write_text(version)


@pytest.mark.django_db
def test_a_schema_of_its_own_finds_the_shared_extensions(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import connection

    monkeypatch.setenv("LINLI_SCHEMA", "tianning")
    where = database.address()
    here = database.Address(where.host, where.port, connection.settings_dict["NAME"], where.user, where.password)
    with database.connect(here) as plain:
        database.prepare(plain)
        database.prepare(plain)  # a second time changes nothing
        plain.execute(f"SET search_path = {database.search_path()}".encode())
        assert plain.execute("SELECT current_schema()").fetchone() == ("tianning",)
        assert plain.execute("SELECT '32.0402'::ltree <@ '32'::ltree").fetchone() == (True,)
        assert plain.execute("SELECT similarity('路灯不亮', '路灯不亮了') > 0.3").fetchone() == (True,)
        seen = plain.execute("SELECT to_regclass('public.django_migrations') IS NULL, to_regclass('django_migrations')")
        assert seen.fetchone() == (False, None), "a jurisdiction must not take another's tables for its own"
        plain.execute("DROP SCHEMA tianning CASCADE")
