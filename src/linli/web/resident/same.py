"""“Is it the same one?”: asked once after *where*, and only when something like it is open nearby.

Whoever joins still has a matter of their own, with their own number, answer and rating. Of other people's matters only
what anybody may know is shown: category, community, day and stage, never a word of what they wrote.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from linli.kernel.institution import Institution
from linli.kernel.refusal import Refusal
from linli.ledger import act as ledger
from linli.ledger import likely, visible
from linli.ledger.definitions import runtime
from linli.ledger.likely import Joining, Likely, Matter
from linli.ledger.models import Case
from linli.people import registry
from linli.web.page.request import moment, private
from linli.web.resident import draft as drafts
from linli.web.resident.draft import Draft
from linli.web.resident.places import Chooser

KEPT = "joined"
"""In the session: what became of joining, for the page after sending."""


def join_of(institution: Institution) -> Joining | None:
    """How whoever raises a matter of this kind joins another by one tap; None where the definition has no such act."""
    found = likely.joining(institution)
    return found if found and found.is_one_tap and institution.raised_by in found.act.by else None


def alike(institution: Institution, draft: Draft, now: datetime) -> list[Likely]:
    """Open matters that may be the one in the draft; none where none can be joined or an office is complained of."""
    if join_of(institution) is None or (institution.against and draft.data.get(institution.against)):
        return []
    place = Chooser(runtime().pack, registry.current()).path(draft.place)
    matter = Matter(institution.institution, place, str(draft.data.get("category") or ""))
    return likely.likely(visible.ANYBODY, matter, now) if matter.category else []


def unasked(institution: Institution, draft: Draft, now: datetime) -> list[Likely]:
    """The same without those the person has answered about already; a choice that is open no more is dropped."""
    found = alike(institution, draft, now)
    if draft.same and draft.same not in {f.number for f in found}:
        draft.same = 0
    return [] if {f.number for f in found} <= set(draft.asked) else found


@require_http_methods(["GET", "HEAD", "POST"])
def same(request: HttpRequest, name: str) -> HttpResponse:
    """``/report/<institution>/same/``: one tap on a matter, or on “no”."""
    institution = runtime().pack.institutions.get(name)
    if institution is None or not institution.public:
        raise Http404
    draft = drafts.load(request, name)
    onward = HttpResponseRedirect(reverse("report_who", args=[name]))
    if not {"what", "where"} <= set(draft.seen):
        return HttpResponseRedirect(reverse("report_what", args=[name]))
    found = alike(institution, draft, moment(request))
    if request.method == "POST":
        given = request.POST.get("same", "")
        draft.same = next((f.number for f in found if str(f.number) == given), 0)
        draft.asked = _numbers(found)
        drafts.save(request, draft)
        return onward
    if not found:
        return onward
    context = {"institution": institution, "found": found, "back": reverse("report_where", args=[name])}
    return private(render(request, "linli/resident/same.html", context))


def _numbers(found: Iterable[Likely]) -> list[int]:
    return [f.number for f in found]


def chosen(draft: Draft) -> dict[str, Any] | None:
    """The matter to be joined, for the last look."""
    if not draft.same:
        return None
    rt = runtime()
    case = visible.published(rt.pack).filter(number=draft.same).first()
    if case is None:
        return None
    return {"number": case.number, "stage": rt.institution(case.institution, case.version).stages[case.stage].title}


def join(institution: Institution, draft: Draft, receipt: ledger.Receipt, person: str | None, now: datetime) -> bool:
    """Join the matter chosen; False when that cannot be done any more, and the person's own goes on by itself."""
    how = join_of(institution)
    if how is None or (institution.against and draft.data.get(institution.against)):
        return False
    done = ledger.act(receipt.id, how.act.name, {how.field: str(draft.same)}, person, now, as_reporter=True)
    return not isinstance(done, Refusal)


def after(request: HttpRequest, case: Case) -> dict[str, Any] | None:
    """What the page after sending says about joining; None when nobody wanted to."""
    kept = request.session.get(KEPT)
    if not kept or kept["case"] != str(case.id):
        return None
    return {"number": kept["number"], "done": kept["done"]}
