"""Brings up the database and Django for commands that need them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from linli.config import database

MIGRATE_LOCK = database.PREPARE_LOCK + 1


@contextmanager
def site() -> Iterator[database.Address]:
    """The database runs and Django is set up inside this block. Raises DatabaseUnavailable or SettingError."""
    with database.running() as where:
        setup_django()
        try:
            yield where
        finally:
            from django.db import connections

            connections.close_all()


def setup_django() -> None:
    """Load settings and apps once; harmless when repeated."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "linli.config.settings")
    import django

    django.setup()


def migrate(where: database.Address, *, verbosity: int = 0) -> None:
    """Bring the tables up to date. Two processes that start together take turns."""
    from django.core.management import call_command

    with database.connect(where) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [MIGRATE_LOCK])
        call_command("migrate", interactive=False, verbosity=verbosity)


def collect_static() -> None:
    """Copy styles, scripts and pictures into LINLI_HOME/static under names that carry their hash."""
    from django.core.management import call_command

    call_command("collectstatic", interactive=False, verbosity=0)
