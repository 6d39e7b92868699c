"""Keeps the demo, where anybody signs in with one click, away from real data.

The mark is the comment on the jurisdiction's schema: it needs no table and travels with a backup.
"""

from __future__ import annotations

from psycopg import sql

from linli.config.database import Address, connect, schema
from linli.config.postgres_files import DatabaseUnavailable

LOADING = "Linli demo, loading"
READY = "Linli demo, ready"


def mark(where: Address) -> str:
    """The demo's mark on this schema: LOADING, READY, or "" when it is not a demo."""
    return next((m for m in (LOADING, READY) if _comment(where).partition(": ")[0] == m), "")


def city(where: Address) -> str:
    """Whose demo it is: the name of its pack, changzhou where the mark names none."""
    return _comment(where).partition(": ")[2] or "changzhou"


def _comment(where: Address) -> str:
    with connect(where) as connection:
        found = connection.execute(
            "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = %s", [schema()]
        ).fetchone()
    return str(found[0] or "") if found else ""


def set_mark(where: Address, text: str, city: str = "") -> None:
    """Write LOADING or READY on the schema, with the name of the city."""
    text = f"{text}: {city}" if city else text
    with connect(where) as connection:
        statement = sql.SQL("COMMENT ON SCHEMA {} IS {}").format(sql.Identifier(schema()), sql.Literal(text))
        connection.execute(statement)


def is_new(where: Address) -> bool:
    """True when no Linli table was ever made in this schema."""
    with connect(where) as connection:
        found = connection.execute("SELECT to_regclass(%s)", [f"{schema()}.django_migrations"]).fetchone()
    return found is None or found[0] is None


def refuse_demo_on_real_data(where: Address, *, demo: bool) -> None:
    """Raises DatabaseUnavailable when demo mode meets a database that is neither new nor the demo's own."""
    if demo and not mark(where) and not is_new(where):
        raise DatabaseUnavailable(
            "This database holds data that is not the demo's, and in demo mode anybody may sign in as anybody: "
            "set LINLI_HOME (or LINLI_DATABASE_URL, LINLI_SCHEMA) to another place for the demo."
        )
