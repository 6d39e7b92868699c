"""The desk: what I hold, what waits for my agreement, everything I may see, what is closed."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from linli.kernel.institution import Text
from linli.ledger.definitions import runtime
from linli.web.page.request import needs_work, viewer
from linli.web.staff import opening, table


@needs_work("desk")
@require_safe
def cases(request: HttpRequest) -> HttpResponse:
    """``/desk/``"""
    actions = []
    if opening.openable(runtime().pack, viewer(request)):
        actions = [{"url": reverse("desk_intake"), "text": Text("电话登记", "Phone intake"), "icon": "phone"}]
    return table.show(request, Text("事项", "Matters"), actions)
