"""Cases read with one plain statement: as lists need them without model instances, or whole.

Conditions come from Django, so that a rule stands in one place; only what they stand in is written here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import QuerySet

from linli.ledger.models import Case
from linli.people.models import Person


class Lean(NamedTuple):
    """The columns of a case that a row shows, and ``written``: its fields, of which only some may be shown."""

    id: UUID
    number: int
    institution: str
    version: str
    stage: str
    holder_role: str | None
    holder_duty: str | None
    holder_path: str | None
    stands_in: bool
    place: str
    unit: str | None
    accused: str | None
    reporter_id: UUID | None
    category: str | None
    opened: datetime
    ended: datetime | None
    paused: datetime | None
    stage_due: datetime | None
    promise_due: datetime | None
    result: str | None
    tier: str | None
    written: Mapping[str, Any]


class Condition(NamedTuple):
    """What stands behind WHERE over ``ledger_case``, with its parameters."""

    sql: str
    params: tuple[Any, ...]

    def and_(self, sql: str, *params: Any) -> Condition:
        """Narrowed further."""
        return Condition(f"({self.sql}) AND ({sql})", (*self.params, *params))


_COLUMNS = ", ".join(f"ledger_case.{name}" for name in Lean._fields[:-1])
_SELECT = f"SELECT {_COLUMNS}, ledger_case.state -> 'fields' FROM ledger_case WHERE "  # noqa: S608 - constants
_WHOLE_COLUMNS = [f.attname for f in Case._meta.concrete_fields]
_STATE = _WHOLE_COLUMNS.index("state")
_PERSON_COLUMNS = [f.attname for f in Person._meta.concrete_fields]
_BOTH = ", ".join([f"ledger_case.{n}" for n in _WHOLE_COLUMNS] + [f"people_person.{n}" for n in _PERSON_COLUMNS])
_JOINED = "ledger_case LEFT JOIN people_person ON people_person.id = ledger_case.reporter_id"
_WHOLE = f"SELECT {_BOTH} FROM {_JOINED} WHERE "  # noqa: S608 - constants
_SOUGHT = (
    "WITH hit AS (SELECT number FROM ledger_case WHERE {} ORDER BY number DESC LIMIT {})"  # noqa: S608 - constants
    f" SELECT {_COLUMNS}, ledger_case.state -> 'fields', (SELECT count(*) FROM hit) FROM ledger_case"
    " WHERE number IN (SELECT number FROM hit ORDER BY number DESC LIMIT {}) ORDER BY number DESC"
)
_MARKED = (
    "SELECT count(*), count(*) FILTER (WHERE found.mark)"
    " FROM (SELECT {} AS mark FROM ledger_case WHERE {} LIMIT {}) AS found"
)
_UP_TO = "SELECT count(*) FROM (SELECT 1 FROM ledger_case WHERE {} LIMIT {}) AS found"


def condition(found: QuerySet[Case]) -> Condition:
    """The condition of a query that looks into no other table than by subqueries. Raises ValueError for another."""
    query = found.query
    try:
        sql, params = query.where.as_sql(query.get_compiler(connection=connection), connection)
    except EmptyResultSet:
        return Condition("FALSE", ())
    except FullResultSet:
        return Condition("TRUE", ())
    joined = [alias for alias, used in query.alias_refcount.items() if used and alias != "ledger_case"]
    if joined:
        raise ValueError(f"a condition over cases alone cannot look into {', '.join(joined)}")
    return Condition(sql, tuple(params))


@cache
def order(*by: Any) -> str:
    """What stands behind ORDER BY for these names and expressions."""
    return str(Case.objects.order_by(*by).query).partition(" ORDER BY ")[2]


def select(where: Condition, by: str, most: int, start: int = 0) -> list[Lean]:
    """The first ``most`` cases from ``start`` on, in the order ``by``."""
    found = rows(f"{_SELECT}{where.sql} ORDER BY {by} LIMIT {int(most)} OFFSET {int(start)}", where.params)
    return [Lean._make((*row[:-1], orjson.loads(row[-1]))) for row in found]


def whole(where: Condition) -> list[Case]:
    """The cases with all their columns and who raised them, as model instances; ``where`` names a key."""
    return _models(by_key(f"{_WHOLE}{where.sql}", where.params))


def first(where: Condition, most: int) -> list[Case]:
    """The same of the ``most`` oldest for which any condition holds."""
    return _models(rows(f"{_WHOLE}{where.sql} ORDER BY ledger_case.number LIMIT {int(most)}", where.params))


def _models(read: Iterable[tuple[Any, ...]]) -> list[Case]:
    found = []
    for row in read:
        values = list(row[: len(_WHOLE_COLUMNS)])
        values[_STATE] = orjson.loads(values[_STATE])
        case = Case.from_db(DEFAULT_DB_ALIAS, _WHOLE_COLUMNS, values)
        person = row[len(_WHOLE_COLUMNS) :]
        known = Person.from_db(DEFAULT_DB_ALIAS, _PERSON_COLUMNS, person) if case.reporter_id else None
        Case._meta.get_field("reporter").set_cached_value(case, known)
        found.append(case)
    return found


def sought(where: Condition, size: int, most: int) -> tuple[list[Lean], int]:
    """The newest ``size`` cases, and how many there are up to ``most``, from one look into each of them."""
    found = rows(_SOUGHT.format(where.sql, int(most), int(size)), where.params)
    return [Lean._make((*row[:-2], orjson.loads(row[-2]))) for row in found], found[0][-1] if found else 0


def up_to(where: Condition, most: int) -> int:
    """How many there are, counted up to ``most``."""
    count: int = rows(_UP_TO.format(where.sql, int(most)), where.params)[0][0]
    return count


def marked(where: Condition, mark: Condition, most: int) -> tuple[int, int]:
    """How many there are, counted up to ``most``, and of these for how many ``mark`` holds."""
    found = rows(_MARKED.format(mark.sql, where.sql, int(most)), (*mark.params, *where.params))
    return found[0][0], found[0][1]


def by_key(sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """What a statement finds that looks up a key: PostgreSQL keeps its plan."""
    found: list[tuple[Any, ...]] = connection.found(sql, params)  # type: ignore[attr-defined]
    return found


def rows(sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """What a statement finds."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found
