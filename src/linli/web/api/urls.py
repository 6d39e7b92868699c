"""Open311 for everybody and the JSON API. The ending names the format; without one, Accept does."""

from __future__ import annotations

from django.urls import URLPattern, re_path

from linli.web.api import open311

_FORMAT = r"(?:\.(?P<format>[A-Za-z]{1,8}))?"

urlpatterns: list[URLPattern] = [
    re_path(rf"^open311/v2/requests{_FORMAT}$", open311.requests, name="open311_requests"),
    re_path(rf"^open311/v2/requests/(?P<id>[0-9]{{1,40}}){_FORMAT}$", open311.one, name="open311_request"),
    re_path(rf"^open311/v2/services{_FORMAT}$", open311.services, name="open311_services"),
    re_path(
        rf"^open311/v2/services/(?P<code>[A-Za-z0-9_-]{{1,63}}){_FORMAT}$", open311.service, name="open311_service"
    ),
    re_path(rf"^open311/v2/discovery{_FORMAT}$", open311.discovery, name="open311_discovery"),
    re_path(rf"^open311/v2/(?P<rest>.*?){_FORMAT}$", open311.unknown, name="open311_unknown"),
]
