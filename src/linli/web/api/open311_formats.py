"""JSON and XML of GeoReport v2, and its errors: the same content in both, mapped by the Spark convention.

https://wiki.open311.org/GeoReport_v2/ , "Format Support".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any
from xml.sax.saxutils import escape

import orjson
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse

from linli.kernel.institution import Text
from linli.web.api.incoming import Invalid, language

TYPES = {"json": "application/json; charset=utf-8", "xml": "text/xml; charset=utf-8"}
ITEM = {
    "services": "service",
    "service_requests": "request",
    "errors": "error",
    "attributes": "attribute",
    "values": "value",
    "endpoints": "endpoint",
    "formats": "format",
}
"""The element that each list of the standard repeats in XML."""

NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
AWAY = Text("系统暂时不可用，请稍后再试。", "The service is not available right now; please try again later.")


class Wrong(Exception):
    """An answer of the standard's ``errors`` kind: an HTTP status and one description for each thing wrong."""

    def __init__(self, status: int, *says: Text) -> None:
        super().__init__(*(s.en for s in says))
        self.status, self.says = status, says


def to_json(payload: Any) -> bytes:
    """The payload as UTF-8 JSON."""
    return orjson.dumps(payload)


def to_xml(root: str, payload: Any) -> bytes:
    """The payload as UTF-8 XML without namespaces; nothing (None) is an empty element."""
    return f'<?xml version="1.0" encoding="utf-8"?>\n{_element(root, payload)}'.encode()


def _element(name: str, value: Any) -> str:
    if value is None or value == "":
        return f"<{name}/>"
    if isinstance(value, bool):
        inner = "true" if value else "false"
    elif isinstance(value, Mapping):
        inner = "".join(_element(k, v) for k, v in value.items())
    elif isinstance(value, (list, tuple)):
        inner = "".join(_element(ITEM[name], v) for v in value)
    else:
        inner = escape(NOT_XML.sub("", str(value)))
    return f"<{name}>{inner}</{name}>"


def answer(format: str, root: str, payload: Any, status: int = 200) -> HttpResponse:
    """An HTTP answer in ``format``; any site may read it, for nothing in it is personal."""
    body = to_xml(root, payload) if format == "xml" else to_json(payload)
    headers = {"Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "nosniff"}
    return HttpResponse(body, content_type=TYPES[format], status=status, headers=headers)


def refuse(format: str, lang: str, status: int, says: tuple[Text, ...]) -> HttpResponse:
    """The standard's list of errors: each with the HTTP status as its code, and a sentence."""
    return answer(format, "errors", [{"code": status, "description": s.in_(lang)} for s in says], status)


def negotiate(request: HttpRequest, format: str | None) -> str:
    """``json`` or ``xml``: by the ending of the address, without one by Accept. Raises Wrong(406)."""
    if format is None:
        wanted = request.get_preferred_type(["application/json", "text/xml", "application/xml"])
        format = {"application/json": "json", "text/xml": "xml", "application/xml": "xml"}.get(wanted or "", "")
    if format not in TYPES:
        raise Wrong(406, Text("只提供 json 和 xml 两种格式。", "Only the formats json and xml are offered."))
    return format


Content = tuple[str, Any]
"""The name of the root element and what stands in it."""


def endpoint(*methods: str) -> Callable[[Callable[..., Content]], Callable[..., HttpResponse]]:
    """A view that returns (root, payload) answers in the format asked for; so do its errors."""
    allowed = (*methods, "HEAD", "OPTIONS") if "GET" in methods else (*methods, "OPTIONS")

    def wrap(view: Callable[..., Content]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def answering(request: HttpRequest, format: str | None = None, **kwargs: Any) -> HttpResponse:
            chosen = format if format in TYPES else "json"
            try:
                chosen = negotiate(request, format)
                if request.method not in allowed:
                    says = Text(f"这个地址不支持 {request.method}。", f"This address does not take {request.method}.")
                    raise Wrong(405, says)
                if request.method == "OPTIONS":
                    return HttpResponse(status=204, headers={"Allow": ", ".join(allowed)})
                return answer(chosen, *view(request, **kwargs))
            except Wrong as wrong:
                response = refuse(chosen, language(request), wrong.status, wrong.says)
                if wrong.status == 405:
                    response["Allow"] = ", ".join(allowed)
                return response
            except Invalid as invalid:
                return refuse(chosen, language(request), 400, (invalid.says,))
            except OperationalError:
                return refuse(chosen, language(request), 503, (AWAY,))

        return answering

    return wrap
