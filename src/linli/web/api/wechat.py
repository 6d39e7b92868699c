"""WeChat's server calls here for every message to the Official Account: signature, message, passive answer.

Its documents want an answer within five seconds; everything slow (photos that do not come, answers from the staff)
goes by the outbox and the worker. Plain mode only (明文模式): an encrypted call is refused with the reason in the log.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from linli.features.chat import acts, api, rules
from linli.features.chat.matter import Door, NoPhoto
from linli.kernel.institution import Field, Text
from linli.ledger.definitions import runtime
from linli.people import registry
from linli.web.api import channel
from linli.web.api import open311_place as places
from linli.web.page import danger

log = logging.getLogger("linli.wechat")


@csrf_exempt  # the signature stands for it
@require_http_methods(["GET", "POST"])
def callback(request: HttpRequest) -> HttpResponse:
    """``/wechat/``: GET proves to WeChat that this address is ours, POST brings one message. 404 without an account."""
    account = settings.WECHAT
    if account is None:
        raise Http404
    now = timezone.now()
    asked = request.GET
    given = (asked.get("signature", ""), asked.get("timestamp", ""), asked.get("nonce", ""))
    try:
        rules.check(account.token, *given, now)
        if request.method == "GET":
            return HttpResponse(asked.get("echostr", "")[:200], content_type="text/plain; charset=utf-8")
        said = rules.read(request.read(rules.LONGEST + 1))
        words = acts.hear(said, given[0].lower(), door(account), now)
    except channel.NotSetUp as wrong:
        log.error("%s", wrong)
        return HttpResponse("not set up", status=503, content_type="text/plain")
    except rules.NotTheirs as wrong:
        log.warning("a call that is not believed: %s", wrong)
        return HttpResponse("forbidden", status=403, content_type="text/plain")
    except rules.Unreadable as wrong:
        log.error("a call that cannot be read: %s", wrong)
        return HttpResponse("success", content_type="text/plain")  # anything else and WeChat sends it twice more
    kind = "application/xml" if words else "text/plain"
    return HttpResponse(rules.answer(said, words, now), content_type=f"{kind}; charset=utf-8")


def door(account: Any) -> Door:
    """How chat comes in here. Raises NotSetUp when the settings name what the pack in force does not have."""
    institution, category = channel.raised("LINLI_WECHAT", account.institution, account.category)
    pack = runtime().pack
    return Door(
        institution.name,
        category,
        lambda words: places.named(pack, registry.fresh(), words),
        lambda lat, lng: channel.place(institution, "", point=(lat, lng)),
        lambda: channel.place(institution, account.area),
        _name,
        _keep,
        lambda media, seconds: api.of(account).picture(media, seconds),
        lambda words: [d.says.zh for d in danger.found(pack, [words])],
        lambda secret: f"{settings.PUBLIC_URL}{reverse('follow', args=[secret])}",
    )


def _name(path: str) -> str:
    """The area and the one above it, as people say it."""
    snapshot = registry.current()
    labels = path.split(".")
    known = (snapshot.by_path.get(".".join(labels[:end])) for end in range(1, len(labels) + 1))
    return "".join([p.name for p in known if p][-2:])


def _keep(picture: bytes, field: Field, now: datetime) -> str:
    kept = channel.keep("wechat.jpg", picture, field, now)
    if isinstance(kept, Text):
        raise NoPhoto(kept.zh)
    return kept
