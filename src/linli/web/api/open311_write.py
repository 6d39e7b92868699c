"""POST requests: a form becomes one opened case, in one statement of the database.

This is the hot path of the whole system: no session, no account, no query besides the one that writes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import QueryDict
from django.urls import reverse

from linli.kernel.case import Case as KernelCase
from linli.kernel.institution import Pack, Text
from linli.kernel.refusal import Refusal
from linli.ledger import act
from linli.ledger.act import Opening, Receipt, Reporter
from linli.ledger.definitions import Runtime
from linli.ledger.rows import day_words, promise_of
from linli.people.registry import Snapshot
from linli.web.api.incoming import NOT_UTF8, email, short
from linli.web.api.open311_formats import Wrong
from linli.web.api.open311_place import locate
from linli.web.api.open311_services import Service, services

CHANNEL = "open311"
LINK = re.compile(r"https?://[^\s/?#]+\S*")
STATUS = {"busy": 503, "gap": 503, "not_yours": 403}
"""HTTP statuses of the ledger's refusals; everything else is wrong input, 400."""


@dataclass(frozen=True, slots=True)
class Posted:
    """An accepted request."""

    service: Service
    receipt: Receipt


def create(rt: Runtime, snapshot: Snapshot, form: QueryDict, now: datetime) -> Posted:
    """Open the case that the form asks for. Raises Wrong or Invalid with every reason; then nothing was written."""
    service = _service(rt.pack, form)
    words = _words(form)
    point = _point(form)
    address, code = (
        short(form.get("address_string"), "address_string", 200),
        short(form.get("address_id"), "address_id", 40),
    )
    if not (point or address or code):
        says = Text(
            "请填写地点：lat 和 long，或者 address_string，或者 address_id。",
            "Say where: lat and long, or address_string, or address_id.",
        )
        raise Wrong(400, says)
    place = locate(rt.pack, snapshot, service.institution, code, point, address)
    data = _data(service, form, words, point, address)
    opening = Opening(service.institution.name, place, _reporter(form), channel=CHANNEL)
    done = act.open(opening, data, now)
    if isinstance(done, Refusal):
        raise Wrong(STATUS.get(done.code, 400), *_reasons(service, done))
    return Posted(service, done)


def _service(pack: Pack, form: QueryDict) -> Service:
    code = (form.get("service_code") or "").strip()
    if not code:
        raise Wrong(400, Text("请填写 service_code。", "service_code is missing; take one from GET services."))
    service = services(pack).get(code)
    if service is None:
        zh = f"没有服务 {code[:40]}；请从 GET services 中选择。"
        raise Wrong(400, Text(zh, f"There is no service {code[:40]}; take one from GET services."))
    return service


def _words(form: QueryDict) -> str:
    """The description, with the address of a picture behind it: a link is shown, never fetched."""
    words = form.get("description") or ""
    if "\ufffd" in words:
        raise Wrong(400, NOT_UTF8)
    if not words.strip():
        raise Wrong(400, Text("请填写 description：说说是什么事。", "description is empty; say what is the matter."))
    link = short(form.get("media_url"), "media_url", 500)
    if not link:
        return words
    if not LINK.fullmatch(link):
        raise Wrong(400, Text("media_url 应是 http 或 https 网址。", "media_url must be an http or https address."))
    return f"{words}\n{link}"


def _point(form: QueryDict) -> tuple[float, float] | None:
    given = [(form.get(n) or "").strip() for n in ("lat", "long")]
    if not any(given):
        return None
    try:
        lat, lng = (float(g) for g in given)
    except ValueError:
        lat = lng = math.nan
    if not (-90 <= lat <= 90 and -180 <= lng <= 180):
        says = Text(
            "lat 和 long 要一起填，写成 WGS-84 的度数，如 31.7711 和 119.9711。",
            "lat and long go together, in WGS-84 degrees such as 31.7711 and 119.9711.",
        )
        raise Wrong(400, says)
    return lat, lng


def _data(
    service: Service, form: QueryDict, words: str, point: tuple[float, float] | None, address: str
) -> dict[str, Any]:
    data: dict[str, Any] = {service.text: words}
    if service.category:
        data["category"] = service.category
    if service.point and point:
        data[service.point] = {"lat": point[0], "lng": point[1]}
    if address and service.address:
        data[service.address] = address
    elif address:
        data[service.text] = f"{words}\n{address}"
    for name in form:
        if name.startswith("attribute["):
            data[_attribute(service, name)] = form[name]
    return data


def _attribute(service: Service, key: str) -> str:
    """``attribute[code]`` or ``attribute[code][]`` → code."""
    name = key.removeprefix("attribute[").removesuffix("[]").removesuffix("]")
    if name not in service.attributes:
        raise Wrong(400, Text(f"这项服务没有属性 {name[:40]}。", f"This service has no attribute {name[:40]}."))
    return name


def _reporter(form: QueryDict) -> Reporter:
    first, last = short(form.get("first_name"), "first_name", 49), short(form.get("last_name"), "last_name", 49)
    chinese = any("\u4e00" <= c <= "\u9fff" for c in first + last)
    name = f"{last}{first}" if chinese else f"{first} {last}".strip()
    return Reporter(None, name, short(form.get("phone"), "phone", 30), email(form.get("email")))


def _reasons(service: Service, refusal: Refusal) -> list[Text]:
    """A sentence for each field that does not fit, called by the name that the client knows."""
    known = {service.text: "description", service.point: "lat, long", service.address: "address_string"}
    named = {n: known.get(n, f"attribute[{n}]") for n in refusal.fields}
    each = [Text(f"{named[n]}：{t.zh}", f"{named[n]}: {t.en}") for n, t in refusal.fields.items()]
    return each or [Text(refusal.says.zh + refusal.change.zh, f"{refusal.says.en} {refusal.change.en}")]


def receipt(posted: Posted, lang: str) -> dict[str, Any]:
    """The answer of the standard: the number, and what will happen until when."""
    done = posted.receipt
    return {
        "service_request_id": str(done.number),
        "service_notice": f"{_notice(posted.service, done.number, done.case, lang)} {_link(done.secret, lang)}",
        "account_id": None,
    }


def _notice(service: Service, number: int, case: KernelCase, lang: str) -> str:
    promise = promise_of(service.institution, case)
    values: Mapping[str, str] = {"number": str(number), "promise": day_words(promise.due, lang) if promise else ""}
    says = service.institution.open.says
    text = says.in_(lang) if says else Text("已登记，编号 {number}。", "Registered as {number}.").in_(lang)
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    return text


def _link(secret: str, lang: str) -> str:
    """Where whoever reported follows the matter, rates it and says "not solved": only this answer carries it."""
    here = settings.PUBLIC_URL + reverse("follow", args=[secret])
    zh, en = "凭此链接查进展、评价，请自己保存", "Follow and rate it here; keep the link to yourself"
    return Text(f"{zh}：{here}", f"{en}: {here}").in_(lang)
