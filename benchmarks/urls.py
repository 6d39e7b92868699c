"""Every address of the site, and `/empty`."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path

from linli.config.urls import urlpatterns as site


def empty(request: HttpRequest) -> HttpResponse:
    """Nothing at all."""
    return HttpResponse(b"ok")


urlpatterns = [path("empty", empty), *site]
