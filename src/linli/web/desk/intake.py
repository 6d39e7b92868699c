"""Taking down a telephone call: one screen, keyboard only, in under half a minute; then a number to read out.

The fields are those of the definition's opening. Long code lists, areas and units are typed (the browser completes
them), because a list of a hundred entries is slower than three characters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from linli.kernel.institution import Field, Institution, Text
from linli.kernel.refusal import Refusal
from linli.ledger import act as ledger
from linli.ledger import likely, queries
from linli.ledger.definitions import runtime
from linli.ledger.filters import Filters
from linli.ledger.likely import Joining, Likely, Matter
from linli.ledger.rows import day_words
from linli.people import registry
from linli.people.registry import Place
from linli.web.page import danger, forms
from linli.web.page.forms import Filled, Frame
from linli.web.page.request import lang, moment, needs_work, private, viewer
from linli.web.staff import opening, rows

CHANNEL = "phone"
DONE = "intake_done"
PHONE = re.compile(r"\+?[0-9]{5,15}")
T = TypeVar("T")
OURS = Text(
    "您就在这个单位工作，不能由您登记。请来电人拨打 12345，或者到上一级反映。",
    "You work for this unit, so you may not take this down. Ask the caller to ring 12345 or go to the level above.",
)
SKIPPED = ("files", "point")
"""Nobody sends a photo or a position over the telephone."""


@needs_work("desk")
@require_http_methods(["GET", "HEAD", "POST"])
def intake(request: HttpRequest) -> HttpResponse:
    """``/desk/intake/``"""
    found = opening.openable(runtime().pack, viewer(request))
    if not found:
        raise Http404
    institution = next((i for i in found if i.name == request.GET.get("kind")), found[0])
    desk = Desk(request, institution)
    if request.method == "POST" and desk.read():
        outcome = desk.send()
        if not isinstance(outcome, Refusal):
            return HttpResponseRedirect(reverse("desk_intake_done"))
        desk.refused(outcome)
    context = desk.context() | {
        "kinds": [
            {"url": f"?kind={i.name}", "text": i.title, "active": i is institution} for i in found if len(found) > 1
        ]
    }
    return private(render(request, "linli/desk/intake.html", context, status=422 if context["errors"] else 200))


class Desk:
    """One call being taken down: what was typed, what it means, and what is wrong with it."""

    def __init__(self, request: HttpRequest, institution: Institution) -> None:
        rt, snapshot = runtime(), registry.current()
        self.request, self.institution, self.now = request, institution, moment(request)
        self.who = viewer(request)
        self.frame = Frame(rt.pack, institution, snapshot)
        self.places = opening.places(snapshot, institution, self.who)
        self.filled, self.typed = Filled(), dict[str, str]()
        self.place: Place | None = None
        self.errors: dict[str, Text] = {}
        self.whole: Text | None = None

    @property
    def specs(self) -> list[Field]:
        """The fields asked on the telephone, in the definition's order, the unit complained of last."""
        opens = self.institution.open
        every = [self.institution.fields[n] for n in (*opens.needs, *opens.may)]
        return sorted((s for s in every if s.type not in SKIPPED), key=lambda s: s.name == self.institution.against)

    def choices(self, spec: Field) -> dict[str, str] | None:
        """Label → code of a field that is typed and completed; None for the others."""
        if spec.type == "units":
            return {u.name: u.code for u in sorted(self.frame.snapshot.units.values(), key=lambda u: u.name)}
        codes = forms.leaves(self.frame.pack.lists.get(spec.list or "", {})) if spec.type == "code" else []
        return {c.title.in_(lang()): c.name for c in codes} if len(codes) > forms.CARDS else None

    def read(self) -> bool:
        """Take in what was sent; whether it can go to the ledger."""
        post = self.request.POST
        plain = [s for s in self.specs if self.choices(s) is None]
        self.filled = forms.read(post, self.request.FILES, plain, self.now)
        for spec in self.specs:
            offered = self.choices(spec)
            if offered is not None:
                self._read_choice(spec, offered, post.get(spec.name, "").strip())
        self.typed |= {n: " ".join(post.get(n, "").split()) for n in ("place", "caller", "phone")}
        self.place = pick(self.typed["place"], self.places)
        if self.place is None:
            self.errors["place"] = _which(self.typed["place"], self.places)
        self.phone = re.sub(r"[\s\-()（）]", "", self.typed["phone"])
        if self.phone and not PHONE.fullmatch(self.phone):
            self.errors["phone"] = Text(
                "这个号码不对，请再问一遍；也可以不填。", "This is no telephone number; ask again or leave it empty."
            )
        if len(self.typed["caller"]) > 60:
            self.errors["caller"] = Text("名字最多 60 个字。", "A name has at most 60 characters.")
        return not self.errors and not self.filled.errors

    def _read_choice(self, spec: Field, offered: Mapping[str, str], typed: str) -> None:
        self.typed[spec.name] = typed
        if not typed:
            return
        code = pick(typed, offered) or (typed if typed in offered.values() else None)
        if code is None:
            self.errors[spec.name] = _which(typed, offered)
        elif spec.name == self.institution.against and self._is_ours(code):
            self.errors[spec.name] = OURS
        else:
            self.filled.data[spec.name] = [code] if spec.type == "units" else code

    def _is_ours(self, code: str) -> bool:
        path = self.frame.snapshot.units[code].path
        return any(h.unit and (h.unit == path or h.unit.startswith(f"{path}.")) for h in self.who.duties)

    def send(self) -> Refusal | None:
        """Open it; what to read out is kept for the next page."""
        assert self.place is not None  # noqa: S101  # read() has said so
        reporter = ledger.Reporter(name=self.typed["caller"], phone=self.phone)
        done = opening.send(
            self.request, self.institution, self.place, self.filled.data, self.who, self.now, reporter, CHANNEL
        )
        if isinstance(done, Refusal):
            return done
        if not isinstance(done, int):
            promise = next((done.case.clocks[n].due for n in self.institution.clocks if n in done.case.clocks), None)
            self.request.session[DONE] = {
                "number": done.number,
                "promise": promise.isoformat() if promise else None,
                "joined": self._join(done),
                "same": self.request.POST.get("same", ""),
                "dangers": [d.name for d in self._dangers()],
            }
        return None

    @property
    def join(self) -> Joining | None:
        """How a matter just taken down is joined to another by whoever takes it down; None where they may not."""
        found = likely.joining(self.institution)
        roles = {r.name for r in self.institution.roles.values() if r.duty in {h.duty for h in self.who.duties}}
        return found if found and found.is_one_tap and roles & set(found.act.by) else None

    def alike(self, place: Place | None, category: str, said: str) -> list[Likely]:
        """Matters that may be the one on the telephone."""
        if place is None or not (category or said):
            return []
        return likely.likely(self.who, Matter(self.institution.institution, place.path, category, said), self.now, 5)

    def _dangers(self) -> list[danger.Danger]:
        said = [str(self.filled.data.get(s.name, "")) for s in self.specs if s.type == "text"]
        return danger.found(self.frame.pack, said)

    def _join(self, receipt: ledger.Receipt) -> bool | None:
        """Join the matter that was ticked; None when none was."""
        number, how = self.request.POST.get("same", ""), self.join
        if not number.isdecimal() or how is None or self.filled.data.get(self.institution.against or ""):
            return None
        done = ledger.act(receipt.id, how.act.name, {how.field: number}, self.who.person, self.now, channel=CHANNEL)
        return not isinstance(done, Refusal)

    def refused(self, refusal: Refusal) -> None:
        """Put the ledger's complaints where they belong."""
        self.filled = forms.refused(self.filled, refusal)
        self.errors |= refusal.fields
        self.whole = None if refusal.fields else refusal.says

    def context(self) -> dict[str, Any]:
        """Everything the page draws."""
        fields = [self._control(s) for s in self.specs]
        return {
            "institution": self.institution,
            "fields": fields,
            "first": fields[:1],
            "asked": [f for f in fields[1:] if _is_quick(f)],
            "then": [f for f in fields[1:] if not _is_quick(f)],
            "place": self._typed("place", Text("在哪里（打地名）", "Where (type the name)"), list(self.places)),
            "caller": self._plain("caller", Text("怎么称呼", "Caller's name"), "text"),
            "phone": self._plain("phone", Text("来电号码", "Caller's number"), "tel"),
            "token": self.request.POST.get("token") or opening.token(),
            "errors": self._error_list(fields),
        }

    def _control(self, spec: Field) -> dict[str, Any]:
        offered = self.choices(spec)
        required = spec.name in self.institution.open.needs
        if offered is not None:
            drawn = self._typed(spec.name, spec.title, list(offered), required)
            return drawn | {"help": spec.help if spec.name == self.institution.against else None}
        error = self.filled.errors.get(spec.name) or self.errors.get(spec.name)
        f = forms.control(self.frame, spec, required=required, value=self.filled.data.get(spec.name), error=error)
        short = f["kind"] == "textarea" and (spec.max or 0) <= 300
        extra = {"kind": "text"} if short else {"rows": 3, "max": None}
        return f | {"help": None, "whole": short or f["kind"] in ("textarea", "radio"), "autocomplete": "off"} | extra

    def _typed(self, name: str, title: Text, labels: list[str], required: bool = True) -> dict[str, Any]:
        f = self._plain(name, title, "text") | {"required": required, "list": f"l-{name}", "labels": labels}
        return f | {"placeholder": Text("打几个字再选", "Type, then choose")}

    def _plain(self, name: str, title: Text, kind: str) -> dict[str, Any]:
        return {
            "name": name, "id": f"f-{name}", "kind": kind, "label": title, "value": self.typed.get(name, ""),
            "error": self.errors.get(name), "required": False, "plain": False, "autocomplete": "off",
        }  # fmt: skip

    def _error_list(self, fields: list[dict[str, Any]]) -> list[dict[str, Any]]:
        drawn = forms.error_list(fields)
        own = {
            "place": Text("在哪里", "Where"),
            "phone": Text("来电号码", "Number"),
            "caller": Text("怎么称呼", "Name"),
        }
        drawn += [{"field": f"f-{n}", "label": own[n], "text": e} for n, e in self.errors.items() if n in own]
        return [*drawn, {"field": "", "text": self.whole}] if self.whole else drawn


def _is_quick(f: dict[str, Any]) -> bool:
    """What one asks on every call; the rest is below who calls."""
    return bool(f["required"]) or (f["kind"] in ("text", "textarea") and not f.get("list"))


def pick(typed: str, offered: Mapping[str, T]) -> T | None:
    """What was meant: the label itself, or the only one that holds what was typed."""
    if typed in offered:
        return offered[typed]
    holding = [v for label, v in offered.items() if typed and typed.casefold() in label.casefold()]
    return holding[0] if len(holding) == 1 else None


def _which(typed: str, offered: Mapping[str, Any]) -> Text:
    if not typed:
        return Text("请填写。", "This must be filled in.")
    near = [label for label in offered if typed.casefold() in label.casefold()][:5]
    if not near:
        return Text(f"没有“{typed[:30]}”，请从列表里选。", f"There is no “{typed[:30]}”; choose from the list.")
    return Text(f"有好几个：{'、'.join(near)}，请选一个。", f"There are several: {', '.join(near)}. Choose one.")


@needs_work("desk")
@require_safe
def done(request: HttpRequest) -> HttpResponse:
    """The number to read out. It comes from the session: who took a call about their own office cannot see the case."""
    kept = request.session.get(DONE)
    if not kept:
        return HttpResponseRedirect(reverse("desk_intake"))
    number = str(kept["number"])
    promise = datetime.fromisoformat(kept["promise"]) if kept["promise"] else None
    context = {
        "number": kept["number"],
        "spoken": " ".join(number[n : n + 4] for n in range(0, len(number), 4)),
        "promise": day_words(promise, lang()) if promise else "",
        "dangers": [d for d in danger.every(runtime().pack) if d.name in kept.get("dangers", ())],
        "joined": kept.get("joined"),
        "same": kept.get("same"),
        "visible": bool(queries.listing(viewer(request), Filters(q=number), moment(request), size=1).rows),
    }
    return private(render(request, "linli/desk/done.html", context))


@needs_work("desk")
@require_safe
def earlier(request: HttpRequest) -> HttpResponse:
    """A fragment: what this number raised before, and what else was raised at this place lately."""
    found = opening.openable(runtime().pack, viewer(request))
    if not found:
        raise Http404
    desk = Desk(request, found[0])
    phone = re.sub(r"[\s\-()（）]", "", request.GET.get("phone", ""))
    place = pick(" ".join(request.GET.get("place", "").split()), desk.places)
    offered = next((c for s in desk.specs if s.name == "category" and (c := desk.choices(s))), {})
    category = pick(request.GET.get("category", "").strip(), offered) or ""
    same_phone = queries.same_phone(desk.who, phone, desk.now) if PHONE.fullmatch(phone) else []
    same_place = queries.same_place(desk.who, place.code, category, desk.now) if place else []
    said = " ".join(request.GET.get(s.name, "") for s in desk.specs if s.type == "text")
    alike = desk.alike(place, category, said)
    offered_once = {f.number for f in alike}
    known = {r.number for r in same_phone} | offered_once
    context = {
        "dangers": danger.found(runtime().pack, [said]),
        "same_phone": rows.drawn(r for r in same_phone if r.number not in offered_once),
        "same_place": rows.drawn(r for r in same_place if r.number not in known),
        "alike": alike,
        "may_join": desk.join is not None,
        "chosen": request.GET.get("same", ""),
        "place": place,
    }
    return private(render(request, "linli/desk/earlier.html", context))
