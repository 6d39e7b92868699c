"""Django's own PostgreSQL backend, frugal where every statement passes."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg.adapt import Buffer, Loader
from psycopg.rows import tuple_row

REST = 1.0
"""Seconds."""


class Instant(Loader):
    """A timestamptz as PostgreSQL writes it where the time zone is UTC, read by Python itself.

    Django's loader takes it apart with a regular expression; a list of 25 cases holds a hundred of them.
    """

    timezone = UTC
    """Read by Django, which puts its own loader back where this differs from the connection's."""

    def load(self, data: Buffer) -> datetime:
        return datetime.fromisoformat(str(data, "ascii"))


class DatabaseWrapper(base.DatabaseWrapper):
    """A kept connection is asked whether it works once it rested: at each request that would cost a round trip."""

    _used = 0.0

    def get_new_connection(self, conn_params: dict[str, Any]) -> psycopg.Connection[Any]:
        connection: psycopg.Connection[Any] = super().get_new_connection(conn_params)
        connection.adapters.register_loader("timestamptz", Instant)
        return connection

    def close_if_health_check_failed(self) -> None:
        """Django asks this before each statement. Within a transaction nothing is asked: it fails as a whole."""
        now = time.monotonic()
        rested, self._used = now - self._used > REST, now
        if self.connection is None or not self.connection.autocommit:
            return
        if self.connection.closed or (rested and not self.is_usable()):
            self.close()

    def prepared(self, rows: Any = tuple_row) -> psycopg.Cursor[Any]:
        """A cursor that leaves the values to PostgreSQL, so that it keeps the statement's plan.

        For statements that are asked often and whose plan is the same for all values.
        """
        self.close_if_health_check_failed()
        self.ensure_connection()
        raw: psycopg.Connection[Any] = self.connection
        raw.prepare_threshold = 2
        return psycopg.Cursor(raw, row_factory=rows)

    def found(self, sql: str, values: Any) -> list[tuple[Any, ...]]:
        """What such a statement finds. Raises the errors of django.db."""
        cursor = self.prepared()
        with self.wrap_database_errors:
            return cursor.execute(sql, values, prepare=True).fetchall()
