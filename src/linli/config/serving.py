"""Runs the web server (granian) in this process until it is told to stop."""

from __future__ import annotations

import errno
import multiprocessing
import os
import socket
import time
from dataclasses import dataclass

import click

PORT_PATIENCE = 3.0  # seconds
ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - asked for by whoever starts the server


@dataclass(frozen=True)
class Server:
    """Where and how wide to serve. `workers` are processes; `threads` are requests at once in each of them."""

    host: str
    port: int
    workers: int
    threads: int

    @property
    def url(self) -> str:
        """What to type into a browser on this machine."""
        host = "127.0.0.1" if self.host in ANY_ADDRESS else self.host
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def prepare_environment(self) -> None:
        """Tell the settings, read later by us and by the processes we start, how many connections to keep."""
        os.environ.setdefault("LINLI_KEEP_CONNECTIONS", "yes")
        os.environ.setdefault("LINLI_PUBLIC_URL", self.url)
        os.environ["LINLI_EXIT_WITH_PARENT"] = str(os.getpid())

    def require_free_port(self) -> None:
        """Raises click.UsageError when the address cannot be listened on. Waits a little for the processes of a
        server that was killed with -9: they notice within PORT_PATIENCE seconds."""
        for attempt in range(10):
            problem = self._bind_error()
            if problem is None:
                return
            if problem.errno != errno.EADDRINUSE:
                raise click.UsageError(f"Cannot listen on {self.host}:{self.port}: {problem.strerror}.")
            time.sleep(PORT_PATIENCE / 10 if attempt < 9 else 0)
        raise click.UsageError(f"Port {self.port} is taken; choose another with --port.")

    def _bind_error(self) -> OSError | None:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.host, self.port))
            except OSError as error:
                return error
        return None

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM."""
        from django.db import connections
        from granian import Granian
        from granian.constants import Interfaces
        from granian.log import LogLevels

        # Fresh processes on every platform; a forked one would inherit our connections.
        multiprocessing.set_start_method("spawn", force=True)
        for connection in connections.all(initialized_only=True):
            connection.close()
        Granian(
            "linli.config.wsgi:application",
            address=self.host,
            port=self.port,
            interface=Interfaces.WSGI,
            workers=self.workers,
            blocking_threads=self.threads,
            respawn_failed_workers=True,
            workers_kill_timeout=10,
            websockets=False,
            log_level=LogLevels.warning,
        ).serve()


def default_workers() -> int:
    """Two processes per processor, at most eight: the kernel hands out connections blindly, and of two processes with
    four connections one often has three."""
    return min(8, 2 * (os.cpu_count() or 1))


DEFAULT_THREADS = 2  # while one waits for the disk, the other computes; more would only wait for Python's one lock
