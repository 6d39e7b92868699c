"""The overview's pages."""

from __future__ import annotations

from django.urls import URLPattern, path

from linli.web.command import figures, plan, rates, webhooks
from linli.web.page.nav import offer

urlpatterns: list[URLPattern] = [
    path("", figures.overview, name="command"),
    path("why/", figures.explained, name="command_why"),
    path("rates/", rates.rates_page, name="command_rates"),
    path("plan/", plan.plan_page, name="command_plan"),
    path("cases/", figures.cases, name="command_cases"),
    path("webhooks/", webhooks.webhooks, name="command_webhooks"),
]
offer("command", "command", "总览", "Overview", "bar-chart")
offer("command", "command_cases", "事项", "Matters", "inbox")
offer("command", "command_rates", "比率", "Rates", "list")
offer("command", "command_plan", "全年计划", "Year plan", "calendar", plan.has_plan)
for work in ("field", "desk", "department"):  # the figures of what they cover themselves
    offer(work, "command", "数字", "Figures", "bar-chart")
