"""What everybody may read: the institutions, in words, as a table and as a picture."""

from __future__ import annotations

from django.urls import URLPattern, path

from linli.web.open import institutions

urlpatterns: list[URLPattern] = [
    path("institutions/", institutions.index, name="institutions"),
    path("institutions/<slug:name>/", institutions.institution, name="institution"),
]
