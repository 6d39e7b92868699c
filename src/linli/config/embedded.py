"""A PostgreSQL of our own, started by whoever comes first and stopped by whoever leaves last.

No root, no Docker, no TCP port: a data folder under LINLI_HOME and a Unix socket only its owner may enter.
Several processes share one server. Each holds a shared lock on `pg.users` while it needs the database; the kernel
drops that lock even after kill -9, so the last one out can always tell that it is the last.
Durability is never traded: fsync, full_page_writes and synchronous_commit keep PostgreSQL's defaults (on).
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import psycopg

from linli.config import postgres_files
from linli.config.postgres_files import DatabaseUnavailable

SUPERUSER = "linli"
SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_PATH_LIMIT = 100  # bytes; the kernel allows 107 on Linux and 103 on macOS
START_SECONDS = 120  # recovery after a crash may have to replay max_wal_size of log
# Where the database lives when LINLI_HOME is inside a folder only root may enter (such as /root).
SHARED_BASE = Path("/var/lib/linli")


def database_account(data: Path) -> pwd.struct_passwd | None:
    """The user PostgreSQL runs as: None means "as ourselves". PostgreSQL refuses to run as root, so root hands it
    to the owner of the existing data, else to `linli` or `postgres`, else to a new system user, else to nobody."""
    if os.geteuid() != 0:
        return None
    if data.exists() and data.stat().st_uid != 0:
        return pwd.getpwuid(data.stat().st_uid)
    for name in ("linli", "postgres"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    if shutil.which("useradd"):
        made = subprocess.run(["useradd", "--system", "--no-create-home", "linli"], capture_output=True, check=False)
        if made.returncode == 0:
            return pwd.getpwnam("linli")
    return pwd.getpwnam("nobody")


def enterable(path: Path, account: pwd.struct_passwd) -> bool:
    """May `account` walk down to `path`? Folders that do not exist yet will be made by us, so they do not count."""
    for folder in (path, *path.parents):
        if not folder.exists():
            continue
        status = folder.stat()
        if status.st_uid == account.pw_uid:
            allowed = status.st_mode & 0o100
        elif status.st_gid == account.pw_gid:
            allowed = status.st_mode & 0o010
        else:
            allowed = status.st_mode & 0o001
        if not allowed:
            return False
    return True


class EmbeddedPostgres:
    """One server for one LINLI_HOME. `start` and `stop` may be called by many processes at once."""

    def __init__(self, home: Path) -> None:
        key = hashlib.sha256(os.fsencode(home)).hexdigest()[:10]
        self.place = home
        self.account = database_account(home / "pg")
        if self.account is not None and not enterable(home.parent, self.account):
            self.place = SHARED_BASE / key
            self.account = database_account(self.place / "pg")
        self.data = self.place / "pg"
        self.log = self.place / "pg.log"
        owner = os.geteuid() if self.account is None else self.account.pw_uid
        in_place = self.place / "socket"
        fits = len(os.fsencode(in_place / SOCKET_NAME)) <= SOCKET_PATH_LIMIT
        self.socket_dir = in_place if fits else Path(f"/tmp/linli-{owner}-{key}")  # noqa: S108 - its owner is checked
        self._users: IO[bytes] | None = None

    # ---- what others call

    def conninfo(self, database: str = SUPERUSER) -> dict[str, Any]:
        """Keyword arguments for psycopg.connect over the Unix socket."""
        return {"host": str(self.socket_dir), "port": "5432", "user": SUPERUSER, "dbname": database}

    def start(self) -> bool:
        """Make sure the server answers and keep it alive for this process. True if we were the one to start it.

        Raises DatabaseUnavailable with the last lines of the server's log when it does not come up.
        """
        self._make_folders()
        with self._exclusive():
            users = self._users or (self.place / "pg.users").open("ab")
            fcntl.flock(users, fcntl.LOCK_SH)
            try:
                started = not self._answers() and self._start_alone()
            except BaseException:
                users.close()  # lets go of the lock: we are no user of a server that did not start
                self._users = None
                raise
            self._users = users
            return started

    def _start_alone(self) -> bool:
        if self._comes_up():
            return False
        binaries = postgres_files.runnable(self.place, self.account, enterable)
        if not (self.data / "PG_VERSION").exists():
            postgres_files.initialise(binaries, self.data, self.account, self._run)
        postgres_files.require_same_major(binaries, self.data)
        self._forget_stale_pid()
        self._launch(binaries)
        self._create_database()
        return True

    def let_go(self) -> None:
        """Stop counting as a user without shutting anything down: somebody else here keeps the server alive."""
        users, self._users = self._users, None
        if users is not None:
            users.close()

    def stop(self) -> bool:
        """Let go of the server; shut it down if nobody else holds it. True if it was shut down."""
        if self._users is None:
            return False
        with self._exclusive():
            users, self._users = self._users, None
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            finally:
                users.close()
            if not self._running():
                return False
            self._shut_down(postgres_files.runnable(self.place, self.account, enterable))
            return True

    # ---- folders and locks

    def _make_folders(self) -> None:
        try:
            self.place.mkdir(parents=True, exist_ok=True)
            self._make_socket_dir()
        except OSError as error:
            raise DatabaseUnavailable(
                f"Cannot create the database folder {self.place}: {error.strerror}; "
                "set LINLI_HOME to a folder you may write to."
            ) from None

    def _make_socket_dir(self) -> None:
        self.socket_dir.mkdir(mode=0o700, exist_ok=True)
        uid, gid = os.geteuid(), os.getegid()
        if self.account is not None:
            uid, gid = self.account.pw_uid, self.account.pw_gid
            if self.socket_dir.stat().st_uid == 0:
                os.chown(self.socket_dir, uid, gid)
            # The database user must be able to walk in, not to look around.
            self.place.chmod(self.place.stat().st_mode | 0o011)
        status = self.socket_dir.lstat()
        # Whoever may enter this folder may read the whole database, so a folder somebody else made is refused.
        if status.st_uid != uid or self.socket_dir.is_symlink():
            raise DatabaseUnavailable(f"{self.socket_dir} belongs to somebody else; remove it and start again.")
        self.socket_dir.chmod(0o700)

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        with (self.place / "pg.lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    # ---- the server

    def _answers(self) -> bool:
        try:
            with psycopg.connect(**self.conninfo("postgres"), connect_timeout=5) as connection:
                shown = connection.execute("SHOW data_directory").fetchone()
        except psycopg.OperationalError:
            return False
        return shown is not None and Path(shown[0]) == self.data

    def _running(self) -> int:
        """The number of the PostgreSQL that runs on this folder, ready or not; 0 when none does."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().splitlines()[0])
        except (FileNotFoundError, IndexError, ValueError):
            return 0
        return pid if pid > 0 and postgres_files.is_postgres(pid, self.data) else 0

    def _comes_up(self) -> bool:
        """Wait for a server that runs but does not answer: it recovers from a crash, or shuts down. True once it
        answers, False when none runs (any more)."""
        end = time.monotonic() + START_SECONDS
        while self._running():
            if self._answers():
                return True
            if time.monotonic() > end:
                raise DatabaseUnavailable(f"PostgreSQL runs on {self.data} but does not answer; see {self.log}.")
            time.sleep(0.1)
        return False

    def _shut_down(self, binaries: Path) -> None:
        """In order if it answers. One that still recovers has nothing to finish, and PostgreSQL 18 may never come to
        hear the request: it is stopped at once, and the next start replays its log. Nothing committed is lost."""
        command = (binaries / "pg_ctl", "-D", self.data, "-w", "-t", "60", "-m")
        if self._answers():
            try:
                self._run(*command, "fast", "stop")
                return
            except DatabaseUnavailable:
                if not self._running():
                    return
        self._run(*command, "immediate", "stop")

    def _launch(self, binaries: Path) -> None:
        self.log.touch()
        if self.account is not None:
            os.chown(self.log, self.account.pw_uid, self.account.pw_gid)
        # Its log names what went wrong; the rows and statements, which hold what residents wrote, stay out of it.
        quiet = "-c log_error_verbosity=terse -c log_min_error_statement=panic"
        options = f"-c listen_addresses= -c unix_socket_directories='{self.socket_dir}' -c port=5432 {quiet}"
        failure = ""
        # After kill -9 of the postmaster its orphans need a moment to notice and let go of the shared memory.
        for _ in range(5):
            try:
                command = (binaries / "pg_ctl", "-D", self.data, "-l", self.log, "-o", options)
                self._run(*command, "-w", "-t", str(START_SECONDS), "start")
            except DatabaseUnavailable as error:
                failure = str(error)
            if self._answers():
                return
            time.sleep(1)
        tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
        raise DatabaseUnavailable(f"The embedded database in {self.data} does not start: {failure}\n{tail}")

    def _create_database(self) -> None:
        with psycopg.connect(**self.conninfo("postgres"), autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [SUPERUSER]).fetchone() is None:
                connection.execute(f"CREATE DATABASE {SUPERUSER}".encode())

    def _forget_stale_pid(self) -> None:
        """After a power cut or a container restart the number in postmaster.pid may belong to another program.
        PostgreSQL then refuses to start. We hold the lock and nobody answers: if that process is no postgres of this
        folder, the file is a leftover."""
        if self._running():
            return
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        (self.socket_dir / SOCKET_NAME).unlink(missing_ok=True)
        (self.socket_dir / f"{SOCKET_NAME}.lock").unlink(missing_ok=True)

    def _run(self, *command: str | Path) -> str:
        """Run one PostgreSQL program as the database user. Raises DatabaseUnavailable with what it printed."""
        identity: dict[str, object] = {}
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
        if self.account is not None:
            identity = {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}
            environment["HOME"] = "/"
        # A file, not a pipe: the server inherits it and would keep a pipe open for ever.
        with tempfile.TemporaryFile() as output:
            ended = subprocess.run(  # type: ignore[call-overload]  # identity is a plain mapping
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=environment,
                start_new_session=True,  # Ctrl-C is for us; the server is stopped in order afterwards
                umask=0o077,
                check=False,
                **identity,
            )
            output.seek(0)
            said = output.read().decode(errors="replace").strip()
        if ended.returncode != 0:
            raise DatabaseUnavailable(f"{Path(command[0]).name} ended with {ended.returncode}: {said}")
        return said
