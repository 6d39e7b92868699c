"""What everybody may read: the institutions, in words, as a table and as a picture."""

from __future__ import annotations

from django.urls import URLPattern, path

from linli.web.open import compare, draft, figures, institutions

urlpatterns: list[URLPattern] = [
    path("figures/", figures.month, name="figures"),
    path("institutions/", institutions.index, name="institutions"),
    path("institutions/compare/", compare.page, name="institution_compare"),
    path("institutions/draft/", draft.draft, name="institution_draft"),  # before any institution's name
    path("institutions/<slug:name>/", institutions.institution, name="institution"),
]
