"""How many cases of an institution there are for each value of one of its fields, and when the last was opened.

Which buildings were visited and which not for long is such a question; so is which devices signal most.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max
from django.db.models.fields.json import KT

from linli.kernel.institution import Institution
from linli.ledger.models import Case

GROUPED = ("text", "code", "yes_no", "area")
"""Types whose values can stand at the head of a line."""
HIDDEN = ("supervisor", "sealed")
"""Classes that are never listed, whoever asks."""


@dataclass(frozen=True, slots=True)
class Row:
    """One value of the field: the number of cases with it and when the last of them was opened."""

    value: str
    cases: int
    last: datetime


def askable(institution: Institution) -> list[str]:
    """The fields of ``institution`` by which its cases may be counted."""
    return [f.name for f in institution.fields.values() if f.type in GROUPED and f.class_ not in HIDDEN]


def by_field(
    institution: Institution, field: str, first: datetime, last: datetime, within: str | None = None
) -> list[Row]:
    """Rows for the cases opened in [first, last) inside the area ``within`` (its path), longest ago first.

    Raises ValueError for a field that is not :func:`askable`. What was not filled in is the value "".
    """
    if field not in askable(institution):
        raise ValueError(f"{institution.name} cannot be counted by {field}; one may ask by {askable(institution)}")
    cases = Case.objects.filter(institution=institution.name, opened__gte=first, opened__lt=last)
    if within is not None:
        cases = cases.filter(place__within=within)
    rows = cases.values(value=KT(f"state__fields__{field}")).annotate(n=Count("pk"), latest=Max("opened"))
    return [Row(r["value"] or "", r["n"], r["latest"]) for r in rows.order_by("latest", "value")]
