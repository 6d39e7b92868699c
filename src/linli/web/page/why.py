"""“Why?” on the pages: a fold beside each deadline, holder, unit and refusal, and a page of its own without scripts.

The fold fetches its answer when it is opened; without scripts it holds a link to the same answer as a page.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from linli.drafting.why import Rule, Why
from linli.kernel.case import PAUSE_CLOCK, STAGE_CLOCK
from linli.kernel.institution import Text
from linli.kernel.refusal import Refusal
from linli.ledger import why, why_act
from linli.ledger.definitions import runtime
from linli.ledger.view import CaseView
from linli.ledger.visible import Viewer
from linli.ledger.why_ask import Asking
from linli.web.page.request import moment, private

ACTS = "acts"
"""What the page asks for all acts of the stage that the viewer may not do."""
SETTING = re.compile(r"^setting\b[:;,]?\s*")
HOLDER = Text("为什么由他们办？", "Why do they have it?")
DEADLINE = Text("为什么是这个时间？", "Why this time?")
UNIT = Text("为什么有它？", "Why this one?")
NOT_OFFERED = Text("我为什么不能……", "Why can I not …")


def fold(page: str, what: str, ask: Text) -> dict[str, Any]:
    """The fold of one question as ``parts/why.html`` takes it; ``page`` is the case page's address."""
    return {"url": f"{page}why/?{urlencode({'what': what})}", "ask": ask}


def answers(view: CaseView, who: Viewer, request: HttpRequest, as_reporter: bool, back: str) -> HttpResponse:
    """What the request asks (``what``), or everything that can be asked; 404 for what cannot."""
    now, what = moment(request), request.GET.get("what", "")
    try:
        if what == ACTS:
            found = list(why_act.barred(Asking(view, who, now, as_reporter)))
        elif what:
            found = [why.answer(view, who, now, what, as_reporter)]
        else:
            found = why.answers(view, who, now, as_reporter)
    except LookupError:
        raise Http404 from None
    works = view.clearance in ("handler", "supervisor")
    title = Text(f"事项 {view.case.number}", f"Case {view.case.number}")
    return respond(request, [drawn(w, works) for w in found], title, back)


def respond(request: HttpRequest, found: list[dict[str, Any]], title: Text, back: str) -> HttpResponse:
    """The answers as a fragment for htmx, as a page of their own otherwise."""
    is_fragment = request.headers.get("HX-Request") == "true"
    context = {"answers": found, "title": title, "back": back, "alone": len(found) == 1 and is_fragment}
    return private(render(request, f"linli/page/{'why_part' if is_fragment else 'why'}.html", context))


def refusal(view: CaseView, who: Viewer, request: HttpRequest, as_reporter: bool, act: str, said: Refusal) -> Any:
    """The answer that stands under a refusal. None where no definition says it: somebody was faster."""
    answer = why_act.of_refusal(Asking(view, who, moment(request), as_reporter), act, said)
    if answer.rule is None:
        return None
    told = {"says": None, "changes": ()}  # the alert says both already
    return drawn(answer, view.clearance in ("handler", "supervisor")) | told


def drawn(found: Why, works: bool, cases: str = "") -> dict[str, Any]:
    """An answer as ``parts/why_answer.html`` takes it. Lines of files are for people who ``works``; residents get
    the institution's page instead. ``cases`` is the address of the list that opens a figure's parts.
    """
    facts: list[dict[str, Any]] = []
    if found.rule:
        facts.append(_rule(found.rule, works))
    if found.value:
        note = f"{found.value.parameter} · {found.value.mark.file}:{found.value.mark.line}" if works else None
        facts.append({"label": Text("数值", "Value"), "value": found.value.says, "note": note})
    if found.source:
        facts.append({"label": Text("依据", "Source"), "value": source_words(found.source)})
    return {
        "asks": found.asks,
        "says": found.says,
        "facts": facts,
        "steps": [s.says for s in found.steps],
        "changes": found.changes,
        "parts": [
            {"label": p.title, "value": p.value, "url": f"{cases}?{p.query}" if p.value and cases else None,
             "note": Text("不计入", "left out") if p.role == "excluded" else None}
            for p in found.pieces
        ],
    }  # fmt: skip


def _rule(rule: Rule, works: bool) -> dict[str, Any]:
    fact: dict[str, Any] = {"label": Text("规定", "Rule"), "value": rule.says}
    if works:
        version = f" · {rule.version[:12]}" if rule.version else ""
        fact["note"] = f"{rule.mark.file}:{rule.mark.line} · {rule.key}{version}"
    if rule.institution in runtime().pack.institutions:
        fact["link"] = {"url": reverse("institution", args=[rule.institution]), "text": rule.title}
    return fact


def source_words(source: str) -> Text:
    """Where a number comes from; a setting says that this place chose it itself."""
    rest, count = SETTING.subn("", source)
    if not count:
        return Text(source, source)
    zh = "设定值：没有统一规定，由本地自己定" + (f"（{rest}）" if rest else "")
    return Text(zh, "a setting, chosen here" + (f" ({rest})" if rest else ""))


def folds(view: CaseView, page: str) -> dict[str, Any]:
    """The questions that the case page offers."""
    running = PAUSE_CLOCK if view.paused else STAGE_CLOCK
    return {
        "holder": fold(page, "holder", HOLDER) if view.holder else None,
        "stage": fold(page, f"clock:{running}", DEADLINE) if view.clock(running) else None,
        "acts": fold(page, ACTS, NOT_OFFERED) if _has_barred(view) else None,
    }


def of_part(part: dict[str, Any], page: str) -> dict[str, Any] | None:
    """The fold of a promise (by its clock's name) or of a called unit (by its code)."""
    if part.get("name"):
        return fold(page, f"clock:{part['name']}", DEADLINE)
    return fold(page, f"unit:{part['code']}", UNIT) if part.get("code") else None


def _has_barred(view: CaseView) -> bool:
    return view.clearance in ("handler", "supervisor") and not view.case.ended
