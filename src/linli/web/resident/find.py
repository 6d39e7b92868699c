"""Following a matter by its number: what is public for everybody, all of it with the link's code or the phone's end."""

from __future__ import annotations

import re
import secrets as compare
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from linli.kernel.institution import Text
from linli.ledger import visible
from linli.ledger.definitions import runtime
from linli.ledger.models import Case
from linli.web.page import rows
from linli.web.page.clocks import date_words
from linli.web.page.request import moment, private
from linli.web.page.throttle import Throttle, address

FROM_ONE_PLACE = Throttle(30, timedelta(minutes=10))
FOR_ONE_NUMBER = Throttle(5, timedelta(hours=1))
DIGITS = 4
SHORTEST_PHONE = 7


@require_http_methods(["GET", "HEAD", "POST"])
def follow_find(request: HttpRequest) -> HttpResponse:
    """``/follow/``: by GET with a number the public view; by POST with a code or phone digits the whole page."""
    if request.method == "POST":
        return _open(request)
    number = request.GET.get("number", "").strip()
    if not number:
        return _page(request, "")
    case = _published(number)
    if case is None:
        wrong = Text("没有找到这个编号，请对照回执再看看。", "There is no such number; compare it with your receipt.")
        return _page(request, number, [{"field": "f-number", "text": wrong}], 404)
    return _page(request, number, found=_public(case))


def _published(number: str) -> Case | None:
    """The case if its existence may be known to everybody."""
    if not re.fullmatch(r"[0-9]{1,15}", number):
        return None
    return visible.published(runtime().pack).filter(number=int(number)).first()


def _public(case: Case) -> dict[str, Any]:
    """Stage, category and promise: the fields of class public, and no word of what was written."""
    rt = runtime()
    institution = rt.institution(case.institution, case.version)
    seen = visible.fields(institution, "public", case.fields)
    facts: list[dict[str, Any]] = [{"label": Text("类型", "Kind"), "value": institution.title}]
    category = rows.category(rt, institution, seen)
    if category:
        facts.append({"label": Text("类别", "Category"), "value": category})
    facts.append({"label": Text("反映时间", "Reported"), "moment": case.reported})
    if case.promise_due and not case.ended:
        facts.append({"label": Text("最晚答复", "Answer promised by"), "value": date_words(case.promise_due)})
    if case.ended:
        facts.append({"label": Text("办结时间", "Closed"), "moment": case.ended})
    return {"number": case.number, "chip": rows.stage_chip(rt, institution, case), "facts": facts}


def _open(request: HttpRequest) -> HttpResponse:
    number, given = request.POST.get("number", "").strip(), request.POST.get("code", "").strip()
    now, here, it = moment(request), address(request), f"number:{number[:20]}"
    if FROM_ONE_PLACE.is_shut(here, now) or FOR_ONE_NUMBER.is_shut(it, now):
        wait = Text("试的次数太多了，请过一个小时再试，或拨打 12345。", "Too many tries; wait an hour or call 12345.")
        return _page(request, number, [{"field": "", "text": wait}], 429)
    secret = _secret(number, given.rstrip("/").rpartition("/")[2])  # the whole link may be pasted too
    if secret:
        return HttpResponseRedirect(reverse("follow", args=[secret]))
    FROM_ONE_PLACE.note(here, now)
    FOR_ONE_NUMBER.note(it, now)
    wrong = Text(
        "编号和电话后四位（或查询码）对不上，请再看看。",
        "The number and the digits (or the code) do not belong together.",
    )
    return _page(request, number, [{"field": "f-code", "text": wrong}], 422)


def _secret(number: str, given: str) -> str:
    """The case's secret when the code is it, or the digits are the end of its reporter's phone; otherwise nothing.

    A wrong number and a wrong code give the same answer, so that neither can be told from the other.
    """
    if not re.fullmatch(r"[0-9]{1,15}", number) or not given:
        return ""
    case = Case.objects.select_related("reporter").filter(number=int(number), parent=None).first()
    if case is None:
        return ""
    if compare.compare_digest(given.encode(), case.secret.encode()):
        return case.secret
    phone = re.sub(r"\D", "", case.reporter.phone) if case.reporter else ""
    fits = len(given) == DIGITS and len(phone) >= SHORTEST_PHONE and phone.endswith(given)
    return case.secret if fits else ""


def _page(
    request: HttpRequest, number: str, errors: Any = (), status: int = 200, found: dict[str, Any] | None = None
) -> HttpResponse:
    wrong = {e["field"]: e["text"] for e in errors}
    number_field = {
        "name": "number", "kind": "text", "inputmode": "numeric", "label": Text("事项编号", "Number of the matter"),
        "required": True, "value": number, "error": wrong.get("f-number"), "autocomplete": "off",
    }  # fmt: skip
    code_field = {
        "name": "code", "kind": "text",
        "label": Text("电话后四位，或回执上的查询码", "Last four digits of your phone, or the code"),
        "required": True, "error": wrong.get("f-code"), "autocomplete": "off",
        "help": Text("用来确认是您本人，才能看到详细内容。", "Shows that it is you; the details need it."),
    }  # fmt: skip
    context = {
        "number_field": number_field,
        "code_field": code_field,
        "errors": list(errors),
        "found": found,
        "number": number,
    }
    return private(render(request, "linli/resident/follow_find.html", context, status=status))
