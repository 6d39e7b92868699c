"""WeChat's server as we ask it: a token, a customer-service message, a picture. Every failure has its code.

The token is asked for with ``stable_token``: any number of processes get the same one, so none ends another's.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import urllib3
from urllib3.exceptions import HTTPError

SECONDS = 8.0
QUICK = 2.0
"""Seconds for a picture while somebody waits: WeChat wants its answer within five."""
EARLY = 300
"""Seconds before its end from which a token is asked for anew."""
TOKEN_WRONG = frozenset({40001, 40014, 42001})
LARGEST = 12 * 2**20


class Failed(Exception):
    """WeChat did not do it. ``code`` is its errcode, None when it did not answer."""

    def __init__(self, code: int | None, words: str) -> None:
        super().__init__(f"{code} {words}" if code is not None else words)
        self.code = code


@dataclass(slots=True)
class Api:
    """One account at one address (``https://api.weixin.qq.com``)."""

    base: str
    app_id: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)
    until: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    pool: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(maxsize=4), repr=False)

    def send(self, openid: str, text: str) -> None:
        """A customer-service message. Raises Failed."""
        message = {"touser": openid, "msgtype": "text", "text": {"content": text}}
        self._with_token("/cgi-bin/message/custom/send", message, SECONDS)

    def picture(self, media: str, seconds: float = SECONDS) -> bytes:
        """A picture that somebody sent; WeChat keeps it for three days. Raises Failed."""
        return self._with_token(f"/cgi-bin/media/get?media_id={media}", None, seconds)

    def _with_token(self, path: str, body: dict[str, Any] | None, seconds: float) -> bytes:
        for attempt in (0, 1):
            joint = "&" if "?" in path else "?"
            try:
                return self._ask(f"{path}{joint}access_token={self._token(seconds)}", body, seconds)
            except Failed as wrong:
                if wrong.code not in TOKEN_WRONG or attempt:
                    raise
                self.until = 0.0
        raise AssertionError("not reached")

    def _token(self, seconds: float) -> str:
        with self.lock:
            if time.monotonic() >= self.until:
                asked = {"grant_type": "client_credential", "appid": self.app_id, "secret": self.secret}
                try:
                    found = json.loads(self._ask("/cgi-bin/stable_token", asked, seconds))
                    self.token, ends = str(found["access_token"]), float(found["expires_in"])
                except (ValueError, KeyError, TypeError):
                    raise Failed(None, "WeChat's answer holds no access token") from None
                self.until = time.monotonic() + max(ends - EARLY, 1.0)
            return self.token

    def _ask(self, path: str, body: dict[str, Any] | None, seconds: float) -> bytes:
        raw = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        try:
            answer = self.pool.request(
                "GET" if raw is None else "POST", self.base + path, body=raw, timeout=seconds, retries=False,
                redirect=False, preload_content=False, headers={"Content-Type": "application/json"},
            )  # fmt: skip
            said = answer.read(LARGEST + 1)
            answer.release_conn()
        except (HTTPError, OSError) as wrong:
            raise Failed(None, f"WeChat does not answer: {type(wrong).__name__}") from None
        if answer.status != 200 or len(said) > LARGEST:
            raise Failed(None, f"WeChat answered {answer.status}, {len(said)} bytes")
        if said[:1] == b"{":
            _refuse(said)
        return said


def _refuse(said: bytes) -> None:
    try:
        told = json.loads(said)
        code = int(told.get("errcode", 0))
    except (ValueError, TypeError, AttributeError):
        raise Failed(None, "WeChat's answer is no JSON") from None
    if code:
        raise Failed(code, str(told.get("errmsg", ""))[:200])


_known: dict[tuple[str, str, str], Api] = {}


def of(settings: Any) -> Api:
    """The account of the settings (``base``, ``app_id``, ``secret``); one for each process, with its token."""
    key = (settings.base, settings.app_id, settings.secret)
    return _known.setdefault(key, Api(*key))
