"""The WSGI application. The Open311 door has a handler of its own, without the pages' middleware.

Sessions, languages, CSRF and messages belong to pages. They cost a third of the hot path, which has no use for them:
Open311 answers need no cookie, read none, and carry no markup.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "linli.config.settings")

from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse

from linli.config.headers import security_headers
from linli.config.process import exit_with_parent

DOOR = "/open311/"


class PlainHandler(WSGIHandler):
    """Views behind the security headers and nothing else."""

    def load_middleware(self, is_async: bool = False) -> None:
        """Replaces the chain of settings.MIDDLEWARE."""
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        views: Any = convert_exception_to_response(self._get_response)  # type: ignore[attr-defined]

        def measured(request: HttpRequest) -> HttpResponse:
            response: HttpResponse = views(request)
            response.headers.setdefault("Content-Length", str(len(response.content)))
            return response

        self._middleware_chain = convert_exception_to_response(security_headers(measured))


def settle() -> None:
    """Leave what was loaded at the start out of every later search for garbage: it stops all threads, and finds none.

    The pack in force and the registry are read here, so that nobody's first page waits for them.
    """
    from django.db import Error, connection

    from linli.ledger.definitions import NoPack, runtime
    from linli.people import registry

    try:
        runtime(), registry.current()
    except (NoPack, Error):
        pass  # pages say so
    finally:
        connection.close()
    gc.collect()
    gc.freeze()


exit_with_parent()
_pages = get_wsgi_application()
_door = PlainHandler()
settle()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """What the server calls for each request."""
    handler = _door if environ["PATH_INFO"].startswith(DOOR) else _pages
    return handler(environ, start_response)
