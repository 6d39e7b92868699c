"""Slows guessing down: so many wrong tries for a key in a span of time.

Kept in the memory of each web process (the shared cache of Django's default would forget under attack, because it
drops entries at random). With N processes the true limit is N times the one written here; a restart forgets.
"""

from __future__ import annotations

import threading
from collections import deque
from datetime import datetime, timedelta

from django.http import HttpRequest

MOST_KEYS = 100_000


class Throttle:
    """At most ``most`` wrong tries per key within ``span``."""

    def __init__(self, most: int, span: timedelta) -> None:
        self.most, self.span = most, span
        self._tries: dict[str, deque[datetime]] = {}
        self._lock = threading.Lock()

    def is_shut(self, key: str, now: datetime) -> bool:
        """Whether ``key`` must wait."""
        with self._lock:
            return len(self._recent(key, now)) >= self.most

    def note(self, key: str, now: datetime) -> None:
        """A wrong try."""
        with self._lock:
            tries = self._recent(key, now)
            tries.append(now)
            self._tries[key] = tries
            if len(self._tries) > MOST_KEYS:
                self._drop_old(now)

    def forget(self) -> None:
        """Start anew (for tests)."""
        with self._lock:
            self._tries.clear()

    def _recent(self, key: str, now: datetime) -> deque[datetime]:
        tries = self._tries.get(key) or deque(maxlen=self.most)
        while tries and tries[0] <= now - self.span:
            tries.popleft()
        return tries

    def _drop_old(self, now: datetime) -> None:
        old = [k for k, tries in self._tries.items() if tries[-1] <= now - self.span]
        for key in old or list(self._tries)[: MOST_KEYS // 10]:
            del self._tries[key]


def address(request: HttpRequest) -> str:
    """Where the request comes from: the connection's other end, never a header that anybody can write."""
    return f"ip:{request.META.get('REMOTE_ADDR', '')}"
