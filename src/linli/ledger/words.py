"""Finding a matter by what people wrote when they raised it.

Chinese is not split into words, so every two neighbouring characters are kept apart from the case, where an index
finds them: a case that holds all pairs of what is looked for may hold it, and whoever searches looks inside then.
Of Latin letters and digits three are kept as well: two of them stand in every other English word or number.
The areas that the case lies in stand among the pairs, so that a word that is frequent in the city is found at once in
the grid or street of whoever searches.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db.models import BooleanField, F, Func, Q, TextField, Value, When
from django.db.models import Case as IfThen

from linli.kernel.case import Case
from linli.kernel.institution import Institution
from linli.ledger.models import Case as CaseRow
from linli.ledger.models import Pairs


def opening_texts(institution: Institution) -> list[str]:
    """The text fields filled in at the opening, what the matter is about first."""
    return [n for n in (*institution.open.needs, *institution.open.may) if institution.fields[n].type == "text"]


_THREE = re.compile(r"(?=([a-z0-9]{3}))")


def pairs(text: str) -> set[str]:
    """Every two neighbouring characters of ``text``, and three of letters or digits; capitals as small letters."""
    small = text.casefold()  # lower() looks at the neighbours of a sigma
    return {small[n : n + 2] for n in range(len(small) - 1)} | {found[1] for found in _THREE.finditer(small)}


def sought(words: str) -> list[str]:
    """The pairs that say all: without those that stand in another that is looked for."""
    every = pairs(words)
    return sorted(p for p in every if not any(p in other for other in every if len(other) > len(p)))


def area_marks(place: str) -> list[str]:
    """What stands among the pairs for each area that ``place`` (a path) lies in; no pair is as long."""
    return [f"@{label}" for label in place.split(".")]


def pairs_of(institution: Institution, case: Case, place: str) -> list[str]:
    """The pairs of all that was written at the opening, as it stands today, and the areas of ``place``; sorted."""
    written = (case.fields.get(name) for name in opening_texts(institution))
    every = {pair for text in written if isinstance(text, str) for pair in pairs(text)}
    return sorted(every.union(area_marks(place)))


class Written(Func):
    """Whether words stand in one of the texts called ``institution.field`` of a case, in capitals or small letters;
    of what ``person`` raised, in one of those called ``own``.

    One look into the state for all texts: a condition for each of a pack's fifty takes longer to plan than to answer.
    """

    output_field = BooleanField()

    def __init__(self, names: Sequence[str], own: Sequence[str], person: str | None, words: str) -> None:
        array: Any = ArrayField(TextField())
        texts = Value(list(names), array)
        looked = IfThen(When(reporter=person, then=Value(list(own), array)), default=texts) if person else texts
        super().__init__(F("state"), F("institution"), looked, Value(words))

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **context: Any) -> tuple[str, tuple[Any, ...]]:
        """The condition; PostgreSQL expects one case in two to meet it."""
        parts = [compiler.compile(e) for e in self.get_source_expressions()]
        state, institution, names, words = (sql for sql, _ in parts)
        return (
            f"EXISTS (SELECT 1 FROM jsonb_each_text({state} -> 'fields') AS told (name, words)"  # noqa: S608 - bound
            f" WHERE {institution} || '.' || told.name = ANY({names})"
            f" AND position(upper({words}) IN upper(told.words)) > 0)",
            tuple(p for _, params in parts for p in params),
        )


@dataclass(frozen=True, slots=True)
class Reach:
    """Where somebody who searches may find anything: inside these areas (paths), and in what ``person`` raised."""

    areas: tuple[str, ...]
    person: str | None = None


def may_hold(words: str, or_number: int | None, reach: Reach | None = None) -> Q:
    """The cases in which ``words`` may stand, and the one with that number. A single character has no pair: any.

    With a ``reach`` those outside of it are left out; that alone is no rule of who may see what.
    """
    wanted = sought(words)
    if not wanted:
        return Q()
    inside = [[*wanted, area_marks(path)[-1]] for path in reach.areas] if reach else [wanted]
    held = reduce(or_, (Q(pairs__contains=each) for each in inside))
    found = Pairs.objects.filter(held).values("case_id")
    # One list, since the index serves no OR over two tables.
    if reach and reach.person:
        found = found.union(CaseRow.objects.filter(reporter_id=UUID(reach.person)).values("pk"))
    if or_number is not None:
        found = found.union(CaseRow.objects.filter(number=or_number).values("pk"))
    return Q(pk__in=found)
