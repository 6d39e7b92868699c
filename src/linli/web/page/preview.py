"""“What others see”: the same case through the same view function with somebody else's clearance, to read only.

Staff see each picture whole. Who raised the case sees only what of their own report each one reads, because a called
unit also reads what is written for the work.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from linli.kernel.calendar import SHANGHAI
from linli.kernel.institution import Text
from linli.ledger import view as views
from linli.ledger import visible
from linli.ledger.definitions import Runtime, runtime
from linli.ledger.models import Case
from linli.ledger.view import CaseView
from linli.ledger.visible import ANYBODY, Viewer
from linli.people import registry
from linli.people.registry import Held
from linli.web.page import drawing
from linli.web.page.case import Door, by_number, by_secret
from linli.web.page.request import moment, needs_person, private

AUDIENCES = {
    "public": Text("公众", "The public"),
    "units": Text("协办单位", "Called units"),
    "reporter": Text("反映人", "Who raised it"),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """One picture: whose eyes, and the case as they see it; None where they see nothing."""

    title: str | Text
    view: CaseView | None


@needs_person
@require_safe
def case_as(request: HttpRequest, number: int, audience: str) -> HttpResponse:
    """``/cases/<number>/as/<audience>/``: for those who handle the case, and for whoever raised it."""
    door = by_number(request, number)
    own = str(door.case.reporter_id) == door.who.person
    works = visible.clearance(runtime().pack, door.who, door.case) in ("handler", "supervisor")
    if not works and not own:
        raise Http404
    return _page(request, door, audience, whole=works)


@require_safe
def follow_as(request: HttpRequest, secret: str, audience: str) -> HttpResponse:
    """``/c/<secret>/as/<audience>/``"""
    return _page(request, by_secret(secret), audience, whole=False)


def _page(request: HttpRequest, door: Door, audience: str, whole: bool) -> HttpResponse:
    if audience not in AUDIENCES:
        raise Http404
    now = moment(request)
    mine = door.view(now)
    readable = {f.name for f in mine.facts}
    pictures = [_drawn(s, readable, whole) for s in _seen(door, audience, now)]
    tabs = [
        {"url": f"{door.page}as/{name}/", "text": words, "active": name == audience}
        for name, words in AUDIENCES.items()
        if whole or name != "reporter"
    ]
    context = {"pictures": pictures, "tabs": tabs, "back": door.page, "case": door.case, "audience": audience}
    return private(render(request, "linli/page/preview.html", context))


def _seen(door: Door, audience: str, now: datetime) -> list[Seen]:
    rt = runtime()
    if audience == "public":
        is_published = visible.published(rt.pack).filter(pk=door.case.pk).exists()
        return [Seen(AUDIENCES["public"], views.view(door.case, ANYBODY, now) if is_published else None)]
    if audience == "reporter":
        institution = rt.institution(door.case.institution, door.case.version)
        if institution.parties[institution.raised_by].who != "person":
            return [Seen(AUDIENCES["reporter"], None)]
        return [Seen(AUDIENCES["reporter"], views.view(door.case, ANYBODY, now, as_reporter=True))]
    children = Case.objects.filter(parent=door.case).order_by("number")
    return [_unit(rt, c, now) for c in children if c.unit]


def _unit(rt: Runtime, child: Case, now: datetime) -> Seen:
    """The called unit's own case through the eyes of somebody who holds its duty there."""
    institution = rt.institution(child.institution, child.version)
    duty = next((r.duty for r in institution.roles.values() if r.at == "unit"), "")
    unit = registry.current().units_by_path.get(child.unit or "")
    eyes = Viewer(None, (Held("", duty, child.unit or "", child.unit, now.astimezone(SHANGHAI).date(), None),))
    return Seen(unit.name if unit else "", views.view(child, eyes, now))


def _drawn(seen: Seen, readable: set[str], whole: bool) -> dict[str, Any]:
    view = seen.view
    if view is None:
        return {"title": seen.title, "nothing": True}
    facts = [f for f in view.facts if whole or f.name in readable]
    files = [f for f in facts if f.type == "files" and isinstance(f.raw, list)]
    public = view.clearance == "public"
    places = (*view.place[-3:],) if not public else _public_place(view)
    head = [
        {"label": Text("编号", "Number"), "value": str(view.case.number)},
        {"label": Text("环节", "Stage"), "value": view.result if view.case.ended and view.result else view.stage},
        {"label": Text("地点", "Place"), "value": " ".join(places)},
    ]
    return {
        "title": seen.title,
        "facts": [*head, *drawing.facts(facts)],
        "photos": sum(len(f.raw) for f in files),
        "has_photos": view.case.attachments.exists() or bool(files),
        "named": bool(view.contact),
        "events": drawing.timeline(view, None) if whole and not public else [],
    }


def _public_place(view: CaseView) -> tuple[str, ...]:
    found = visible.public_place(runtime().pack, registry.current(), view.case.place)
    return (found.name,) if found else ()
