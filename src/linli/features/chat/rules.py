"""One call of WeChat's server, read: is it really theirs, who wrote, and what. Pure.

The rules are those of the Official Account documents, "接入指南" (signature) and "接收普通消息" (messages), in plain
mode. The signature covers token, timestamp and nonce but not the message, so it is believed for MINUTES only, and one
signature for one message only (see acts).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from linli.places.datum import GCJ02, to_wgs84

WINDOW = 300
"""Seconds that a signature is believed, before and after its timestamp."""
LONGEST = 64 * 1024
"""Bytes of a call; a text message has at most 2 048 bytes."""
LONGEST_TEXT = 2_000
OPENID = re.compile(r"[A-Za-z0-9_-]{6,64}")

TEXT, IMAGE, PLACE, JOINED, OTHER = "text", "image", "place", "joined", "other"


class NotTheirs(ValueError):
    """The call was not signed with our token, or too long ago."""


class Unreadable(ValueError):
    """The call is signed, but it is no message as documented."""


@dataclass(frozen=True, slots=True)
class Said:
    """One message. ``key`` is the same for every copy of it; ``account`` is ours; ``point`` is WGS-84 (lat, lng)."""

    key: str
    openid: str
    account: str
    kind: str
    text: str = ""
    media: str = ""
    point: tuple[float, float] | None = None


def signature(token: str, timestamp: str, nonce: str) -> str:
    """SHA-1 of the three in alphabetical order."""
    return hashlib.sha1("".join(sorted((token, timestamp, nonce))).encode(), usedforsecurity=False).hexdigest()


def check(token: str, given: str, timestamp: str, nonce: str, now: datetime) -> None:
    """Raises NotTheirs unless the call is signed with ``token`` and was made around ``now``."""
    if not token or not hmac.compare_digest(signature(token, timestamp, nonce).encode(), given.lower().encode()):
        raise NotTheirs("the signature is wrong: LINLI_WECHAT_TOKEN is not the one set at mp.weixin.qq.com")
    if not timestamp.isascii() or not timestamp.isdecimal() or len(timestamp) > 12:
        raise NotTheirs("the timestamp is no number")
    if abs(int(timestamp) - now.timestamp()) > WINDOW:
        raise NotTheirs("the timestamp is too far from now; is the clock of this machine right?")


def read(body: bytes) -> Said:
    """The message in a call's body. Raises Unreadable."""
    if len(body) > LONGEST or b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise Unreadable("too long, or with a document type, which WeChat never sends")
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 - no document type, so no entities; bounded above
    except (ElementTree.ParseError, ValueError, LookupError) as wrong:
        raise Unreadable(f"no XML: {wrong}") from None
    values = {child.tag: (child.text or "").strip() for child in root}
    if "Encrypt" in values and "MsgType" not in values:
        raise Unreadable("encrypted: set the account to plain mode (明文模式) at mp.weixin.qq.com")
    openid, account = values.get("FromUserName", ""), values.get("ToUserName", "")
    if not OPENID.fullmatch(openid) or not account:
        raise Unreadable("no sender or no receiver")
    key = values.get("MsgId") or f"{openid}:{values.get('CreateTime', '')}:{values.get('Event', '')}"
    kind, text, media, point = _content(values)
    return Said(key[:100], openid, account[:64], kind, text, media, point)


def _content(values: dict[str, str]) -> tuple[str, str, str, tuple[float, float] | None]:
    kind = values.get("MsgType", "")
    if kind == "text":
        return TEXT, values.get("Content", "").replace("\x00", "")[:LONGEST_TEXT], "", None
    if kind == "voice" and values.get("Recognition"):
        return TEXT, values["Recognition"][:LONGEST_TEXT], "", None
    if kind == "image" and re.fullmatch(r"[A-Za-z0-9_-]{1,200}", values.get("MediaId", "")):
        return IMAGE, "", values["MediaId"], None
    if kind == "location":
        return PLACE, values.get("Label", "")[:200], "", _point(values)
    if kind == "event" and values.get("Event", "").lower() == "subscribe":
        return JOINED, "", "", None
    return OTHER, "event" if kind == "event" else "", "", None


def _point(values: dict[str, str]) -> tuple[float, float]:
    """WeChat's own positions are GCJ-02: Location_X is the latitude."""
    try:
        lat, lng = float(values["Location_X"]), float(values["Location_Y"])
    except (KeyError, ValueError):
        raise Unreadable("a location without numbers") from None
    if not (abs(lat) <= 90 and abs(lng) <= 180):
        raise Unreadable("a location that is none")
    lng, lat = to_wgs84((lng, lat), GCJ02)
    return round(lat, 6), round(lng, 6)


def answer(said: Said, words: str, now: datetime) -> str:
    """The passive reply, as XML; ``success`` (answer nothing) for no words."""
    if not words:
        return "success"
    return (
        f"<xml><ToUserName>{escape(said.openid)}</ToUserName><FromUserName>{escape(said.account)}</FromUserName>"
        f"<CreateTime>{int(now.timestamp())}</CreateTime><MsgType>text</MsgType>"
        f"<Content>{escape(_printable(words))}</Content></xml>"
    )


def _printable(words: str) -> str:
    """Without what XML 1.0 forbids; at most what one message may hold."""
    return "".join(c for c in words if c in "\n\t" or c >= " ")[:600]
