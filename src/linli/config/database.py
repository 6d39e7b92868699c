"""Which PostgreSQL Linli uses, and making it ready: version, schema, extensions.

Embedded by default (`linli.config.embedded`); `LINLI_DATABASE_URL` points to any PostgreSQL 15 or newer instead.
One jurisdiction is one schema (`LINLI_SCHEMA`, default public). Behind it in `search_path` comes only `extensions`,
shared by all jurisdictions of a database: with `public` there, a new jurisdiction would take another's tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import psycopg
from psycopg import sql

from linli.config import environment
from linli.config.embedded import EmbeddedPostgres
from linli.config.environment import SettingError
from linli.config.postgres_files import OLDEST_MAJOR, DatabaseUnavailable

EXTENSIONS = ("ltree", "pg_trgm", "btree_gist")
EXTENSION_SCHEMA = "extensions"
# Any constant will do: it keeps two processes from preparing or migrating the same database at once.
PREPARE_LOCK = 0x4C494E4C49


@dataclass(frozen=True)
class Address:
    """Where the database is. `host` is a host name or a socket folder; `options` are libpq parameters (sslmode…)."""

    host: str
    port: str
    name: str
    user: str
    password: str = field(default="", repr=False)
    options: dict[str, str] = field(default_factory=dict)

    def conninfo(self) -> dict[str, Any]:
        """Keyword arguments for psycopg.connect."""
        known = {"host": self.host, "port": self.port, "dbname": self.name, "user": self.user}
        known["password"] = self.password
        return {**{key: value for key, value in known.items() if value}, **self.options}


def parse_url(url: str) -> Address:
    """postgresql://user:password@host:port/name?sslmode=require as an Address. Raises SettingError naming the part."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres"):
        raise SettingError(
            f"LINLI_DATABASE_URL begins with {parts.scheme or 'nothing'}://; Linli runs on PostgreSQL only: "
            "write postgresql://user:password@host:port/name."
        )
    name = unquote(parts.path.lstrip("/"))
    if not name:
        raise SettingError("LINLI_DATABASE_URL names no database; end it with /name, such as /linli.")
    try:
        port = str(parts.port or "")
    except ValueError:
        raise SettingError("LINLI_DATABASE_URL has a port that is not a number from 1 to 65535.") from None
    options = dict(parse_qsl(parts.query))
    host = options.pop("host", unquote(parts.hostname or ""))  # ?host=/run/postgresql is libpq's way to name a socket
    return Address(host, port, name, unquote(parts.username or ""), unquote(parts.password or ""), options)


def embedded() -> EmbeddedPostgres | None:
    """The embedded server, or None when LINLI_DATABASE_URL names another one."""
    return None if environment.text("LINLI_DATABASE_URL") else EmbeddedPostgres(environment.home())


def revive() -> bool:
    """Start the embedded server again if it died under us; True if we did. False for any other database."""
    server = embedded()
    if server is None:
        return False
    try:
        return server.start()
    except DatabaseUnavailable:
        return False  # whoever asks tries again
    finally:
        server.let_go()


def address() -> Address:
    """Where the database is (or will be, once started)."""
    server = embedded()
    if server is None:
        return parse_url(environment.text("LINLI_DATABASE_URL"))
    info = server.conninfo()
    return Address(info["host"], info["port"], info["dbname"], info["user"])


def schema() -> str:
    """LINLI_SCHEMA, default public. Raises SettingError unless it is a plain lower-case name."""
    name = environment.text("LINLI_SCHEMA", "public")
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", name) or name.startswith("pg_"):
        raise SettingError(f"LINLI_SCHEMA={name!r}: use lower-case letters, digits and _, starting with a letter.")
    return name


def search_path() -> str:
    """The jurisdiction's schema first, then the one with the extensions."""
    return ",".join(dict.fromkeys((schema(), EXTENSION_SCHEMA)))


def django_databases() -> dict[str, dict[str, Any]]:
    """Django's DATABASES. LINLI_KEEP_CONNECTIONS lets each thread keep its connection between requests."""
    where = address()
    keep = environment.boolean("LINLI_KEEP_CONNECTIONS")
    options: dict[str, Any] = {**where.options, "options": f"-c search_path={search_path()}"}
    return {
        "default": {
            "ENGINE": "linli.config.postgres",
            "NAME": where.name,
            "USER": where.user,
            "PASSWORD": where.password,
            "HOST": where.host,
            "PORT": where.port,
            "CONN_MAX_AGE": None if keep else 0,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": options,
        }
    }


@contextmanager
def running() -> Iterator[Address]:
    """Start the embedded server if needed, make the database ready, and let go at the end.

    Raises DatabaseUnavailable with one sentence when there is no usable database.
    """
    server = embedded()
    if server is not None:
        server.start()
    try:
        where = address()
        with connect(where) as connection:
            prepare(connection)
        yield where
    finally:
        if server is not None:
            server.stop()


@contextmanager
def connect(where: Address) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """A plain autocommit connection outside Django. Raises DatabaseUnavailable when the server does not answer."""
    try:
        connection = psycopg.connect(**{"connect_timeout": 10, **where.conninfo()}, autocommit=True)
    except psycopg.OperationalError as error:
        place = f"{where.host or 'localhost'}:{where.port or 5432}/{where.name}"
        raise DatabaseUnavailable(
            f"The database at {place} does not answer: {str(error).strip().splitlines()[0]}; "
            "start it or mend LINLI_DATABASE_URL."
        ) from None
    with connection:
        yield connection


def prepare(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    """Check the version, create the schema and the shared extensions where absent. Safe to call by many at once."""
    version = connection.info.server_version
    if version < OLDEST_MAJOR * 10000:
        raise DatabaseUnavailable(
            f"This PostgreSQL is version {version // 10000}; Linli needs {OLDEST_MAJOR} or newer: "
            "upgrade it, or leave LINLI_DATABASE_URL out to use the embedded one."
        )
    connection.execute("SELECT pg_advisory_lock(%s)", [PREPARE_LOCK])
    try:
        _create_schema(connection, schema())
        _create_extensions(connection)
    finally:
        connection.execute("SELECT pg_advisory_unlock(%s)", [PREPARE_LOCK])


def _create_schema(connection: psycopg.Connection[tuple[Any, ...]], name: str) -> None:
    if connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [name]).fetchone():
        return
    try:
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
    except psycopg.errors.InsufficientPrivilege:
        raise DatabaseUnavailable(
            f"Schema {name} does not exist and this user may not create it: "
            f"let an administrator run CREATE SCHEMA {name} AUTHORIZATION {connection.info.user}."
        ) from None


def _create_extensions(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    rows = connection.execute("SELECT extname, extnamespace::regnamespace::text FROM pg_extension")
    present = dict(rows.fetchall())
    for name in EXTENSIONS:
        if name not in present:
            _create_schema(connection, EXTENSION_SCHEMA)
            try:
                connection.execute(
                    sql.SQL("CREATE EXTENSION {} SCHEMA {}").format(
                        sql.Identifier(name), sql.Identifier(EXTENSION_SCHEMA)
                    )
                )
            except (psycopg.errors.InsufficientPrivilege, psycopg.errors.FeatureNotSupported):
                raise DatabaseUnavailable(
                    f"The PostgreSQL extension {name} is missing and cannot be created here: let an administrator "
                    f"install PostgreSQL's contrib package and run CREATE EXTENSION {name} SCHEMA {EXTENSION_SCHEMA}."
                ) from None
        elif present[name] not in search_path().split(","):
            raise DatabaseUnavailable(
                f"The extension {name} lives in schema {present[name]}, where other schemas cannot find it: "
                f"let an administrator run ALTER EXTENSION {name} SET SCHEMA {EXTENSION_SCHEMA}."
            )
