"""Which fields stand on which screen, how they are drawn, and how they are read into the draft."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from django.http import HttpRequest, QueryDict

from linli.kernel.institution import Field, Institution
from linli.kernel.values import ANSWER_FIRST, Invalid, is_empty, parse
from linli.ledger.definitions import runtime
from linli.people import registry
from linli.web.page import forms
from linli.web.page.forms import Filled, Frame
from linli.web.page.request import moment
from linli.web.resident.draft import Draft
from linli.web.resident.places import Chooser

SCREENS = ("what", "where", "who")
LONGEST_ADDRESS = 300


def screens(institution: Institution) -> dict[str, list[Field]]:
    """The fields of the opening by screen, as its definition has them.

    A position, and the short text named right before it (its address), are *where*; the unit complained of is under
    *who*; everything else is *what*.
    """
    asked = [*institution.open.needs, *institution.open.may]
    names = [n for n in asked if institution.fields[n].class_ != "handler"]  # staff grade it; residents do not
    by: dict[str, list[Field]] = {s: [] for s in SCREENS}
    for n, name in enumerate(names):
        spec = institution.fields[name]
        after = institution.fields[names[n + 1]] if n + 1 < len(names) else None
        is_address = (
            spec.type == "text"
            and (spec.max or LONGEST_ADDRESS + 1) <= LONGEST_ADDRESS
            and after
            and after.type == "point"
        )
        if spec.type == "point" or is_address:
            by["where"].append(spec)
        elif name == institution.against:
            by["who"].append(spec)
        else:
            by["what"].append(spec)
    return by


def frame_of(institution: Institution, draft: Draft) -> Frame:
    """What the controls are drawn from, at the place chosen so far."""
    rt, snapshot = runtime(), registry.current()
    return Frame(rt.pack, institution, snapshot, Chooser(rt.pack, snapshot).path(draft.place))


def draw(frame: Frame, specs: list[Field], filled: Filled) -> list[dict[str, Any]]:
    """The controls of a screen with what was filled in and what is wrong with it."""
    needs = frame.institution.open.needs
    return [
        forms.control(
            frame, s, required=s.name in needs, value=filled.data.get(s.name), error=filled.errors.get(s.name)
        )
        for s in specs
    ]


def _checked(frame: Frame, specs: list[Field], filled: Filled) -> Filled:
    """Complaints as the ledger would make them, made on the screen they belong to."""
    for spec in specs:
        raw = filled.data.get(spec.name)
        if is_empty(raw):
            if spec.name in frame.institution.open.needs:
                filled.errors.setdefault(spec.name, ANSWER_FIRST)
            continue
        try:
            parse(frame.pack, spec, raw)
        except Invalid as fault:
            filled.errors.setdefault(spec.name, fault.says)
    return filled


def read(request: HttpRequest, institution: Institution, draft: Draft, specs: list[Field]) -> Filled:
    """What was sent for ``specs``, checked; the draft takes it over right or wrong, so that nothing is typed twice."""
    sent = forms.read(_with_point(request, specs), request.FILES, specs, moment(request))
    filled = _checked(frame_of(institution, draft), specs, sent)
    for spec in specs:
        draft.data.pop(spec.name, None)
    draft.data.update(filled.data)
    return filled


def point_of(filled: Filled, specs: list[Field]) -> str:
    """The position as ``lat,lng``, or ""."""
    return str(next((filled.data.get(s.name) or "" for s in specs if s.type == "point"), ""))


def with_position(fields: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The address and the button for the position are one control on the screen: two names, one line."""
    if len(fields) == 2 and fields[1]["kind"] == "place":
        address, point = fields
        return [{**address, "kind": "place", "lat": point["lat"], "lon": point["lon"]}]
    return fields


def _with_point(request: HttpRequest, specs: list[Field]) -> QueryDict:
    """The form with the position under the point's own name, though it came with the address's control."""
    post = request.POST.copy()
    for address, point in pairwise(specs):
        if point.type == "point":
            for end in ("lat", "lon"):
                post.setdefault(f"{point.name}_{end}", post.get(f"{address.name}_{end}", ""))
    return post
