"""The case page's part about other cases: what may be the same, what it waits for, what waits for it, who raised more.

Drawn from the definition: the act that joins is whichever leads to a stage that follows another case.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.urls import reverse

from linli.kernel.institution import Text
from linli.ledger import likely, queries
from linli.ledger.definitions import runtime
from linli.ledger.likely import Likely
from linli.ledger.together import Linked, benefit
from linli.ledger.view import CaseView, Doable
from linli.ledger.visible import Viewer
from linli.web.page import nav

WORKS = ("handler", "supervisor")


def part(view: CaseView, who: Viewer, now: datetime, act_url: Mapping[str, str]) -> dict[str, Any]:
    """What ``page/together.html`` shows; ``act_url`` has the address of each act the viewer may do now."""
    works = who.is_staff and view.clearance in WORKS
    how = joining(view)
    found: dict[str, Any] = {
        "lead": _lead(view.lead) if view.lead else None,
        "followers": [_follower(f) for f in view.followers.shown],
        "count": view.followers.count,
        "hidden": view.followers.count - len(view.followers.shown),
        "benefit": benefit(runtime(), view.case),
        "works": works,
        "is_raised": view.institution.parties[view.institution.raised_by].who == "person",
    }
    if works and not view.case.ended and view.lead is None:
        matter = likely.of_case(view.case, view.institution)
        found["alike"] = [_alike(c, how is not None) for c in likely.likely(who, matter, now, 5)]
        if how is not None:
            join = likely.Joining(view.institution.acts_at(view.case.stage)[how.name], how.needs[0])
            found["join"] = {"url": act_url[how.name], "field": join.field, "one_tap": join.is_one_tap}
    if works and view.contact:
        found["others"] = [_other(r) for r in queries.same_person(who, view.case, now)]
    return found


def joining(view: CaseView) -> Doable | None:
    """The act by which the viewer may now let this case wait for another."""
    join = likely.joining(view.institution, view.case.stage)
    if join is None or join.act.needs[0] != join.field:
        return None
    return next((d for d in view.acts if d.name == join.act.name), None)


def shared(view: CaseView, doable: Doable) -> Text | None:
    """Above a form whose words go to others as well: how many, so that nobody writes something personal into it."""
    spec = view.institution.acts_at(view.case.stage).get(doable.name)
    count = view.followers.count
    if not count or spec is None or view.institution.raised_by not in spec.answers:
        return None
    more = "另外 " if view.institution.parties[view.institution.raised_by].who == "person" else " "
    return Text(
        f"这段答复会同时发给{more}{count} 位反映人，不要写个人信息。",
        f"This answer also goes to {count} more who raised it: write nothing personal.",
    )


def _lead(found: Linked) -> dict[str, Any]:
    url = ""
    if found.case is not None:
        url = nav.case_address(found.number)
    elif found.published:
        url = f"{reverse('follow_find')}?number={found.number}"
    return {"number": found.number, "kind": found.kind, "stage": found.stage, "url": url}


def _follower(found: Linked) -> dict[str, Any]:
    return {"number": found.number, "stage": found.stage, "url": nav.case_address(found.number)}


def _alike(found: Likely, may: bool) -> dict[str, Any]:
    return {
        "number": found.number,
        "url": nav.case_address(found.number),
        "text": found.text or found.category or "",
        "why": found.why,
        "stage": found.stage,
        "joins": may and found.may_join,
    }


def _other(row: queries.Row) -> dict[str, Any]:
    text: Any = row.text or row.category or row.kind
    stage = row.result if row.ended and row.result else row.stage
    url = nav.case_address(row.number)
    return {"number": row.number, "url": url, "text": text, "stage": stage, "opened": row.opened}
