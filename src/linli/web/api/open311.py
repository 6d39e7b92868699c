"""Open311 GeoReport v2: the addresses. https://wiki.open311.org/GeoReport_v2/"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.http import HttpRequest, QueryDict
from django.http.multipartparser import MultiPartParserError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from linli.kernel.institution import Pack, Text
from linli.ledger.definitions import runtime
from linli.people import registry
from linli.web.api import auth, open311_read, open311_services, open311_write
from linli.web.api.incoming import language
from linli.web.api.open311_formats import Content, Wrong, endpoint

SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
CHANGESET = "2026-10-01T00:00:00+08:00"
"""When this façade last changed what it offers."""


@endpoint("GET")
def discovery(request: HttpRequest) -> Content:
    """Where the API is and which formats it speaks. https://wiki.open311.org/Service_Discovery"""
    here = {
        "specification": SPECIFICATION,
        "url": f"{settings.PUBLIC_URL}/open311/v2",
        "changeset": CHANGESET,
        "type": "production",
        "formats": ["application/json", "text/xml"],
    }
    contact = Text(f"请在网站上联系：{settings.PUBLIC_URL}/", f"See {settings.PUBLIC_URL}/").in_(language(request))
    notes = Text("不需要密钥即可上报。", "No key is needed to report.")
    if key_required():
        notes = Text("上报需要 api_key，请向管理员申请。", "Reporting needs an api_key; ask the administrator.")
    return "discovery", {
        "changeset": CHANGESET,
        "contact": contact,
        "key_service": notes.in_(language(request)),
        "endpoints": [here],
    }


@endpoint("GET")
def services(request: HttpRequest) -> Content:
    """GET Service List."""
    pack, lang = runtime().pack, language(request)
    jurisdiction(pack, request.GET)
    return "services", [open311_services.listing(s, lang) for s in open311_services.services(pack).values()]


@endpoint("GET")
def service(request: HttpRequest, code: str) -> Content:
    """GET Service Definition."""
    pack = runtime().pack
    jurisdiction(pack, request.GET)
    found = open311_services.services(pack).get(code)
    if found is None:
        raise Wrong(404, Text(f"没有服务 {code[:40]}。", f"There is no service {code[:40]}."))
    return "service_definition", open311_services.definition(pack, found, language(request))


@csrf_exempt
@endpoint("GET", "POST")
def requests(request: HttpRequest) -> Content:
    """GET Service Requests, POST Service Request."""
    rt, now = runtime(), timezone.now()
    if request.method == "POST":
        form = _form(request)
        jurisdiction(rt.pack, form)
        _key(form, now)
        posted = open311_write.create(rt, registry.current(), form, now)
        return "service_requests", [open311_write.receipt(posted, language(request))]
    jurisdiction(rt.pack, request.GET)
    asked = open311_read.wanted(rt, request.GET, now)
    return "service_requests", open311_read.found(rt, registry.current(), asked, language(request))


@endpoint("GET")
def one(request: HttpRequest, id: str) -> Content:
    """GET Service Request."""
    rt = runtime()
    jurisdiction(rt.pack, request.GET)
    found = open311_read.found(rt, registry.current(), open311_read.one(id), language(request))
    if not found:
        raise Wrong(404, Text(f"没有编号为 {id[:20]} 的诉求。", f"There is no request {id[:20]}."))
    return "service_requests", found


@csrf_exempt
@endpoint("GET", "POST")
def unknown(request: HttpRequest, rest: str) -> Content:
    """Every other address below the façade."""
    raise Wrong(404, Text(f"没有这个地址：{rest[:80]}", f"There is no such address: {rest[:80]}"))


def _form(request: HttpRequest) -> QueryDict:
    """What was posted, form-encoded in UTF-8."""
    kind = request.content_type or ""
    if kind not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        says = Text(
            "请用 application/x-www-form-urlencoded 提交。", "Send the form as application/x-www-form-urlencoded."
        )
        raise Wrong(415, says)
    try:
        return request.POST
    except RequestDataTooBig:
        raise Wrong(413, Text("提交的内容太大。", "What was sent is too large.")) from None
    except (TooManyFieldsSent, MultiPartParserError, LookupError):
        raise Wrong(400, Text("表单读不出来。", "The form cannot be read; send it form-encoded in UTF-8.")) from None


def jurisdiction(pack: Pack, query: QueryDict) -> None:
    """One jurisdiction lives here: its 12-digit division code, or nothing, is right. Raises Wrong(404)."""
    named = (query.get("jurisdiction_id") or "").strip()
    if named and named != pack.place:
        says = Text(
            f"这里不受理 {named[:40]}；本地是 {pack.place}。", f"{named[:40]} is not served here; this is {pack.place}."
        )
        raise Wrong(404, says)


def key_required() -> bool:
    """Whether reporting needs an api_key. By default it does not: a resident needs no account to be heard."""
    return bool(getattr(settings, "OPEN311_KEY_REQUIRED", False))


def _key(form: QueryDict, now: datetime) -> None:
    key = (form.get("api_key") or "").strip()
    if key and auth.by_key(key, now) is None:
        raise Wrong(403, Text("api_key 无效或已过期。", "The api_key is not valid or has expired."))
    if not key and key_required():
        raise Wrong(403, Text("请附上 api_key。", "An api_key is required."))
