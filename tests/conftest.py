"""A PostgreSQL for the tests, and what tests need to start real servers and a real browser.

The server lives in a home of its own (see linli.config.settings_test). Every pytest-xdist worker calls `start`;
whoever is first starts it and whoever is last stops it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from psycopg import sql

from linli.config import database

if TYPE_CHECKING:
    from tests.cast import Cast

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def pytest_unconfigure(config: pytest.Config) -> None:
    """The process that made the temporary home removes it."""
    if os.environ.get("LINLI_TEST_RUN") == str(os.getpid()) and not os.environ.get("LINLI_TEST_HOME"):
        shutil.rmtree(os.environ["LINLI_HOME"], ignore_errors=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """After a run of tests/packs/test_catalogue.py: the entries of the catalogue that scenarios cover."""
    from tests.packs.catalogue import summary

    ran = (r for reports in terminalreporter.stats.values() for r in reports if hasattr(r, "nodeid"))
    if any("packs/test_catalogue.py" in r.nodeid for r in ran):
        terminalreporter.section("catalogue")
        for line in summary():
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> Iterator[None]:
    """Before pytest-django creates its database: the server is up and the template has the extensions."""
    from django.conf import settings

    server = database.embedded()
    if server is not None:
        server.start()
    _make_template(settings.DATABASES["default"]["TEST"]["TEMPLATE"])
    yield
    if server is not None:
        server.stop()


def _make_template(name: str) -> None:
    here = database.address()
    with database.connect(here) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [database.PREPARE_LOCK])  # one worker at a time
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        template = database.Address(here.host, here.port, name, here.user, here.password, here.options)
        with database.connect(template) as inside:
            database.prepare(inside)


@pytest.fixture
def process_environment(transactional_db: None) -> dict[str, str]:
    """Environment for a `linli` process that shall work on this test's database: pass it as subprocess's `env`."""
    from urllib.parse import quote

    from django.db import connection

    where, name = database.address(), connection.settings_dict["NAME"]
    login = quote(where.user) + (f":{quote(where.password)}" if where.password else "")
    url = f"postgresql://{login}@/{name}?host={quote(where.host, safe='')}&port={where.port or 5432}"
    return {**os.environ, "LINLI_DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "linli.config.settings"}


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Path of the system's Chromium; the test is skipped, saying so, when there is none."""
    for name in BROWSERS:
        found = shutil.which(name)
        if found:
            return found
    pytest.skip("no Chromium on this machine (Debian: apt install chromium)")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder with real data sets: LINLI_TEST_DATA, or ../shared/data beside the project; skipped when absent."""
    folder = Path(os.environ.get("LINLI_TEST_DATA") or Path(__file__).parents[1] / "../shared/data").resolve()
    if not folder.is_dir():
        pytest.skip("no real data here; set LINLI_TEST_DATA to its folder")
    return folder


@pytest.fixture
def cast(db: None) -> Iterator[Cast]:
    """The standing cast on a fresh database (see tests/cast.py)."""
    from linli.ledger import definitions
    from linli.people import registry
    from tests import cast as standing

    yield standing.make()
    registry.forget()
    definitions.forget()
