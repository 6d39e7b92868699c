"""Finding a matter by what people wrote when they raised it.

Chinese is not split into words, so every two neighbouring characters are kept apart from the case, where an index
finds them: a case that holds all pairs of what is looked for may hold it, and whoever searches looks inside then.
Of Latin letters and digits three are kept as well: two of them stand in every other English word or number.
The areas that the case lies in stand among the pairs, so that a word that is frequent in the city is found at once in
the grid or street of whoever searches.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.db.models import BooleanField, Expression

from linli.kernel.case import Case
from linli.kernel.institution import Institution
from linli.ledger.lean import Condition


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


@dataclass(frozen=True, slots=True)
class Reach:
    """Where somebody who searches may find anything: inside these areas (paths), and in what ``person`` raised."""

    areas: tuple[str, ...]
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """Words that stand in one of the texts called ``institution.field`` of a case, in capitals or small letters; in
    what ``person`` raised, in one of those called ``own``. ``number``: the case with this number is found as well.

    With a ``reach`` cases outside of it are left out; that alone is no rule of who may see what.
    """

    words: str
    names: tuple[str, ...]
    own: tuple[str, ...]
    person: str | None = None
    number: int | None = None
    reach: Reach | None = None

    def condition(self, table: str = "ledger_case") -> Condition:
        """For the cases in ``table``. PostgreSQL expects one case in two to meet the look inside."""
        inside = self._inside(table)
        if self.number is not None:
            inside = Condition(f"({inside.sql} OR {table}.number = %s)", (*inside.params, self.number))
        wanted = sought(self.words)
        if not wanted:  # a single character has no pair: any case may hold it
            return inside
        held = self._held(wanted)
        return Condition(f"{table}.id IN ({held.sql}) AND {inside.sql}", (*held.params, *inside.params))

    def _held(self, wanted: list[str]) -> Condition:
        """The ids of cases that hold all pairs. One list, since the index serves no OR over two tables."""
        marks = [[*wanted, area_marks(path)[-1]] for path in self.reach.areas] if self.reach else [wanted]
        alike = " OR ".join(["pairs @> %s::text[]"] * len(marks))
        found = [Condition(f"SELECT case_id FROM ledger_pairs WHERE {alike}", tuple(marks))]  # noqa: S608 - bound
        if self.reach and self.reach.person:
            found.append(Condition("SELECT id FROM ledger_case WHERE reporter_id = %s::uuid", (self.reach.person,)))
        if self.number is not None:
            found.append(Condition("SELECT id FROM ledger_case WHERE number = %s", (self.number,)))
        return Condition(" UNION ".join(f.sql for f in found), tuple(p for f in found for p in f.params))

    def _inside(self, table: str) -> Condition:
        """One look into the state for all texts: a condition for each of a pack's fifty takes longer to plan."""
        names, values = "%s::text[]", tuple[Any, ...]([list(self.names)])
        if self.person:
            names = f"CASE WHEN {table}.reporter_id = %s::uuid THEN %s::text[] ELSE %s::text[] END"
            values = (self.person, list(self.own), *values)
        return Condition(
            f"EXISTS (SELECT 1 FROM jsonb_each_text({table}.state -> 'fields') AS told (name, words)"  # noqa: S608 - bound
            f" WHERE {table}.institution || '.' || told.name = ANY({names})"
            " AND position(upper(%s) IN upper(told.words)) > 0)",
            (*values, self.words),
        )


class Sought(Expression):
    """A search as a condition of Django's queries."""

    output_field = BooleanField()

    def __init__(self, search: Search) -> None:
        super().__init__()
        self.search = search

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """Over the table that the query asks for, whatever it is called there."""
        sql, params = self.search.condition(compiler.query.get_initial_alias())
        return f"({sql})", params
