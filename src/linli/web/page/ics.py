"""Dates as calendar files: what a person holds and has raised, meetings they may know of, and one case's own dates.

The same visibility function as the pages; in the titles only number, institution, stage and due.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from linli.features.calendars import acts, queries
from linli.features.calendars.dates import Dated, calendar
from linli.kernel.calendar import SHANGHAI
from linli.kernel.institution import FIELD_CLASSES, Institution, Text
from linli.ledger import queries as lists
from linli.ledger import visible
from linli.ledger.definitions import Runtime, runtime
from linli.ledger.view import CaseView
from linli.ledger.visible import Viewer
from linli.people import registry
from linli.web.page import nav
from linli.web.page.case import Door, by_number, by_secret
from linli.web.page.request import lang, moment, needs_person, person, private, say

MOST = 500
DUE, PROMISED, PAUSED = Text("到期", "due"), Text("最晚答复", "answer promised"), Text("暂停计时", "paused")
HOUR = re.compile(r"\s*([01]?\d|2[0-3])[:：]([0-5]\d)\s*")


@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """``/calendar/<token>/due.ics``: for a calendar program, without signing in."""
    owner = queries.owner(token)
    if owner is None:
        raise Http404
    now, tongue = moment(request), "en" if request.GET.get("lang") == "en" else "zh"
    who = visible.viewer(owner, registry.fresh(), now)
    dates = [*_held(who, now, tongue), *_raised(owner, tongue), *_meetings(runtime(), who, tongue)]
    return _answer(Text("邻里：我的到期日", "Linli: my dates").in_(tongue), dates, now)


@needs_person
@require_http_methods(["GET", "HEAD", "POST"])
def manage(request: HttpRequest) -> HttpResponse:
    """``/calendar/``: one's own address, and ending it when it got into other hands."""
    who = person(request)
    assert who is not None  # noqa: S101  # needs_person has said so
    if request.method == "POST":
        acts.reset(str(who.id))
        messages.success(request, say("已换成新地址，旧地址作废。", "There is a new address; the old one is dead."))
        return HttpResponseRedirect(reverse("calendar"))
    path = reverse("calendar_feed", args=[acts.address(str(who.id))]) + ("?lang=en" if lang() == "en" else "")
    context = {
        "heading": Text("日历订阅", "Calendar"),
        "address": f"{settings.PUBLIC_URL}{path}",
        "now": moment(request),
    }
    return private(render(request, "linli/page/calendar.html", context))


@needs_person
@require_safe
def case_dates(request: HttpRequest, number: int) -> HttpResponse:
    """``/cases/<number>/dates.ics``"""
    return _of_case(request, by_number(request, number))


@require_safe
def follow_dates(request: HttpRequest, secret: str) -> HttpResponse:
    """The same through the secret link."""
    return _of_case(request, by_secret(secret))


def _of_case(request: HttpRequest, door: Door) -> HttpResponse:
    now, tongue = moment(request), lang()
    page: CaseView = door.view(now)
    where = settings.PUBLIC_URL + (
        reverse("follow", args=[door.secret]) if door.secret else nav.case_address(page.case.number)
    )
    dates = [
        Dated(
            f"{page.case.number}-{c.name}",
            _title(page.case.number, page.institution.title, c.title, DUE, tongue, c.state == "paused"),
            where,
            due=c.due,
            paused=c.state == "paused",
        )
        for c in page.clocks
    ]
    name = Text(f"事项 {page.case.number}", f"Matter {page.case.number}").in_(tongue)
    return _answer(name, dates, now)


def _answer(name: str, dates: Iterable[Dated], now: datetime) -> HttpResponse:
    host = urlsplit(settings.PUBLIC_URL).hostname or "linli"
    response = HttpResponse(calendar(name, dates, host, now), content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = 'inline; filename="due.ics"'
    return private(response)


def _title(number: int, kind: Text, stage: Text, what: Text | None, tongue: str, paused: bool = False) -> str:
    words = [kind, stage, PAUSED if paused else what]
    return " · ".join(dict.fromkeys([str(number), *(w.in_(tongue) for w in words if w)]))


def _held(who: Viewer, now: datetime, tongue: str) -> Iterator[Dated]:
    """What the person holds, by its pressing date."""
    for row in lists.queue(who, now, limit=MOST).rows if who.is_staff else ():
        if row.due is not None:
            paused = row.clock == "paused"
            title = _title(row.number, row.kind, row.stage, DUE, tongue, paused)
            yield Dated(f"{row.number}-due", title, _page(row.number), due=row.due, place=row.place, paused=paused)


def _raised(owner: str, tongue: str) -> Iterator[Dated]:
    """The answers that the person was promised."""
    rt = runtime()
    mine = visible.visible(Viewer(owner, ())).filter(ended=None, promise_due__isnull=False)
    for case in mine.order_by("-number")[:MOST]:
        institution = rt.institution(case.institution, case.version)
        title = _title(case.number, institution.title, institution.stages[case.stage].title, PROMISED, tongue)
        yield Dated(f"{case.number}-promise", title, _page(case.number), due=case.promise_due)


def _meetings(rt: Runtime, who: Viewer, tongue: str) -> Iterator[Dated]:
    """Open matters that stand waiting for a day somebody has announced to everybody: evening sessions, hearings."""
    announced = {(i.name, name): i for i in rt.pack.institutions.values() for name in _announced(i)}
    if not announced or not who.is_staff:
        return
    names, stages = {n for n, _ in announced}, {s for _, s in announced}
    found = visible.visible(who).filter(institution__in=names, stage__in=stages, ended=None).order_by("-number")
    places = registry.current().by_path
    for case in found[:MOST]:
        institution = rt.institution(case.institution, case.version)
        stage = institution.stages[case.stage]
        shown = visible.fields(institution, "public", case.fields)
        day = _day(shown.get(stage.until or ""))
        if day is None:
            continue
        hour = next((h for v in shown.values() if isinstance(v, str) and (h := HOUR.fullmatch(v))), None)
        start = datetime.combine(day, time(int(hour[1]), int(hour[2])), SHANGHAI) if hour else None
        place = places.get(case.place)
        title = _title(case.number, institution.title, stage.title, None, tongue)
        at = place.name if place else ""
        yield Dated(f"{case.number}-day", title, _page(case.number), day=day, start=start, place=at)


def _announced(institution: Institution) -> Iterator[str]:
    """The stages that last until a day which everybody may know."""
    for name, stage in institution.stages.items():
        spec = institution.fields.get(stage.until or "")
        if spec is not None and spec.type == "date" and spec.class_ == FIELD_CLASSES[0]:
            yield name


def _day(raw: object) -> date | None:
    try:
        return date.fromisoformat(str(raw)) if raw else None
    except ValueError:
        return None


def _page(number: int) -> str:
    return settings.PUBLIC_URL + nav.case_address(number)
