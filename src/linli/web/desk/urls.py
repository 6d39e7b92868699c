"""The desk's pages."""

from __future__ import annotations

from django.urls import URLPattern, path

from linli.web.desk import cases, intake
from linli.web.page.nav import offer
from linli.web.staff import opening

urlpatterns: list[URLPattern] = [
    path("", cases.cases, name="desk"),
    path("intake/", intake.intake, name="desk_intake"),
    path("intake/done/", intake.done, name="desk_intake_done"),
    path("intake/earlier/", intake.earlier, name="desk_intake_earlier"),
]
offer("desk", "desk", "事项", "Matters", "inbox")
offer("desk", "desk_intake", "电话登记", "Phone intake", "phone", opening.may_take_in)
