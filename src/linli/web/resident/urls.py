"""Residents' pages: the short addresses."""

from __future__ import annotations

from django.urls import URLPattern, path

from linli.web.resident import find, home, qr, report, same

urlpatterns: list[URLPattern] = [
    path("", home.home, name="home"),
    path("my/", home.my_matters, name="my_matters"),
    path("report/", report.choose, name="report"),
    path("report/<slug:name>/", report.what, name="report_what"),
    path("report/<slug:name>/suggest/", report.hint, name="report_suggest"),
    path("report/<slug:name>/danger/", report.call_first, name="report_danger"),
    path("report/<slug:name>/where/", report.where, name="report_where"),
    path("report/<slug:name>/same/", same.same, name="report_same"),
    path("report/<slug:name>/who/", report.who, name="report_who"),
    path("at/<slug:area>/", qr.at, name="report_at"),
    path("qr/<slug:area>.svg", qr.code, name="area_code"),
    path("c/<str:secret>/sent/", report.sent, name="report_sent"),
    path("follow/", find.follow_find, name="follow_find"),
]
