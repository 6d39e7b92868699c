"""The event as it is sent, its signature, and who wants it. Pure.

CloudEvents 1.0.2, JSON format, structured mode (cloudevents.io); signature after Standard Webhooks 1.0.0
(standardwebhooks.com): HMAC-SHA256 over ``id.timestamp.body``, in three headers.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

PREFIX = "cn.linli.case."
"""Reverse-domain beginning of every type; the kind of event follows."""
TEST = "cn.linli.webhook.test"
CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
SECRET = "whsec_"  # noqa: S105 - the beginning of every secret, not one
_INSIDE = ("kind", "seq", "at", "path")


def cloud_event(source: str, number: int, told: Mapping[str, Any]) -> dict[str, Any]:
    """The event about case ``number`` out of what the ledger tells; ``source`` is this site's address."""
    return {
        "specversion": "1.0",
        "id": f"{number}.{told['seq']}",
        "source": source,
        "type": PREFIX + str(told["kind"]),
        "subject": str(number),
        "time": told["at"],
        "sequence": f"{told['seq']:08d}",
        "datacontenttype": "application/json",
        "data": {"number": number, **{k: v for k, v in told.items() if k not in _INSIDE}},
    }


def test_event(source: str, now: datetime) -> dict[str, Any]:
    """An event that says nothing but that the way is open."""
    return {
        "specversion": "1.0",
        "id": f"test.{secrets.token_hex(8)}",
        "source": source,
        "type": TEST,
        "time": now.isoformat(),
        "datacontenttype": "application/json",
        "data": {"zh": "这是一次测试。", "en": "This is a test."},
    }


def as_body(event: Mapping[str, Any]) -> str:
    """The event as it is signed and sent."""
    return orjson.dumps(event).decode()


def wants(kinds: Sequence[str], institutions: Sequence[str], path: str | None, told: Mapping[str, Any]) -> bool:
    """Whether a subscription with these filters wants the event; ``path`` of its area, None when that is gone."""
    inside = path == "" or (path is not None and f"{told['path']}.".startswith(f"{path}."))
    return inside and (not kinds or told["kind"] in kinds) and (not institutions or told["institution"] in institutions)


def new_secret() -> str:
    """A secret of 32 random bytes."""
    return SECRET + base64.b64encode(secrets.token_bytes(32)).decode()


def is_secret(text: str) -> bool:
    """Whether it is ``whsec_`` and 24 to 64 bytes in base64."""
    try:
        return text.startswith(SECRET) and 24 <= len(base64.b64decode(text.removeprefix(SECRET), validate=True)) <= 64
    except ValueError:
        return False


def headers(secret: str, id: str, body: str, now: datetime) -> dict[str, str]:
    """What is sent beside the body: a receiver checks the signature and that the time is near."""
    stamp = str(int(now.timestamp()))
    key = base64.b64decode(secret.removeprefix(SECRET))
    made = hmac.new(key, f"{id}.{stamp}.{body}".encode(), hashlib.sha256).digest()
    return {
        "Content-Type": CONTENT_TYPE,
        "User-Agent": "linli-webhook/1",
        "webhook-id": id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(made).decode()}",
    }
