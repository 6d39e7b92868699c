"""Django's backend as it is changed here: moments, kept connections, statements whose plan is kept."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import OperationalError, ProgrammingError, connection

from linli.config.postgres.base import REST


@pytest.mark.django_db
@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 2, 13, 8, 0, tzinfo=UTC),
        datetime(2026, 2, 13, 8, 0, 1, 5, tzinfo=UTC),
        datetime(1901, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    ],
)
def test_a_moment_comes_back_as_it_was(moment: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz, NULL::timestamptz", [moment])
        back, nothing = cursor.fetchone()
    assert back == moment and back.tzinfo is UTC and nothing is None
    assert connection.found("SELECT %s::timestamptz", [moment]) == [(moment,)]


@pytest.mark.django_db
def test_what_goes_wrong_is_said_as_django_says_it() -> None:
    with pytest.raises(ProgrammingError):
        connection.found("SELECT nothing FROM nowhere", [])


def _cut() -> int:
    """End this connection from the side of the server, as a restart does; the number of the process it had."""
    connection.ensure_connection()
    old: int = connection.connection.info.backend_pid
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [old])
    finally:
        other.close()
    return old


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("asked", ["plainly", "prepared"])
def test_a_connection_that_rested_is_asked_and_replaced(asked: str) -> None:
    old = _cut()
    connection._used -= REST + 1
    if asked == "prepared":
        new = connection.found("SELECT pg_backend_pid()", [])[0][0]
    else:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            new = cursor.fetchone()[0]
    assert new != old


@pytest.mark.django_db(transaction=True)
def test_one_that_was_used_a_moment_ago_is_not_asked_and_replaced_the_next_time() -> None:
    old = _cut()
    with pytest.raises(OperationalError):
        connection.found("SELECT 1", [])
    assert connection.found("SELECT pg_backend_pid()", [])[0][0] != old


@pytest.mark.django_db
def test_within_a_transaction_nothing_is_replaced() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE kept (n int) ON COMMIT DROP")
    connection._used -= REST + 1
    assert connection.found("SELECT count(*) FROM kept", []) == [(0,)]
