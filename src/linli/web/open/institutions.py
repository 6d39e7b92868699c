"""The institutions explained, drawn from the definitions in force: what people read cannot drift from what runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from linli.drafting.diagram import diagram
from linli.drafting.explain import chapters
from linli.drafting.scenario import Scenario, read_scenarios
from linli.drafting.table import Row, table
from linli.drafting.words import Words
from linli.kernel.calendar import SHANGHAI
from linli.kernel.institution import Field, Institution, Text
from linli.ledger.definitions import Runtime, runtime
from linli.web.page.request import lang, moment

COLUMNS = (
    ("stage", Text("环节", "Stage")),
    ("who", Text("谁来办", "Who")),
    ("act", Text("办什么", "Does what")),
    ("by_when", Text("时限", "By when")),
    ("leads_to", Text("之后", "Leads to")),
    ("overdue", Text("逾期了", "If overdue")),
    ("told", Text("告诉谁", "Who is told")),
)


@dataclass(frozen=True, slots=True)
class Number:
    """A dated number the institution rests on."""

    used_for: str
    value: str
    since: date
    source: str


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """``/institutions/``: those residents can start first."""
    found = sorted(runtime().pack.institutions.values(), key=lambda i: (not i.public, i.name))
    return render(request, "linli/open/institutions.html", {"institutions": found})


@require_safe
def institution(request: HttpRequest, name: str) -> HttpResponse:
    """``/institutions/<name>/``: in words, as a picture, as a table, with stories and the sources of the numbers."""
    rt = runtime()
    found = rt.pack.institutions.get(name)
    if found is None:
        raise Http404
    day, language = moment(request).astimezone(SHANGHAI).date(), lang()
    return render(
        request, "linli/open/institution.html", {"institution": found, **drawn(rt.registry, name, language, day)}
    )


@lru_cache(maxsize=64)
def drawn(registry: int, name: str, language: str, day: date) -> dict[str, Any]:
    """What the page shows, made once a day and language; ``registry`` changes when another pack comes into force."""
    rt = runtime()
    found = rt.pack.institutions[name]
    return {
        "chapters": chapters(rt.pack, found, language, day),
        "picture": mark_safe(diagram(rt.pack, found, language, day)),  # noqa: S308 — it escapes every word
        "table": as_table(table(rt.pack, found, language, day)),
        "numbers": list(numbers(rt, found, language, day)),
        "stories": [story(rt, s, language) for s in stories(rt, name)],
    }


def as_table(rows: Iterable[Row]) -> dict[str, Any]:
    """The rows as ``parts/table.html`` takes them."""
    cells = [[{"label": title, "text": getattr(row, key) or "—"} for key, title in COLUMNS] for row in rows]
    return {
        "caption": Text("谁、办什么、多久办完", "Who does what, by when"),
        "columns": [{"label": title} for _, title in COLUMNS],
        "rows": cells,
    }


def numbers(rt: Runtime, found: Institution, language: str, day: date) -> Iterable[Number]:
    """Every limit of the institution with the date it holds from and where it comes from."""
    words = Words(rt.pack, found, language, day)
    for parameter, titles in used(found).items():
        dated = words.dated(parameter)
        if dated is not None:
            title = words.join(t.in_(language) for t in titles)
            yield Number(title, words.limit(parameter), dated.from_, dated.source)


def used(found: Institution) -> dict[str, list[Text]]:
    """Parameters in reading order, each with the titles of the stages, clocks and acts that rest on it."""
    uses: dict[str, list[Text]] = {}
    things = (
        [(s.within, s.title) for s in found.stages.values()]
        + [(c.limit, c.title) for c in found.clocks.values()]
        + [(a.within, a.title) for a in found.anywhere.values()]
        + [(a.within, a.title) for s in found.stages.values() for a in s.acts.values()]
    )
    for parameter, title in things:
        if parameter:
            uses.setdefault(parameter, []).append(title)
    return uses


def stories(rt: Runtime, name: str) -> list[Scenario]:
    """The scenarios beside the definition."""
    read, _ = read_scenarios(dict(rt.files), rt.pack)
    return [s for s in read if s.institution == name]


def story(rt: Runtime, scenario: Scenario, language: str) -> dict[str, Any]:
    """A scenario as people read it: when, who, did what, and what was written."""
    own = rt.pack.institutions[scenario.institution]
    steps = []
    for step in scenario.steps:
        titles: dict[str, Text] = {}
        fields: dict[str, Field] = {}
        for one in (own, *(rt.pack.institutions.values() if step.on else ())):
            places = [{"open": one.open}, one.anywhere, *(s.acts for s in one.stages.values())]
            titles |= {n: a.title for acts in places for n, a in acts.items()}
            fields |= dict(one.fields)
        if step.on:  # on a called unit's case its own words win over the caller's
            titles |= {n: a.title for s in _called(rt, own) for n, a in _acts(s).items()}
        said = [v for n, v in step.data.items() if n in fields and fields[n].type == "text" and isinstance(v, str)]
        act = titles.get(step.act.partition(".")[0])
        steps.append(
            {"at": step.at, "who": step.who, "act": act or step.act, "said": said, "refused": bool(step.refused)}
        )
    return {"title": scenario.title, "steps": steps}


def _called(rt: Runtime, own: Institution) -> list[Institution]:
    names = [s.calls.institution for s in own.stages.values() if s.calls]
    return [rt.pack.institutions[n] for n in dict.fromkeys(names) if n in rt.pack.institutions]


def _acts(found: Institution) -> dict[str, Any]:
    return {**found.anywhere, **{n: a for s in found.stages.values() for n, a in s.acts.items()}}
