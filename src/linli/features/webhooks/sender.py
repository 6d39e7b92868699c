"""One POST: to the address that was checked, under the name it has, without following anything, within one deadline."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass

import urllib3.connection
from urllib3.exceptions import HTTPError

from linli.features.webhooks import target
from linli.features.webhooks.target import Refused

SECONDS = 10.0
"""For everything: finding the host, the connection, sending, and the answer's beginning."""
READ = 300


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it. ``status`` is None when no answer came; ``error`` is empty when it was taken (2xx)."""

    status: int | None
    error: str

    @property
    def ok(self) -> bool:
        """It was taken."""
        return not self.error


def post(url: str, body: str, headers: Mapping[str, str], intranet: bool, seconds: float = SECONDS) -> Answer:
    """Send it. Never raises: every failure is an Answer with its reason."""
    try:
        where = target.find(url, intranet)
    except Refused as refused:
        return Answer(None, str(refused))
    except OSError as wrong:
        return Answer(None, f"the host cannot be found: {wrong}")
    connection = _connection(where, seconds)
    late = threading.Event()

    def give_up() -> None:
        late.set()
        if connection.sock is not None:
            try:
                connection.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # it is closed already

    timer = threading.Timer(seconds, give_up)
    timer.daemon = True
    timer.start()
    try:
        connection.request(
            "POST", where.path, body=body.encode(), headers={**headers, "Host": where.named}, preload_content=False
        )
        answer = connection.getresponse()
        if late.is_set():  # cut off in the middle of its headers, which reads like their end
            raise TimeoutError
        said = "" if answer.status in range(200, 300) else _beginning(answer)
        return Answer(answer.status, said)
    except (HTTPError, http.client.HTTPException, OSError, ssl.SSLError, ValueError) as wrong:
        slow = late.is_set() or isinstance(wrong, TimeoutError)
        return Answer(None, f"no answer within {seconds:g} seconds" if slow else f"{type(wrong).__name__}: {wrong}")
    finally:
        timer.cancel()
        connection.close()


def _connection(where: target.Target, seconds: float) -> urllib3.connection.HTTPConnection:
    if not where.tls:
        return urllib3.connection.HTTPConnection(where.ip, where.port, timeout=seconds)
    context = ssl.create_default_context()
    return urllib3.connection.HTTPSConnection(
        where.ip,
        where.port,
        timeout=seconds,
        ssl_context=context,
        server_hostname=where.host,
        assert_hostname=where.host,
    )


def _beginning(answer: urllib3.BaseHTTPResponse) -> str:
    """The first words of a refusal, for whoever looks into the dead letters."""
    if answer.status in range(300, 400):
        return f"{answer.status}: it points elsewhere, and webhooks follow nothing; subscribe that address instead"
    said = answer.read(READ).decode("utf-8", "replace")
    plain = " ".join("".join(c if c.isprintable() else " " for c in said).split())
    return f"{answer.status} {answer.reason or ''}: {plain}".strip(": ")
