"""Starting a matter of one's own office: a hard problem, a purchase, an order. Drawn from the definition's opening."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from linli.kernel.institution import Institution, Text
from linli.kernel.refusal import Refusal
from linli.ledger import act as ledger
from linli.ledger.definitions import runtime
from linli.people import registry
from linli.people.registry import Office, Place
from linli.web.page import forms, nav
from linli.web.page.forms import Filled, Frame
from linli.web.page.request import moment, needs_person, private, say, viewer
from linli.web.staff import opening

CHANNEL = "office"


def may_start(request: HttpRequest) -> bool:
    """Whoever is signed in holds a duty that starts something."""
    return bool(opening.startable(runtime().pack, viewer(request)))


@needs_person
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """``/start/``: what the viewer's duties may start, one form each; ``?kind=`` names the institution."""
    rt, who = runtime(), viewer(request)
    found = opening.startable(rt.pack, who)
    if not found:
        return private(render(request, "linli/staff/start.html", {"kinds": []}, status=404))
    institution = next((i for i in found if i.name == request.GET.get("kind")), found[0])
    form = Start(request, institution)
    if request.method == "POST":
        outcome = form.send()
        if outcome is not None:
            return outcome
    kinds = [{"url": f"?kind={i.name}", "text": i.title, "active": i is institution} for i in found if len(found) > 1]
    context = form.context() | {"kinds": kinds}
    return private(render(request, "linli/staff/start.html", context, status=422 if context["errors"] else 200))


class Start:
    """One form: what was filled in, where, to which unit, and what is wrong with it."""

    def __init__(self, request: HttpRequest, institution: Institution, prefix: str = "") -> None:
        self.pack, self.snapshot = runtime().pack, registry.current()
        self.request, self.institution, self.who = request, institution, viewer(request)
        self.places = opening.own_places(self.pack, self.snapshot, institution, self.who)
        self.unit = opening.own_unit(self.snapshot, institution, self.who)
        self.prefix = prefix
        """Keeps HTML ids apart where a page has several of these forms."""
        self.filled = Filled()
        self.errors: list[dict[str, Any]] = []

    @property
    def offered(self) -> list[Office]:
        """The units to choose from; none where the matter is addressed to nobody."""
        if not opening.needs_unit(self.institution):
            return []
        return opening.units(self.pack, self.snapshot, self.institution)

    def send(self) -> HttpResponse | None:
        """Open it and go to its page; None when something is missing, said in ``errors``."""
        number = self.opened()
        if number is None:
            return None
        messages.success(self.request, say(f"已登记，编号 {number}。", f"Registered as {number}."))
        return HttpResponseRedirect(nav.case_address(number))

    def opened(self) -> int | None:
        """Open it; its number, or None when something is missing, said in ``errors``."""
        post, opens = self.request.POST, self.institution.open
        specs = [self.institution.fields[n] for n in (*opens.needs, *opens.may)]
        self.filled = forms.read(post, self.request.FILES, specs, moment(self.request))
        place = next((p for p in self.places.values() if p.code == post.get("place")), None)
        unit = self.unit or next((u for u in self.offered if u.code == post.get("unit")), None)
        if place is None:
            self.errors.append({"field": f"f-{self.prefix}place", "text": Text("请选择在哪里。", "Choose the place.")})
        if unit is None and self.offered:
            self.errors.append({"field": f"f-{self.prefix}unit", "text": Text("请选择单位。", "Choose the unit.")})
        if place is None or self.errors or self.filled.errors:
            return None
        done = self._open(place, unit)
        if isinstance(done, Refusal):
            self.filled = forms.refused(self.filled, done)
            self.errors = [] if done.fields else [{"field": "", "text": done.says}]
            return None
        return done if isinstance(done, int) else done.number

    def _open(self, place: Place, unit: Office | None) -> ledger.Receipt | Refusal | int:
        party = self.institution.parties[self.institution.raised_by]
        own = party.who == "person" and not party.anonymous  # a household that is visited is not the one who starts it
        themselves = ledger.Reporter(self.who.person) if own else ledger.Reporter()
        now = moment(self.request)
        return opening.send(
            self.request, self.institution, place, self.filled.data, self.who, now, themselves, CHANNEL, unit
        )

    def context(self) -> dict[str, Any]:
        """Everything the page draws."""
        opens = self.institution.open
        frame = Frame(self.pack, self.institution, self.snapshot)
        fields = forms.controls(frame, opens.needs, opens.may, self.filled, self.prefix)
        post = self.request.POST
        choices = []
        if self.offered:
            named = [(u.code, u.name) for u in self.offered]
            choices.append(_choice("unit", Text("向哪个单位", "To which unit"), named, post.get("unit", "")))
        places = [(p.code, label) for label, p in self.places.items()]
        choices.append(_choice("place", Text("在哪里", "Where"), places, post.get("place", "")))
        for choice in choices:
            choice["id"] = f"f-{self.prefix}{choice['name']}"
        return {
            "institution": self.institution,
            "fields": fields,
            "choices": choices,
            "errors": [*forms.error_list(fields), *self.errors],
            "token": post.get("token") or opening.token(),
        }


def _choice(name: str, label: Text, named: list[tuple[str, str]], chosen: str) -> dict[str, Any]:
    """A choice of places or units; the only one is chosen already."""
    options = [{"value": code, "label": text, "chosen": code == chosen or len(named) == 1} for code, text in named]
    kind = "radio" if len(options) <= 6 else "select"
    return {
        "name": name, "id": f"f-{name}", "kind": kind, "label": label, "required": True, "value": chosen or None,
        "options": options,
    }  # fmt: skip
