"""What an answer to “why?” about a case rests on: the case as the asker sees it, and the facts behind it.

Nothing is told that the case page would not show the same person: names, fields and reasons come from its view.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from linli.drafting.why_clock import Done
from linli.kernel.calendar import SHANGHAI
from linli.kernel.case import Case as KernelCase
from linli.kernel.case import Followed, Opened
from linli.kernel.institution import Institution, Pack, Text
from linli.kernel.refusal import Who, title_of
from linli.ledger import mandates
from linli.ledger.act import context_of
from linli.ledger.definitions import runtime
from linli.ledger.history import Happened, steps
from linli.ledger.lock import of
from linli.ledger.rows import Context
from linli.ledger.view import CaseView
from linli.ledger.visible import Viewer
from linli.people import registry
from linli.people.models import Person
from linli.people.registry import Holder


@dataclass(frozen=True)
class Asking:
    """Somebody asks about a case they see as ``page``; ``as_reporter`` when its secret link speaks for them."""

    page: CaseView
    who: Viewer
    now: datetime
    as_reporter: bool = False

    @cached_property
    def context(self) -> Context:
        """The rules and the registry of this moment."""
        return context_of(runtime(), registry.current(), of(self.page.case))

    @cached_property
    def kernel(self) -> KernelCase:
        """The case's state."""
        return self.page.case.kernel()

    @cached_property
    def actor(self) -> Who:
        """The asker, with the roles and parties that fit them here."""
        mine = self.as_reporter or (self.who.person is not None and str(self.page.case.reporter_id) == self.who.person)
        held = self.context
        return mandates.who(
            held.pack, held.institution, self.kernel.holder, held.where, held.registry, self.who.person, self.now, mine
        )

    @property
    def pack(self) -> Pack:
        """The pack in force."""
        return self.context.pack

    @property
    def institution(self) -> Institution:
        """The version that the case is under."""
        return self.context.institution

    @property
    def day(self) -> date:
        """Today in Shanghai."""
        return self.now.astimezone(SHANGHAI).date()

    @property
    def sees_names(self) -> bool:
        """Who handles or supervises reads names; residents read posts."""
        return self.page.clearance in ("handler", "supervisor")

    @cached_property
    def story(self) -> list[Done]:
        """Every entry with the version it was done under."""
        rt, found, institution = runtime(), [], self.institution
        for row in steps(self.page.case.id):
            entry = row.entry
            version = next((e.version for e in entry.events if isinstance(e, Opened | Followed)), None)
            if version and version != institution.version:
                institution = rt.institution(institution.name, version)
            found.append(Done(row.seq, entry, institution))
        return found

    def told(self, seq: int) -> Happened:
        """The entry ``seq`` as the asker's page tells it."""
        return next(h for h in self.page.happened if h.seq == seq)

    def reason(self, seq: int) -> str:
        """The reason written down with an entry, or with the request that it agreed to, if the asker may read it."""
        happened = self.told(seq)
        base, _, settles = happened.act.partition(".")
        if settles:
            asked = [h for h in self.page.happened if h.act == base and h.seq < seq]
            happened = asked[-1] if asked else happened
        written = next((f.words.zh for f in happened.facts if f.type == "text"), "")
        return written.rstrip(" 。.；;")  # it stands inside a sentence

    def post(self, role: str) -> Text:
        """Who a role is here and now: the place and the post; for those who read names, also who and since when."""
        spec = self.institution.roles.get(role)
        held = self.context.holder(role, self.now) if spec else None
        title = title_of(self.institution, role)
        if spec is None:
            return title
        if held is None:
            return Text(f"{title.zh}（现在没有人担任）", f"{title.en} (nobody holds the post now)")
        return self.holder(title, held)

    def holder(self, title: Text, held: Holder) -> Text:
        """A post that was found, in words."""
        node, duty = self.context.registry.named(held.path), self.pack.duties[held.duty].title
        zh, en = f"{node} {duty.zh}".strip(), f"{duty.en}, {node}" if node else duty.en
        if held.stands_in:
            zh, en = f"{zh}，代{title.zh}", f"{en}, standing in for {title.en}"
        names = self.names(held)
        return Text(f"{zh}（{names.zh}）", f"{en} ({names.en})") if names else Text(zh, en)

    def names(self, held: Holder) -> Text | None:
        """The people who hold a post, each with since when; None for those who do not read names."""
        if not self.sees_names:
            return None
        here = self.context.registry.holders(held.duty, held.path, self.day, self.context.where.accused)
        since = {h.person: h.starts for h in here}
        people = list(Person.objects.filter(id__in=since).order_by("name"))
        zh = "、".join(f"{p.name}，{since[str(p.id)]} 起任职" for p in people)
        return Text(zh, ", ".join(f"{p.name}, since {since[str(p.id)]}" for p in people))


def listed(texts: Iterable[Text]) -> Text:
    """Several words as one list."""
    found = list(texts)
    return Text("、".join(t.zh for t in found), ", ".join(t.en for t in found))


def quoted(titles: Iterable[Text]) -> Text:
    """Several titles in quotation marks; no comma between them in Chinese (GB/T 15834)."""
    found = list(titles)
    return Text("".join(f"“{t.zh}”" for t in found), ", ".join(f"“{t.en}”" for t in found))


def event_in(done: Done, kind: type[Any]) -> Any:
    """The first event of a kind in an entry; None without."""
    return next((e for e in done.entry.events if isinstance(e, kind)), None)
