"""What every audience in office shares: starting a matter of one's own."""

from __future__ import annotations

from django.urls import URLPattern, path

from linli.web.page.nav import offer
from linli.web.staff import bulk, start

urlpatterns: list[URLPattern] = [
    path("start/", start.start, name="start"),
    path("bulk/", bulk.bulk, name="bulk"),
]
for work in ("field", "desk", "department", "command"):
    offer(work, "start", "发起", "Start", "edit", start.may_start)
