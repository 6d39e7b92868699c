"""Many matters of one kind into one theme: chosen in a list, joined one by one, each with what became of it.

Nothing here knows a theme: whatever a `case` field of the matters may name and an office starts is one. Every matter is
joined by its own act in its own transaction, so one that is refused keeps no other from being joined.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from linli.kernel.institution import Institution, Pack, Text
from linli.kernel.refusal import Refusal
from linli.ledger import act as ledger
from linli.ledger import filters as narrowing
from linli.ledger import queries, visible
from linli.ledger.definitions import Runtime, runtime
from linli.ledger.likely import joining
from linli.ledger.models import Case
from linli.ledger.queries import Row
from linli.ledger.visible import Viewer
from linli.people import registry
from linli.web.page import nav
from linli.web.page.request import moment, needs_person, private, start, viewer
from linli.web.staff import opening, rows
from linli.web.staff.start import Start

MOST = 200
TARGETS = 50
NEW = "new"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one matter; ``says`` is the reason when it was not joined."""

    row: dict[str, Any]
    done: bool
    says: Text | None = None


def may_gather(pack: Pack, who: Viewer) -> bool:
    """Whether any act that joins matters may be done in a duty of ``who``."""
    mine = {h.duty for h in who.duties}
    for institution in pack.institutions.values():
        join = _join(institution)
        if join and any(r in institution.roles and mine & set(pack.ladder(institution.roles[r].duty)) for r in join[1]):
            return True
    return False


def _join(institution: Institution) -> tuple[str, tuple[str, ...]] | None:
    """(field, roles) of the first act by which a matter of this institution joins another, at whatever stage."""
    for stage in institution.stages:
        found = joining(institution, stage)
        if found:
            return found.field, found.act.by
    return None


@needs_person
@require_http_methods(["GET", "HEAD", "POST"])
def bulk(request: HttpRequest) -> HttpResponse:
    """``/bulk/``: the matters named by ``n`` (or all that ``query`` finds), and what to join them to."""
    who, now = viewer(request), moment(request)
    rt = runtime()
    if not may_gather(rt.pack, who):
        raise Http404
    sent = request.POST if request.method == "POST" else request.GET
    cases = _chosen(who, sent, now)
    starts = [Start(request, i, f"{i.institution}-") for i in _new_kinds(rt.pack, who, cases)]
    wrong: list[Text] = []
    if request.method == "POST" and cases:
        target, wrong = _target(request, who, starts, now)
        if target is not None:
            done = gather(rt, who, cases, target, now)
            context = {
                "done": [o for o in done if o.done],
                "refused": [o for o in done if not o.done],
                "target": target,
                "target_url": nav.case_address(target),
                "back": start(request),
            }
            return private(render(request, "linli/staff/gathered.html", context))
    context = {
        "rows": rows.drawn(_rows(who, cases, now)),
        "numbers": [c.number for c in cases],
        "most": MOST,
        "capped": len(cases) == MOST,
        "targets": _targets(rt, who, cases),
        "starts": [{"institution": s.institution, **s.context()} for s in starts],
        "given": sent.get("target", ""),
        "typed": sent.get("number", ""),
        "wrong": wrong,
    }
    return private(render(request, "linli/staff/bulk.html", context, status=422 if wrong else 200))


def _chosen(who: Viewer, sent: QueryDict, now: datetime) -> list[Case]:
    """The matters meant that ``who`` may see, oldest number first, at most MOST."""
    numbers = [int(n) for n in sent.getlist("n") if n.isdecimal() and len(n) <= 18][:MOST]
    found = visible.visible(who).filter(number__in=numbers)
    if not numbers and sent.get("query"):
        pack, snapshot = runtime().pack, registry.current()
        given, _ = narrowing.read(dict(QueryDict(str(sent["query"])).lists()), pack, snapshot)
        found = narrowing.narrow(visible.visible(who), given, pack, snapshot, now, who).filter(ended=None)
    return list(found.order_by("-number")[:MOST])


def _rows(who: Viewer, cases: Iterable[Case], now: datetime) -> list[Row]:
    return queries.rows_of(who, [c.number for c in cases], now)


def _new_kinds(pack: Pack, who: Viewer, cases: Iterable[Case]) -> list[Institution]:
    """What ``who`` may start that these matters could join."""
    of = _names(cases)
    return [i for i in opening.startable(pack, who) if i.institution in of]


def _names(cases: Iterable[Case]) -> set[str]:
    """The institutions that the joining field of these matters may name, without the matters' own."""
    rt, found = runtime(), set[str]()
    for name, version in {(c.institution, c.version) for c in cases}:
        institution = rt.institution(name, version)
        join = _join(institution)
        found |= set(institution.fields[join[0]].of) - {name} if join else set()
    return found


def _targets(rt: Runtime, who: Viewer, cases: list[Case]) -> list[dict[str, Any]]:
    """Open cases that could be joined, newest first: what offices started, not other people's matters."""
    names = _names(cases) & rt.pack.institutions.keys()
    found = []
    duties = {r.duty for n in names for r in rt.pack.institutions[n].roles.values()}
    above = {d for duty in duties for d in rt.pack.ladder(duty)}
    open_ones = visible.visible(who).filter(institution__in=names, ended=None, holder_duty__in=above)
    for case in open_ones.order_by("-number")[:TARGETS] if names else ():
        institution = rt.institution(case.institution, case.version)
        row = {"number": case.number, "kind": institution.title, "stage": institution.stages[case.stage].title}
        titles = [case.fields[n] for n in institution.open.needs if institution.fields[n].type == "text"]
        place = registry.current().by_path.get(case.place)
        found.append(row | {"name": titles[0] if titles else "", "place": place.name if place else ""})
    return found


def _target(request: HttpRequest, who: Viewer, starts: list[Start], now: datetime) -> tuple[int | None, list[Text]]:
    """The number to join, started now if that was asked for; or what is wrong."""
    given = request.POST.get("target", "")
    kind = given.removeprefix(f"{NEW}:")
    new = next((s for s in starts if given.startswith(f"{NEW}:") and s.institution.institution == kind), None)
    if new is not None:
        number = new.opened()
        say = Text("专题还没填全，请看下面标出的地方。", "Something is missing below.")
        return number, [] if number else [say]
    number_typed = request.POST.get("number", "").strip() if given in ("", "typed") else given
    if number_typed.isdecimal() and len(number_typed) <= 18:
        if visible.visible(who).filter(number=int(number_typed)).exists():
            return int(number_typed), []
        return None, [Text(f"没有编号为 {number_typed} 的事项。", f"There is no matter {number_typed}.")]
    return None, [Text("请选择并入哪一个。", "Choose what to join.")]


def gather(rt: Runtime, who: Viewer, cases: Iterable[Case], target: int, now: datetime) -> list[Outcome]:
    """Join each of ``cases`` to the one with the number ``target``, in the order given; what became of each."""
    drawn = {r["number"]: r for r in rows.drawn(_rows(who, list(cases), now))}
    found = []
    for case in cases:
        done, says = _one(rt, who, case, target, now)
        found.append(Outcome(drawn[case.number], done, says))
    return found


def _one(rt: Runtime, who: Viewer, case: Case, target: int, now: datetime) -> tuple[bool, Text | None]:
    institution = rt.institution(case.institution, case.version)
    if case.number == target:
        return False, Text("这就是要并入的那一件。", "This is the one to be joined.")
    join = joining(institution, case.stage)
    if case.ended is not None or join is None:
        stage = institution.stages[case.stage].title
        return False, Text(f"在“{stage.zh}”环节不能并入。", f"At “{stage.en}” it cannot join another.")
    outcome = ledger.act(str(case.id), join.act.name, {join.field: str(target)}, who.person, now)
    if isinstance(outcome, Refusal):
        return False, next(iter(outcome.fields.values()), outcome.says)
    return True, None
