"""A site of its own for the measurements: a database in a temporary home, the Changzhou pack, a district of places."""

from __future__ import annotations

import csv
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

import linli

SOURCE = Path(linli.__file__).parent
GRIDS_WITH_WORK = 250


def choose_home() -> Path:
    """A fresh LINLI_HOME, set before Django's settings are read."""
    home = Path(tempfile.mkdtemp(prefix="linli-bench-"))
    home.chmod(0o711)
    os.environ.update(LINLI_HOME=str(home), DJANGO_SETTINGS_MODULE="benchmarks.settings", LINLI_LOG_LEVEL="ERROR")
    return home


@contextmanager
def site() -> Iterator[None]:
    """The database runs and holds the places and people of the demo's district, without any case."""
    home = choose_home()
    try:
        from linli.config import startup

        with startup.site() as where:
            startup.migrate(where)
            fill(datetime.now().astimezone())
            startup.collect_static()
            yield
    finally:
        shutil.rmtree(home, ignore_errors=True)


def fill(now: datetime) -> None:
    """Pack, areas, one department, and somebody in every duty."""
    from linli.drafting.load import load, read_folder
    from linli.ledger import definitions
    from linli.people import acts as people
    from linli.places import acts as places
    from linli.places.models import Area

    pack, findings = load(read_folder(SOURCE / "packs", "changzhou"), "changzhou")
    if pack is None or findings:
        raise SystemExit("the shipped pack does not load")
    definitions.publish(pack, now)
    with (SOURCE / "config/demo/areas.csv").open(encoding="utf-8") as file:
        places.import_areas(list(enumerate(csv.DictReader(file), 2)))
    since = date(2022, 1, 1)
    duties = {"grid": ["grid_worker"], "community": ["community_officer"], "street": ["street_officer", "reviewer"]}
    duties["district"] = ["district_officer", "dispatcher", "supervisor"]
    for area in Area.objects.exclude(kind="city"):
        for duty in duties[area.kind]:
            person = people.create_person(f"{area.name} {duty}", now)
            people.give_duty(person, duty, since, area)
            people.create_account(f"{duty}-{area.code}", person)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def server() -> Iterator[int]:
    """The real server as `linli serve` starts it; yields its port."""
    port = free_port()
    command = [sys.executable, "-m", "linli.config.cli", "serve", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        _wait(port)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait(port: int) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server did not come up")


def session(username: str) -> str:
    """The cookie of somebody signed in."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from linli.people.models import Account

    account = Account.objects.get(username=username)
    store = SessionStore()
    store[SESSION_KEY] = str(account.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = account.get_session_auth_hash()
    store.save()
    return f"{settings.SESSION_COOKIE_NAME}={store.session_key}"
