"""Who is signed in, read with one plain statement: every page asks for it first."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends import db
from django.db import connection
from django.utils import timezone

_FIND = "SELECT session_data FROM django_session WHERE session_key = %s AND expire_date > %s"


class SessionStore(db.SessionStore):
    """Django's own sessions in the database, but for the reading."""

    def load(self) -> dict[str, Any]:
        """What the session holds; nothing, and a new key at the next writing, where there is none."""
        found = connection.found(_FIND, [self.session_key, timezone.now()])  # type: ignore[attr-defined]
        if not found:
            self._session_key = None
            return {}
        kept: dict[str, Any] = self.decode(found[0][0])
        return kept
