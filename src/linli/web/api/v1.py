"""The rest of the JSON API: who I am, institutions, places and units, and its own description."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from linli.web.api import v1_problem, v1_shapes
from linli.web.api.v1_call import Call, api
from linli.web.api.v1_openapi import document


@api("GET")
def me(call: Call) -> Any:
    """GET the caller and the duties of today."""
    duties = [
        {"duty": h.duty, "title": _title(call, h.duty), "at": _node(call, h.path), "since": h.starts.isoformat()}
        for h in call.who.duties
    ]
    return {"account": call.known.username, "name": call.known.name, "duties": duties}


def _title(call: Call, duty: str) -> str:
    known = call.rt.pack.duties.get(duty)
    return known.title.in_(call.lang) if known else duty


def _node(call: Call, path: str) -> str | None:
    place, office = call.registry.by_path.get(path), call.registry.units_by_path.get(path)
    return place.code if place else office.code if office else None


@api("GET", public=True)
def institutions(call: Call) -> Any:
    """GET the institutions in force; everybody may read them."""
    return {"items": [v1_shapes.summary(i, call.lang) for i in call.rt.pack.institutions.values()]}


@api("GET", public=True)
def institution(call: Call, name: str) -> Any:
    """GET one institution; ``version`` names an older one, under which open cases may still run."""
    version = call.request.GET.get("version") or None
    try:
        found = call.rt.institution(name, version)
    except LookupError:
        raise v1_problem.not_found() from None
    return v1_shapes.definition(call.rt, found, call.lang)


@api("GET", public=True)
def areas(call: Call) -> Any:
    """GET the areas directly below ``parent`` (a code), or those at the top."""
    parent = call.request.GET.get("parent") or None
    if parent and parent not in call.registry.places:
        raise v1_problem.not_found()
    found = [p for p in call.registry.places.values() if p.parent == parent]
    return {"items": [v1_shapes.area(p) for p in sorted(found, key=lambda p: p.code)]}


@api("GET")
def units(call: Call) -> Any:
    """GET the units, for whoever names one in an act."""
    kind = call.request.GET.get("kind")
    found = [u for u in call.registry.units.values() if not kind or u.kind == kind]
    return {"items": [v1_shapes.unit(u) for u in sorted(found, key=lambda u: u.code)]}


@api("GET", public=True)
def openapi(call: Call) -> Any:
    """GET this API described in OpenAPI 3.1."""
    return document(f"{settings.PUBLIC_URL}/api/v1", call.lang)


@api("GET", "POST", "PUT", "PATCH", "DELETE", public=True)
def unknown(call: Call, rest: str) -> Any:
    """Every other address below the API."""
    raise v1_problem.not_found()
