"""A stand-in for api.weixin.qq.com over real HTTP: tokens, customer-service messages and pictures, with its errors."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

APP_ID, SECRET, TOKEN = "wx0123456789abcdef", "an-app-secret", "thetoken2026"


@dataclass
class Weixin:
    """What it was asked and how it shall answer. ``outside`` are openids that wrote last more than 48 h ago."""

    port: int = 0
    tokens: int = 0
    valid: str = ""
    sent: list[dict[str, Any]] = field(default_factory=list)
    pictures: dict[str, bytes] = field(default_factory=dict)
    outside: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def token(self, asked: dict[str, Any]) -> dict[str, Any]:
        if (asked.get("appid"), asked.get("secret")) != (APP_ID, SECRET):
            return {"errcode": 40125, "errmsg": "invalid appsecret"}
        self.tokens += 1
        self.valid = f"token-{self.tokens}"
        return {"access_token": self.valid, "expires_in": 7200}

    def send(self, given: str, message: dict[str, Any]) -> dict[str, Any]:
        if given != self.valid:
            return {"errcode": 40001, "errmsg": "invalid credential"}
        if message["touser"] in self.outside:
            return {"errcode": 45015, "errmsg": "response out of time limit or subscription is canceled"}
        self.sent.append(message)
        return {"errcode": 0, "errmsg": "ok"}


@contextmanager
def running() -> Iterator[Weixin]:
    """It listens on a free port until the end."""
    weixin = Weixin()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: Any) -> None:
            pass

        def answer(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            parts = urlsplit(self.path)
            weixin.calls.append(parts.path)
            given = parse_qs(parts.query).get("access_token", [""])[0]
            told = weixin.token(asked) if parts.path == "/cgi-bin/stable_token" else weixin.send(given, asked)
            self.answer(json.dumps(told).encode(), "application/json")

        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            found = weixin.pictures.get(query["media_id"][0])
            if query["access_token"][0] != weixin.valid:
                self.answer(b'{"errcode": 42001, "errmsg": "access_token expired"}', "application/json")
            elif found is None:
                self.answer(b'{"errcode": 40007, "errmsg": "invalid media_id"}', "application/json")
            else:
                self.answer(found, "image/jpeg")

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    weixin.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield weixin
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
