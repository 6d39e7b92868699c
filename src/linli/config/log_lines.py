"""Lines of the server's log: what went wrong and where, never what somebody wrote.

Whoever runs the machine reads the log; they need not be able to read residents' matters. So the secret part of an
address is cut out (a link is the key to a case), and of an error of the database only its kind and the names of table,
column and constraint are kept: its message repeats the row.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import psycopg

SECRET = re.compile(r"(?<=/)(c|links|calendar)/[^/\s?\"']+")
"""Addresses whose next part opens something to whoever knows it: a case's link, a calendar."""
HIDDEN = r"\1/…"


class Line(logging.Formatter):
    """The formatter of every log line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, with its error below it."""
        record.exc_text = None  # another formatter may have kept its own there
        return SECRET.sub(HIDDEN, super().format(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the library's name
        """Each error of the chain, the first cause first, with the places it came through."""
        return "\n".join(_told(error, error.__traceback__) for error in reversed(list(_chain(ei[1]))))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _told(error: BaseException, at: TracebackType | None) -> str:
    places = "".join(traceback.format_tb(at)).rstrip("\n")
    return f"{places}\n{type(error).__module__}.{type(error).__qualname__}: {said(error)}"


def said(error: BaseException) -> str:
    """What may be said of an error: its first line, and of one of the database only names."""
    origin = error if isinstance(error, psycopg.Error) else error.__cause__
    if not isinstance(origin, psycopg.Error) or origin.diag.sqlstate is None:
        return (str(error).splitlines() or [""])[0]
    names = {
        "table": origin.diag.table_name,
        "column": origin.diag.column_name,
        "constraint": origin.diag.constraint_name,
    }
    return ", ".join([f"SQLSTATE {origin.diag.sqlstate}", *(f"{k} {v}" for k, v in names.items() if v)])
