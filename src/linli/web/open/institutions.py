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

from linli.drafting.check_states import TooManyStates
from linli.drafting.diagram import diagram
from linli.drafting.explain import chapters
from linli.drafting.scenario import Happened, Scenario, play, read_scenarios
from linli.drafting.story import story as told
from linli.drafting.table import Row, table
from linli.drafting.words import Words
from linli.drafting.worst import worst_case
from linli.kernel.calendar import SHANGHAI
from linli.kernel.institution import Act, Institution, Pack, Text
from linli.ledger.definitions import Runtime, runtime
from linli.web.page.forms import NO, YES, leaves
from linli.web.page.request import lang, moment

COLUMNS = (
    ("stage", Text("环节", "Stage")),
    ("who", Text("谁来办", "Who")),
    ("act", Text("办什么", "Does what")),
    ("only_if", Text("条件", "Only if")),
    ("by_when", Text("时限", "By when")),
    ("leads_to", Text("之后", "Leads to")),
    ("overdue", Text("逾期了", "If overdue")),
    ("told", Text("告诉谁", "Who is told")),
)


A_LINE_OR_TWO = 300
"""A text of at most so many characters gets an ordinary line on the paper form."""


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
    if "paper" in request.GET:
        if not on_paper(found):
            raise Http404
        return render(request, "linli/open/paper.html", {"institution": found, "lines": paper(rt.pack, found)})
    day, language = moment(request).astimezone(SHANGHAI).date(), lang()
    context = {"institution": found, "on_paper": on_paper(found), **drawn(rt.registry, name, language, day)}
    return render(request, "linli/open/institution.html", context)


def on_paper(found: Institution) -> bool:
    """Whether people raise it, who may as well do so on paper."""
    return found.public and found.parties[found.raised_by].who == "person"


def paper(pack: Pack, found: Institution) -> list[dict[str, Any]]:
    """The lines of a blank form: what the opening asks for, with a box to tick for each choice."""
    lines = []
    for name in (*found.open.needs, *found.open.may):
        field = found.fields[name]
        boxes: list[Text] = []
        if field.type == "yes_no":
            boxes = [YES, NO]
        elif field.type == "code":
            boxes = [c.title for c in leaves(pack.lists.get(field.list or "", {}))]
        elif field.type == "files":
            boxes = [Text("另附", "Attached")]
        height = "tall" if field.type in ("text", "items") and (field.max is None or field.max > A_LINE_OR_TWO) else ""
        if field.type != "point":  # nobody knows their coordinates; the address is asked for as well
            lines.append({"field": field, "needed": name in found.open.needs, "boxes": boxes, "height": height})
    return lines


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
        "worst": longest(rt.pack, found, language, day),
    }


def longest(pack: Pack, found: Institution, language: str, day: date) -> dict[str, Any] | None:
    """From report to answer at most: in words, and told stage by stage; None where nothing bounds it."""
    try:
        worst = worst_case(pack, found, day)
    except (TooManyStates, LookupError):
        return None
    if worst is None:
        return None
    scenes = told(pack, found, worst.path, whole=True, on=day)
    steps = [{n: getattr(s, n).in_(language) for n in ("when", "who", "act", "stage")} for s in scenes]
    return {"words": worst.words(language), "steps": steps, "plus": [t.in_(language) for t in worst.plus]}


def as_table(rows: Iterable[Row]) -> dict[str, Any]:
    """The rows as ``parts/table.html`` takes them."""
    found = list(rows)
    shown = [(key, title) for key, title in COLUMNS if key != "only_if" or any(r.only_if for r in found)]
    cells = [[{"label": title, "text": getattr(row, key) or "—"} for key, title in shown] for row in found]
    return {
        "caption": Text("谁、办什么、多久办完", "Who does what, by when"),
        "columns": [{"label": title} for _, title in shown],
        "rows": cells,
    }


def numbers(rt: Runtime, found: Institution, language: str, day: date) -> Iterable[Number]:
    """Every limit of the institution with the date it holds from and where it comes from."""
    words = Words(rt.pack, found, language, day)
    for parameter, titles in used(found).items():
        title = words.join(t.in_(language) for t in titles)
        for dated in words.of_day(parameter):
            yield Number(title, words.value(dated), dated.from_, dated.source)


def used(found: Institution) -> dict[str, list[Text]]:
    """Parameters in reading order, each with the titles of the stages, clocks and acts that rest on it."""
    uses: dict[str, list[Text]] = {}
    things = (
        [(s.within, s.title) for s in found.stages.values()]
        + [(c.limit, c.title) for c in found.clocks.values()]
        + [(a.within, a.title) for a in found.anywhere.values()]
        + [(a.within, a.title) for s in found.stages.values() for a in s.acts.values()]
        + [(s.publish.period, s.title) for s in found.stages.values() if s.publish]
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
    """A scenario as it plays: when, who, did what at which stage, and what was written; with what came by itself."""
    steps = [s for h in play(rt.pack, scenario).steps if (s := _step(rt, scenario, h, language))]
    return {"title": scenario.title, "steps": steps}


def _step(rt: Runtime, scenario: Scenario, happened: Happened, language: str) -> dict[str, Any] | None:
    """One step in words; None for what is no news: a reminder, a called case that opens."""
    institution = rt.pack.institutions[happened.institution]
    act = _act(institution, happened)
    clock = institution.clocks.get(happened.act.removeprefix("clock:"))
    by_itself = happened.who not in scenario.cast
    if "@" in happened.act or (by_itself and (happened.act == "open" or not (act or clock))):
        return None
    fields = institution.fields
    said = [
        v for n, v in happened.data.items() if n in fields and fields[n].type == "text" and isinstance(v, str) and v
    ]
    return {
        "at": happened.at,
        "who": "" if by_itself else happened.who,
        "by_itself": by_itself,
        "act": act.title if act else clock.title if clock else happened.act,
        "on": institution.title if happened.case != "main" else None,
        "said": said,
        "refused": happened.refused.says if happened.refused else None,
    }


def _act(institution: Institution, happened: Happened) -> Act | None:
    """The act as it stands at the stage the case stood at; the same name may have another title elsewhere."""
    name = happened.act.partition(".")[0]
    if happened.stage is None:
        return institution.open
    stage = institution.stages[happened.stage]
    if name == "child_ended":  # the join, when this was the last one
        joined = (stage.calls.then if stage.calls else stage.gathers) or ""
        return stage.acts.get(joined) if happened.moved else None
    here = institution.acts_at(happened.stage)
    elsewhere = (
        [s.acts for s in institution.stages.values()] if happened.refused else []
    )  # refused as not possible here
    return next((acts[name] for acts in (here, institution.anywhere, *elsewhere) if name in acts), None)
