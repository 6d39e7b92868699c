"""Who may see what: the one function that pages, lists, counts, search, exports, attachments and the API all ask.

A duty shows the cases of its subtree (an indexed ltree join), a party sees their own case, and nobody sees a case
that complains of the unit they work for. Field classes are applied here too, so nothing can forget them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db.models import Q, QuerySet

from linli.kernel.calendar import SHANGHAI
from linli.kernel.institution import FIELD_CLASSES, Institution, Pack
from linli.ledger import lean
from linli.ledger.definitions import runtime
from linli.ledger.models import Attachment, Case
from linli.people.registry import Held, Place, Snapshot, belongs


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who looks: a person with the duties of today, or anybody (no person)."""

    person: str | None
    duties: tuple[Held, ...]

    @property
    def is_staff(self) -> bool:
        """Holds any duty."""
        return bool(self.duties)


ANYBODY = Viewer(None, ())


def viewer(person: str | None, registry: Snapshot, now: datetime) -> Viewer:
    """The person as a viewer at ``now``."""
    day = now.astimezone(SHANGHAI).date()
    return Viewer(person, tuple(registry.duties(person, day)) if person else ())


def visible(who: Viewer) -> QuerySet[Case]:
    """The cases ``who`` may see."""
    allowed = Q(pk__in=[])
    if who.person:
        allowed |= Q(reporter_id=who.person)
    for path, unit in _subtrees(who.duties):
        column = "unit" if path.split(".", 1)[0] == "u" else "place"
        sees = Q(**{f"{column}__within": path})
        if unit:
            sees &= Q(accused=None) | ~Q(accused__in=_up_from(unit))
        allowed |= sees
    return Case.objects.filter(allowed)


@lru_cache(maxsize=4096)
def condition(who: Viewer) -> lean.Condition:
    """:func:`visible` for a statement of one's own; put together once for each person and their duties."""
    return lean.condition(visible(who))


def _up_from(unit: str) -> list[str]:
    """The unit and those it is part of: what complains of any of them is kept from its people.

    Not the reverse: a street handles what is said about its communities.
    """
    labels = unit.split(".")
    return [".".join(labels[: n + 1]) for n in range(len(labels))]


def _subtrees(duties: Iterable[Held]) -> list[tuple[str, str | None]]:
    """The (path, unit) pairs of the duties, without those inside another pair of the same unit."""
    pairs = sorted({(h.path, h.unit) for h in duties}, key=lambda p: (p[0], p[1] or ""))
    kept: list[tuple[str, str | None]] = []
    for path, unit in pairs:
        if not any((path == p or path.startswith(f"{p}.")) and unit == u for p, u in kept):
            kept.append((path, unit))
    return kept


def published(pack: Pack) -> QuerySet[Case]:
    """The cases whose existence anybody may know: matters of public institutions that complain of nobody.

    Of these only the columns without personal data are for everybody, and the place no finer than a community.
    """
    names = [i.name for i in pack.institutions.values() if i.public]
    return Case.objects.filter(institution__in=names, parent=None, accused=None)


def public_place(pack: Pack, registry: Snapshot, path: str) -> Place | None:
    """The place as the public may know it: one level above the lowest (a community, not a grid), or what is known."""
    levels = list(pack.levels)
    fine = set(levels[-1:]) if len(levels) > 1 else set()
    labels = path.split(".")
    for end in range(len(labels), 0, -1):
        place = registry.by_path.get(".".join(labels[:end]))
        if place is not None and place.kind not in fine:
            return place
    return None


def may_see(who: Viewer, case: Case) -> bool:
    """Whether ``who`` may see this one case; the same rule as :func:`visible`, asked of the database."""
    return visible(who).filter(pk=case.pk).exists()


def find(who: Viewer, number: int) -> Case:
    """The case with this number that ``who`` may see; Case.DoesNotExist otherwise, seen or not."""
    return _only(condition(who).and_("ledger_case.number = %s", number))


def by_secret(secret: str) -> Case:
    """The case whose secret link this is; whoever holds the link is its reporter."""
    return _only(lean.Condition("ledger_case.secret = %s", (secret,)))


def _only(where: lean.Condition) -> Case:
    found = lean.whole(where)
    if not found:
        raise Case.DoesNotExist
    return found[0]


def clearance(pack: Pack, who: Viewer, case: Case | lean.Lean, as_reporter: bool = False) -> str:
    """The field class ``who`` reads on a case they may see: public, party, handler or supervisor."""
    rank = FIELD_CLASSES.index("party") if as_reporter or (who.person and str(case.reporter_id) == who.person) else 0
    return FIELD_CLASSES[max([rank, *(rank_on(pack, held, case) for held in who.duties)])]


def rank_on(pack: Pack, held: Held, case: Case | lean.Lean) -> int:
    """The place among FIELD_CLASSES of what a duty reads on a case; 0 (public) where it does not reach."""
    if not _covers(held, case) or held.duty not in pack.duties:
        return 0
    return FIELD_CLASSES.index(pack.duties[held.duty].sees)


def _covers(held: Held, case: Case | lean.Lean) -> bool:
    target = case.unit if held.path.split(".", 1)[0] == "u" else case.place
    inside = bool(target) and (target == held.path or str(target).startswith(f"{held.path}."))
    return inside and not belongs(held.unit, case.accused)


def fields(
    institution: Institution, clearance: str, values: Mapping[str, Any], roles: Iterable[str] = ()
) -> dict[str, Any]:
    """Those of ``values`` that somebody with ``clearance`` (and, for sealed fields, one of ``roles``) may read."""
    rank, here = FIELD_CLASSES.index(clearance), set(roles)
    shown = {}
    for name, value in values.items():
        spec = institution.fields.get(name)
        if spec is None:
            continue
        if spec.class_ == "sealed":
            if here & set(spec.opens_to):
                shown[name] = value
        elif FIELD_CLASSES.index(spec.class_) <= rank:
            shown[name] = value
    return shown


def attachment(who: Viewer, id: str, secret: str | None = None) -> Attachment:
    """The attachment ``id`` if ``who`` (or the holder of the case's secret link) may see the field it stands in.

    Raises Attachment.DoesNotExist otherwise; the caller answers 404, so that nothing is confirmed.
    """
    found = Attachment.objects.select_related("case").get(id=id, case__isnull=False)
    case = found.case
    if case is None or not (_same(secret, case.secret) or may_see(who, case) or _parent_shares(who, found)):
        raise Attachment.DoesNotExist
    rt = runtime()
    institution = rt.institution(case.institution, case.version)
    level = clearance(rt.pack, who, case, as_reporter=_same(secret, case.secret))
    if level == "public" and _parent_shares(who, found):
        level = "handler"
    if found.field and found.field not in fields(institution, level, {found.field: True}):
        raise Attachment.DoesNotExist
    return found


def _same(given: str | None, secret: str) -> bool:
    return bool(given) and given == secret


def _parent_shares(who: Viewer, found: Attachment) -> bool:
    """A called unit sees the files handed down to its case though they belong to the parent's."""
    if not who.is_staff or found.case is None:
        return False
    children = visible(who).filter(parent_id=found.case_id)
    return any(str(found.id) in (v or []) for c in children for v in c.fields.values() if isinstance(v, list))


def reporter_contact(clearance: str, case: Case, is_open: bool = False) -> dict[str, str] | None:
    """Name and masked phone of who raised it, for handlers only; the called units and the public never get it.

    ``is_open``: a purpose was stated within the last minute (see people.looks), so nothing is masked.
    """
    if FIELD_CLASSES.index(clearance) < FIELD_CLASSES.index("handler") or case.reporter is None:
        return None
    person = case.reporter
    phone, email = (person.phone, person.email) if is_open else (person.masked_phone, person.masked_email)
    return {"name": person.name, "phone": phone, "email": email}
