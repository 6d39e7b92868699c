"""Open311 for everybody and the JSON API. The ending names the format; without one, Accept does."""

from __future__ import annotations

from django.urls import URLPattern, path, re_path

from linli.web.api import open311, open311_bulk, v1, v1_cases, v1_files, v1_why, wechat

_FORMAT = r"(?:\.(?P<format>[A-Za-z]{1,8}))?"

urlpatterns: list[URLPattern] = [
    re_path(rf"^open311/v2/requests{_FORMAT}$", open311.requests, name="open311_requests"),
    re_path(rf"^open311/v2/requests/(?P<id>[0-9]{{1,40}}){_FORMAT}$", open311.one, name="open311_request"),
    re_path(rf"^open311/v2/services{_FORMAT}$", open311.services, name="open311_services"),
    re_path(
        rf"^open311/v2/services/(?P<code>[A-Za-z0-9_-]{{1,63}}){_FORMAT}$", open311.service, name="open311_service"
    ),
    re_path(rf"^open311/v2/discovery{_FORMAT}$", open311.discovery, name="open311_discovery"),
    re_path(r"^open311/bulk(?:\.csv)?$", open311_bulk.bulk, name="open311_bulk"),
    re_path(rf"^open311/v2/(?P<rest>.*?){_FORMAT}$", open311.unknown, name="open311_unknown"),
    path("wechat/", wechat.callback, name="wechat"),
    path("api/v1/me", v1.me, name="api_me"),
    path("api/v1/cases", v1_cases.cases, name="api_cases"),
    path("api/v1/cases/<int:number>", v1_cases.one, name="api_case"),
    path("api/v1/cases/<int:number>/acts/<str:act>", v1_cases.act, name="api_act"),
    path("api/v1/links/<str:secret>", v1_cases.by_link, name="api_link"),
    path("api/v1/links/<str:secret>/acts/<str:act>", v1_cases.act_by_link, name="api_link_act"),
    path("api/v1/cases/<int:number>/why", v1_why.case, name="api_why"),
    path("api/v1/links/<str:secret>/why", v1_why.link, name="api_link_why"),
    path("api/v1/figures", v1_why.names, name="api_figures"),
    path("api/v1/figures/<str:name>", v1_why.rates_of, name="api_rates"),
    path("api/v1/figures/<str:name>/why", v1_why.figure, name="api_figure_why"),
    path("api/v1/attachments", v1_files.upload, name="api_upload"),
    path("api/v1/attachments/<uuid:id>", v1_files.download, name="api_attachment"),
    path("api/v1/institutions", v1.institutions, name="api_institutions"),
    path("api/v1/institutions/<str:name>", v1.institution, name="api_institution"),
    path("api/v1/areas", v1.areas, name="api_areas"),
    path("api/v1/units", v1.units, name="api_units"),
    path("api/v1/openapi.json", v1.openapi, name="api_openapi"),
    path("api/v1/<path:rest>", v1.unknown, name="api_unknown"),
]
