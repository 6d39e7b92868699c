"""A receiver of webhooks on a real socket, which answers as it is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Receiver:
    """``answers`` are used up one by one, each a status or something done with the handler; then all is taken."""

    port: int = 0
    answers: list[int | Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?x=1"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        box: Receiver = self.server.box  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        box.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
        answer = box.answers.pop(0) if box.answers else 204
        if callable(answer):
            answer(self)
            return
        self.send_response(answer)
        said = b"" if answer == 204 else b"no: broken\x1b[31m"
        if answer in (301, 302):
            self.send_header("Location", "http://169.254.169.254/latest/")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *args: object) -> None:
        pass


def silent(handler: BaseHTTPRequestHandler) -> None:
    """Says nothing for a long time."""
    time.sleep(3)


def dripping(handler: BaseHTTPRequestHandler) -> None:
    """Never ends its headers, a byte at a time, so that no single read ever runs out of time."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
    for _ in range(60):
        handler.wfile.write(b"y")
        time.sleep(0.1)


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    """Closes in the middle."""
    handler.close_connection = True
    handler.connection.close()


@contextmanager
def receiver(port: int = 0) -> Iterator[Receiver]:
    """Running until the end of the block."""
    with ThreadingHTTPServer(("127.0.0.1", port), _Handler) as server:
        box = Receiver(server.server_address[1])
        server.box = box  # type: ignore[attr-defined]
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield box
        finally:
            server.shutdown()
