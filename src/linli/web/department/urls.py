"""The called units' pages."""

from __future__ import annotations

from django.urls import URLPattern, path

from linli.web.department import work
from linli.web.page.nav import offer

urlpatterns: list[URLPattern] = [
    path("", work.work, name="department"),
    path("tasks/<int:number>/<str:act>/", work.act, name="department_act"),
    path("cases/", work.cases, name="department_cases"),
]
offer("department", "department", "本单位", "My unit", "inbox")
offer("department", "department_cases", "全部事项", "All matters", "list")
