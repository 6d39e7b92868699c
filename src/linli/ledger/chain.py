"""The hash chain of a case's entries. Personal data is not in it: only the digest of a salted value is."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from datetime import UTC
from typing import Any

import orjson

from linli.kernel.case import Entry

START = bytes(32)
"""What stands before the first entry of a case."""


def canonical(value: Any) -> bytes:
    """One spelling for a plain value: sorted keys, no spaces, UTF-8. The same before and after the database."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def salted(data: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """A new salt and the digest of ``data`` under it."""
    salt = os.urandom(16)
    return salt, digest(salt, data)


def digest(salt: bytes, data: Mapping[str, Any]) -> bytes:
    """SHA-256 over the salt and the canonical data."""
    return hashlib.sha256(salt + canonical(data)).digest()


def link(prev: bytes, case: str, seq: int, entry: Entry, version: str, events: bytes, digest: bytes | None) -> bytes:
    """The hash of an entry over the one before it: who, when, which act, what followed (its canonical ``events``)."""
    head = [
        case,
        seq,
        entry.at.astimezone(UTC).isoformat(),
        entry.act,
        entry.by,
        entry.role,
        entry.channel,
        entry.works,
        version,
        hashlib.sha256(events).hexdigest(),
        digest.hex() if digest else None,
    ]
    return hashlib.sha256(prev + canonical(head)).digest()
