"""The part of the filters that looks into the record: answers, counters, extensions, the same raised before."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import DurationField, Exists, OuterRef, Q, Value

from linli.drafting.figures import answers
from linli.kernel.institution import Pack
from linli.ledger.marks import EXTENDED, answered, raised
from linli.ledger.models import Case
from linli.ledger.visible import Viewer

if TYPE_CHECKING:
    from linli.ledger.filters import Filters

NONE = "none"
MOST_DAYS = 3660


class Answers:
    """``field=value`` for fields that figures may count: answers of a list or yes/no, read by whoever handles."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack

    def __contains__(self, value: str) -> bool:
        name, _, answer = value.partition("=")
        found = [answers(self.pack, i, name) for i in self.pack.institutions.values()]
        return any(known and (answer == NONE or answer in known) for known in found)


class Repeats:
    """``yes:DAYS``, ``no:DAYS`` or ``unknown``."""

    def __contains__(self, value: str) -> bool:
        how, _, days = value.partition(":")
        return value == "unknown" or (how in ("yes", "no") and days.isdecimal() and 0 < int(days[:9]) <= MOST_DAYS)


def conditions(f: Filters, pack: Pack, who: Viewer | None) -> Iterable[Q]:
    """What is on record about the case: answers given, counters raised, limits extended, the same raised before."""
    if f.answer:
        yield any_of(_answered(pack, who, *a.partition("=")[::2]) for a in f.answer)
    for name in f.counter:
        yield Q(marks__contains=[raised(name)])
    for name in f.without:
        yield ~Q(marks__contains=[raised(name)])
    if f.extended:
        done = Q(marks__contains=[EXTENDED])
        yield done if f.extended == "yes" else ~done
    if f.repeat == "unknown":
        yield Q(reporter__isnull=True)
    elif f.repeat:
        how, _, days = f.repeat.partition(":")
        again = Q(_raised_before(timedelta(days=int(days))))
        yield Q(reporter__isnull=False) & (again if how == "yes" else ~again)


def _answered(pack: Pack, who: Viewer | None, name: str, value: str) -> Q:
    """Answered so, in institutions where the field is for counting; not on what one raised oneself, if that tells more
    than the person who raised it may read.
    """
    found = Q(pk__in=[])
    for institution in pack.institutions.values():
        known = answers(pack, institution, name)
        if not known:
            continue
        none = ~Q(marks__overlap=[answered(name, a) for a in known])
        given = none if value == NONE else Q(marks__contains=[answered(name, value)])
        hit = Q(institution=institution.name) & given
        above = institution.fields[name].class_ not in ("public", "party")
        found |= hit & ~Q(reporter_id=who.person) if above and who and who.person else hit
    return found


def _raised_before(span: timedelta) -> Exists:
    """The same person raised the same category at the same place in the ``span`` before. A case that complains of a
    unit is never looked at: whether there is one must not show (red line 2).
    """
    earlier = Case.objects.filter(
        reporter_id=OuterRef("reporter_id"), place=OuterRef("place"), category=OuterRef("category"),
        institution=OuterRef("institution"), opened__lt=OuterRef("opened"), accused__isnull=True,
    )  # fmt: skip
    return Exists(earlier.filter(opened__gte=OuterRef("opened") - Value(span, DurationField())))


def any_of(conditions: Iterable[Q]) -> Q:
    """One condition that holds where any of them does; of none, nowhere."""
    joined = Q(pk__in=[])
    for condition in conditions:
        joined |= condition
    return joined
