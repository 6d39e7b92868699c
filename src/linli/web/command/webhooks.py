"""Where events go, how each way fares, and the letters nobody took: for those who supervise."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from linli.features.webhooks import acts, queries
from linli.features.webhooks.models import Subscription
from linli.features.webhooks.queries import Dead, Listed
from linli.kernel.institution import Text
from linli.ledger.definitions import runtime
from linli.people import registry
from linli.web.page.request import moment, needs_work, private, say, viewer
from linli.web.staff.table import supervises

MOST = 100
KINDS = {
    "opened": Text("登记", "opened"),
    "moved": Text("换环节", "moved"),
    "answered": Text("答复", "answered"),
    "overdue": Text("到期", "overdue"),
    "ended": Text("办结", "ended"),
    "updated": Text("更新", "updated"),
}


@needs_work("command")
@require_http_methods(["GET", "HEAD", "POST"])
def webhooks(request: HttpRequest) -> HttpResponse:
    """``/command/webhooks/``. New ones are made on the command line: whoever runs the site decides where it sends."""
    if not supervises(runtime().pack, viewer(request)):
        raise Http404
    if request.method == "POST":
        _do(request)
        return HttpResponseRedirect(reverse("command_webhooks"))
    dead = queries.dead(MOST + 1)
    context = {
        "heading": Text("事件推送", "Webhooks"),
        "subscriptions": [_subscription(s) for s in queries.subscriptions()],
        "dead": [_dead(d) for d in dead[:MOST]],
        "more": len(dead) > MOST,
        "most": MOST,
        "now": moment(request),
    }
    return private(render(request, "linli/command/webhooks.html", context))


def _do(request: HttpRequest) -> None:
    """One of the buttons: test, stop, start, again; whatever names nothing does nothing."""
    what, raw = request.POST.get("do", ""), request.POST.get("id", "")
    id = int(raw) if raw.isdecimal() and len(raw) <= 18 else 0
    now = moment(request)
    if what == "again":
        count = acts.again(now, [id] if "id" in request.POST else None)
        messages.success(request, say(f"{count} 件会重新发送。", f"{count} will be sent again."))
    elif what in ("stop", "start") and acts.switch(id, what == "start"):
        messages.success(request, say("已保存。", "Saved."))
    elif what == "test":
        try:
            answer = acts.test(id, now)
        except Subscription.DoesNotExist:
            return
        if answer.ok:
            messages.success(request, say("对方收到了测试。", "The receiver took the test."))
        else:
            messages.error(
                request, say(f"对方没有收到：{answer.error}", f"The receiver did not take it: {answer.error}")
            )


def _subscription(s: Listed) -> dict[str, Any]:
    pack, places = runtime().pack, registry.current().places
    kinds = [KINDS[k] for k in s.kinds if k in KINDS]
    names = [pack.institutions[i].title for i in s.institutions if i in pack.institutions]
    area = places[s.area].name if s.area in places else s.area
    wants = [*kinds, *names, *([Text(area, area)] if area else [])] or [Text("全部", "everything")]
    state = {"label": Text("使用中", "On"), "tone": "done"}
    if not s.active:
        state = {"label": Text("已停", "Stopped"), "tone": "warn"}
    return {"id": s.id, "url": s.url, "wants": wants, "state": state, "active": s.active, "note": s.note,
            "queued": s.queued, "dead": s.dead, "last": s.last}  # fmt: skip


def _dead(d: Dead) -> dict[str, Any]:
    kind = d.type.rpartition(".")[2]
    return {"id": d.id, "url": d.url, "kind": KINDS.get(kind, Text(kind, kind)), "number": d.number,
            "created": d.created, "tries": d.tries, "reason": d.reason}  # fmt: skip
