"""The two statements that write: one opens a case, one continues it. Each is a single round trip.

They are written in SQL because this is the hot path: the case, its entry, the data and the messages go in together,
and the registry's version is compared in the same breath, so a decision made on an outdated copy writes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
import psycopg
from django.db import connection
from psycopg.rows import tuple_row

from linli.ledger.rows import IN_APP, Row

_COLUMNS = tuple(
    "stage holder_role holder_duty holder_path stands_in category ended paused next_due stage_due promise_due result"  # noqa: SIM905
    " tier lead_id marks".split()
)
_CAST = {
    "holder_path": "::ltree",
    "place": "::ltree",
    "unit": "::ltree",
    "accused": "::ltree",
    "state": "::jsonb",
    "lead_id": "::uuid",
    "marks": "::text[]",
}
_STATIC = tuple(
    "id secret institution version parent_id state head place unit accused reporter_id channel source"  # noqa: SIM905
    " external reported opened".split()
)


def _values(names: Sequence[str]) -> str:
    return ", ".join(f"%({n})s{_CAST.get(n, '')}" for n in names)


_TAIL = """
 e AS (INSERT INTO ledger_entry (case_id, seq, at, act, by, role, channel, works, events, digest, prev, hash)
       SELECT %(id)s, %(seq)s, %(at)s, %(act)s, %(by)s::uuid, %(role)s, %(by_channel)s, %(works)s, %(events)s::jsonb,
              %(digest)s, %(prev)s, %(hash)s FROM ok),
 d AS (INSERT INTO ledger_detail (case_id, seq, salt, data)
       SELECT %(id)s, %(seq)s, %(salt)s, %(data)s::jsonb FROM ok WHERE %(salt)s::bytea IS NOT NULL),
 m AS (INSERT INTO ledger_message (case_id, seq, "to", path, person_id, channel, body, answer, state, tries, next_try,
              error, created, delivered)
       SELECT %(id)s, %(seq)s, n->>'to', (n->>'path')::ltree, (n->>'person')::uuid, n->>'channel', n->'body',
              (n->>'answer')::boolean, n->>'state', 0, (n->>'next_try')::timestamptz, '', %(at)s,
              (n->>'delivered')::timestamptz
       FROM ok, jsonb_array_elements(%(notes)s::jsonb) AS n),
 w AS (INSERT INTO ledger_pairs (case_id, pairs)
       SELECT %(id)s, %(pairs)s::text[] FROM ok WHERE %(pairs)s::text[] IS NOT NULL
       ON CONFLICT (case_id) DO UPDATE SET pairs = excluded.pairs)
"""

# Only the constant column names above are put in; every value is bound.
OPEN = f"""
WITH ok AS (SELECT 1 FROM places_registry WHERE id = 1 AND version = %(registry)s),
 p AS (INSERT INTO people_person (id, name, phone, email, created)
       SELECT %(reporter_id)s::uuid, %(name)s, %(phone)s, %(email)s, %(at)s FROM ok WHERE %(new_person)s),
 c AS (INSERT INTO ledger_case ({", ".join((*_STATIC, *_COLUMNS))})
       SELECT {_values((*_STATIC, *_COLUMNS))} FROM ok RETURNING number), {_TAIL}
SELECT number FROM c
"""  # noqa: S608

CONTINUE = f"""
WITH ok AS (UPDATE ledger_case SET state = %(state)s::jsonb, head = %(head)s, version = %(version)s,
              {", ".join(f"{n} = %({n})s{_CAST.get(n, '')}" for n in _COLUMNS)}
            WHERE id = %(id)s RETURNING 1), {_TAIL}
SELECT count(*) FROM ok
"""  # noqa: S608


def cursor(rows: Any = tuple_row) -> psycopg.Cursor[Any]:
    """See linli.config.postgres: on Django's own connection, so what it writes is part of the same transaction."""
    prepared: psycopg.Cursor[Any] = connection.prepared(rows)  # type: ignore[attr-defined]
    return prepared


def values(row: Row) -> dict[str, Any]:
    """The parameters that both statements share."""
    entry = row.entry
    return {
        **row.columns,
        "id": row.id,
        "version": row.version,
        "state": orjson.dumps(row.case).decode(),
        "head": row.hash,
        "seq": row.case.seq,
        "at": entry.at,
        "act": entry.act,
        "by": entry.by,
        "role": entry.role,
        "by_channel": entry.channel,
        "works": entry.works,
        "events": row.events.decode(),
        "digest": row.digest,
        "pairs": row.pairs,
        "prev": row.prev,
        "hash": row.hash,
        "salt": row.salt,
        "data": orjson.dumps(dict(entry.data)).decode() if row.salt else None,
        "notes": orjson.dumps([_note(n, entry.at) for n in row.notes]).decode(),
    }


def _note(note: Any, at: Any) -> dict[str, Any]:
    """In-app messages have arrived with the commit: the case's page is where they are read. Others are sent."""
    arrived = note.channel == IN_APP
    return {
        "to": note.to,
        "path": note.path,
        "person": note.person,
        "channel": note.channel,
        "body": note.body,
        "answer": note.answer,
        "state": "delivered" if arrived else "queued",
        "next_try": None if arrived else at,
        "delivered": at if arrived else None,
    }


def insert(row: Row, static: dict[str, Any], registry: int) -> int | None:
    """Write an opened case; its number, or None when the registry has changed meanwhile (decide again)."""
    found = cursor().execute(OPEN, {**values(row), **static, "registry": registry}, prepare=True).fetchone()
    return found[0] if found else None


def update(rows: Sequence[Row]) -> None:
    """Write continued cases, whose rows the caller has locked."""
    if len(rows) == 1:
        cursor().execute(CONTINUE, values(rows[0]), prepare=True)
    elif rows:
        cursor().executemany(CONTINUE, [values(r) for r in rows])
