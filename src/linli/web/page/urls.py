"""The shared pages: one case, its files, signing in and out."""

from __future__ import annotations

from django.urls import URLPattern, path

from linli.web.page import attachments, case, ics, preview, privacy, sign_in

urlpatterns: list[URLPattern] = [
    path("cases/<int:number>/", case.case, name="case"),
    path("cases/<int:number>/diagram/", case.case_diagram, name="case_diagram"),
    path("cases/<int:number>/why/", case.case_why, name="case_why"),
    path("cases/<int:number>/acts/<str:act>/", case.case_act, name="case_act"),
    path("c/<str:secret>/", case.follow, name="follow"),
    path("c/<str:secret>/diagram/", case.follow_diagram, name="follow_diagram"),
    path("c/<str:secret>/why/", case.follow_why, name="follow_why"),
    path("c/<str:secret>/acts/<str:act>/", case.follow_act, name="follow_act"),
    path("cases/<int:number>/dates.ics", ics.case_dates, name="case_dates"),
    path("c/<str:secret>/dates.ics", ics.follow_dates, name="follow_dates"),
    path("calendar/", ics.manage, name="calendar"),
    path("calendar/<str:token>/due.ics", ics.feed, name="calendar_feed"),
    path("cases/<int:number>/contact/", privacy.case_contact, name="case_contact"),
    path("cases/<int:number>/privacy/", privacy.case_privacy, name="case_privacy"),
    path("cases/<int:number>/as/<slug:audience>/", preview.case_as, name="case_as"),
    path("c/<str:secret>/privacy/", privacy.follow_privacy, name="follow_privacy"),
    path("c/<str:secret>/as/<slug:audience>/", preview.follow_as, name="follow_as"),
    path("files/<uuid:id>/", attachments.file, name="file"),
    path("sign-in/", sign_in.sign_in, name="sign_in"),
    path("sign-in/as/<slug:key>/", sign_in.become, name="become"),
    path("sign-out/", sign_in.sign_out, name="sign_out"),
]
