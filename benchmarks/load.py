"""A frugal HTTP client: keep-alive connections in one thread, so that the server gets the processors."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Answers:
    """What came back: seconds of each answer, and how many were not 2xx."""

    seconds: list[float] = field(default_factory=list)
    wrong: int = 0
    first_wrong: bytes = b""
    elapsed: float = 0.0

    @property
    def rate(self) -> float:
        """Right answers a second."""
        return (len(self.seconds) - self.wrong) / self.elapsed if self.elapsed else 0.0

    def percentile(self, share: float) -> float:
        """Milliseconds within which ``share`` of the answers came."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


class _Connection:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.sent = 0.0

    def send(self, request: bytes) -> None:
        self.sent = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> tuple[bytes, bytes] | None:
        """(status line and headers, body) once the whole answer is here."""
        data = self.socket.recv(262144)
        if not data:
            raise ConnectionError("the server closed the connection")
        self.buffer += data
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return None
        length = _length(head)
        if len(body) < length:
            return None
        self.buffer = body[length:]
        return head, body[:length]


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise ValueError("an answer without Content-Length")


def run(port: int, connections: int, seconds: float, request: Callable[[int], bytes]) -> Answers:
    """Send ``request(n)`` for n = 0, 1, 2 … over ``connections`` at once for ``seconds``."""
    answers, count = Answers(), 0
    selector = selectors.DefaultSelector()
    began = time.perf_counter()
    until, opened, waiting = began + seconds, 0, connections
    while waiting:
        if opened < min(connections, len(answers.seconds) + 1):  # one after another, as people come
            c = _Connection(port)
            selector.register(c.socket, selectors.EVENT_READ, c)
            opened += 1
            c.send(request(count))
            count += 1
        for key, _ in selector.select(5):
            c = key.data
            answer = c.receive()
            if answer is None:
                continue
            answers.seconds.append(time.perf_counter() - c.sent)
            if not answer[0].startswith((b"HTTP/1.1 2", b"HTTP/1.1 3")):
                answers.wrong += 1
                answers.first_wrong = answers.first_wrong or b"\n".join(answer)[:400]
            if time.perf_counter() < until:
                c.send(request(count))
                count += 1
            else:
                waiting -= 1
                selector.unregister(c.socket)
                c.socket.close()
    answers.elapsed = time.perf_counter() - began
    return answers


def get(path: str, cookie: str = "") -> bytes:
    """A GET request."""
    more = f"Cookie: {cookie}\r\n" if cookie else ""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{more}Accept-Language: zh-CN\r\n\r\n".encode()


def post(path: str, body: bytes) -> bytes:
    """A form-encoded POST request."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    return head.encode() + f"Content-Length: {len(body)}\r\n\r\n".encode() + body
