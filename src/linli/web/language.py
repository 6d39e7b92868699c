"""The language of a page, found out once for each request: a list of fifty rows asks for it 500 times."""

from __future__ import annotations

from contextvars import ContextVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware import locale
from django.utils.translation import get_language

_of_request: ContextVar[bool | None] = ContextVar("chinese", default=None)


class LocaleMiddleware(locale.LocaleMiddleware):
    """Django's own, which also remembers the answer while the request lasts."""

    def process_request(self, request: HttpRequest) -> None:
        """Activate the language that the reader chose, or that their browser asks for."""
        super().process_request(request)
        _of_request.set(_is_chinese())

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Forget it; what is drawn outside of requests goes by the language active there."""
        _of_request.set(None)
        return super().process_response(request, response)


def chinese() -> bool:
    """True when the language is Chinese, which is also the language when none is active."""
    known = _of_request.get()
    return _is_chinese() if known is None else known


def _is_chinese() -> bool:
    return not (get_language() or "zh-hans").lower().startswith("en")
