"""Every address of the site."""

from __future__ import annotations

from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path

from linli.config.health import healthz

urlpatterns: list[URLPattern | URLResolver] = [path("healthz", healthz, name="healthz")]
if find_spec("linli.web.urls") is not None:
    urlpatterns.append(path("", include("linli.web.urls")))
