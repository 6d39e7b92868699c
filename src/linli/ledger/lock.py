"""Cases locked for an act: one plain statement each, because building queries would cost more than running them.

Two cases are always locked from the root down (a parent before its children), so that no two acts wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from psycopg.rows import dict_row

from linli.kernel.case import Case as KernelCase
from linli.ledger.models import Case
from linli.ledger.plain import case_from
from linli.ledger.store import cursor


@dataclass(slots=True)
class Locked:
    """What an act needs of a case's row, and how its reporter is reached. ``registry``: the version it was read at."""

    id: str
    number: int
    secret: str
    institution: str
    version: str
    parent_id: str | None
    state: dict[str, Any]
    head: bytes
    place: str
    unit: str | None
    accused: str | None
    reporter_id: str | None
    phone: str
    email: str
    chat: str
    registry: int = 0

    def kernel(self) -> KernelCase:
        """The state as the kernel's case."""
        return case_from(self.state)


def of(case: Case) -> Locked:
    """The same out of a model instance, for those who only read."""
    who = case.reporter
    reach = (who.phone, who.email, who.chat) if who else ("", "", "")
    ids = (str(case.parent_id) if case.parent_id else None, str(case.reporter_id) if case.reporter_id else None)
    return Locked(
        str(case.id), case.number, case.secret, case.institution, case.version, ids[0], case.state, bytes(case.head),
        case.place, case.unit, case.accused, ids[1], *reach,
    )  # fmt: skip


_SELECT = """
SELECT c.id::text, c.number, c.secret, c.institution, c.version, c.parent_id::text, c.state::text, c.head,
       c.place::text, c.unit::text, c.accused::text, c.reporter_id::text, coalesce(p.phone, '') AS phone,
       coalesce(p.email, '') AS email, coalesce(p.chat, '') AS chat,
       (SELECT version FROM places_registry WHERE id = 1) AS registry
FROM ledger_case c LEFT JOIN people_person p ON p.id = c.reporter_id
"""
_ROOT = _SELECT + "WHERE c.id = %s AND c.parent_id IS NULL FOR UPDATE OF c"
_ANY = _SELECT + "WHERE c.id = %s FOR UPDATE OF c"
_SEVERAL = _SELECT + "WHERE c.id = ANY(%s::uuid[]) ORDER BY c.id FOR UPDATE OF c"
_FOLLOWERS = _SELECT + "WHERE c.lead_id = %s AND c.ended IS NULL ORDER BY c.id FOR UPDATE OF c"
_DUE = _SELECT + "WHERE c.id = %s AND c.next_due <= %s FOR UPDATE OF c SKIP LOCKED"
_SKIP = _SELECT + "WHERE c.id = %s FOR UPDATE OF c SKIP LOCKED"
_OLDER = _SELECT + "WHERE c.id = ANY(%s::uuid[]) AND c.ended IS NULL AND c.version <> %s ORDER BY c.id FOR UPDATE OF c"
_DUE_ROOTS = (
    _SELECT + "WHERE c.next_due <= %s AND c.parent_id IS NULL AND NOT c.id = ANY(%s::uuid[])"
    " ORDER BY c.next_due LIMIT %s FOR UPDATE OF c SKIP LOCKED"
)


def lock(case_id: str) -> tuple[Locked, Locked | None]:
    """The case, and its parent if it was called, locked until the transaction ends. Raises Case.DoesNotExist."""
    root = _rows(_ROOT, [case_id])
    if root:
        return root[0], None
    parent_id = Case.objects.filter(id=case_id).values_list("parent_id", flat=True).get()
    parent = _rows(_ANY, [parent_id])[0]
    return _rows(_ANY, [case_id])[0], parent


def followers(case_id: str) -> list[Locked]:
    """The open cases that wait for this one's answer, locked after it."""
    return _rows(_FOLLOWERS, [case_id])


def several(ids: Iterable[str]) -> list[Locked]:
    """These cases in the order of their ids, in which a case that was called comes after the one that called it."""
    return _rows(_SEVERAL, [list(ids)])


def parent_of(case: Locked) -> Locked | None:
    """The case that called this one, locked."""
    return _rows(_ANY, [case.parent_id])[0] if case.parent_id else None


def due_roots(now: datetime, limit: int, without: Iterable[str] = ()) -> list[Locked]:
    """Cases of their own whose next clock ran out, the longest overdue first; those another worker holds are left."""
    return _rows(_DUE_ROOTS, [now, list(without), limit])


def due_child(case_id: str, parent_id: str, now: datetime) -> tuple[Locked, Locked] | None:
    """A called unit's case whose clock ran out, with its parent; None when another worker has either of them."""
    parent = _rows(_SKIP, [parent_id])
    child = _rows(_DUE, [case_id, now]) if parent else []
    return (child[0], parent[0]) if child else None


def older(ids: Iterable[str], version: str, wait: bool) -> list[Locked]:
    """Those of ``ids`` that are open under another version. Unless it waits, cases that somebody has are left out.

    Whoever waits may hold no other case: this order is not the one from the root down.
    """
    return _rows(_OLDER if wait else f"{_OLDER} SKIP LOCKED", [list(ids), version])


def _rows(sql: str, values: Iterable[Any]) -> list[Locked]:
    found = cursor(dict_row).execute(sql, list(values), prepare=True).fetchall()
    return [Locked(**{**row, "state": orjson.loads(row["state"]), "head": bytes(row["head"])}) for row in found]
