"""The grid worker's pages."""

from __future__ import annotations

from django.urls import URLPattern, path

from linli.web.field import patrol, tasks
from linli.web.page.nav import offer
from linli.web.staff import opening

urlpatterns: list[URLPattern] = [
    path("", tasks.tasks, name="field"),
    path("tasks/<int:number>/<str:act>/", tasks.act, name="field_act"),
    path("report/", patrol.report, name="field_report"),
    path("cases/", tasks.cases, name="field_cases"),
]
offer("field", "field", "我的任务", "My tasks", "inbox")
offer("field", "field_report", "登记", "Register", "camera", opening.may_take_in)
offer("field", "field_cases", "全部事项", "All here", "list")
