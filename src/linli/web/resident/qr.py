"""A code to hang up at the gate: it opens the report page in WeChat or a browser, with the place already known."""

from __future__ import annotations

import io

import segno
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from linli.ledger.definitions import runtime
from linli.people import registry
from linli.web.page.raising import raisable
from linli.web.resident import draft as drafts
from linli.web.resident.places import Chooser

EDGE_MM = 40
"""Printed as it is; a code of this size is read from half a metre."""


@require_safe
def code(request: HttpRequest, area: str) -> HttpResponse:
    """``/qr/<area>.svg``: the code of an area, error correction M, black on white whatever the page's colours."""
    _known(area)
    out = io.BytesIO()
    address = f"{settings.PUBLIC_URL}{reverse('report_at', args=[area])}"
    made = segno.make(address, error="m", micro=False)
    scale = EDGE_MM / made.symbol_size()[0]
    made.save(out, kind="svg", scale=scale, unit="mm", dark="#000", light="#fff", border=4, title=f"{area} {address}")
    answer = HttpResponse(out.getvalue(), content_type="image/svg+xml")
    answer.headers["Cache-Control"] = "public, max-age=86400"
    return answer


@require_safe
def at(request: HttpRequest, area: str) -> HttpResponse:
    """``/at/<area>/``: the report page with this place chosen, unless another was chosen by hand before."""
    _known(area)
    for institution in raisable(runtime().pack):
        draft = drafts.load(request, institution.name)
        if "where" not in draft.seen:
            draft.place = area
            drafts.save(request, draft)
    return HttpResponseRedirect(reverse("report"))


def _known(area: str) -> None:
    if not Chooser(runtime().pack, registry.current()).chain(area):
        raise Http404
