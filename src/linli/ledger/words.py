"""Finding a matter by what people wrote when they raised it.

Chinese is not split into words, so every two neighbouring characters are kept apart from the case, where an index
finds them: a case that holds all pairs of what is looked for may hold it, and whoever searches looks inside then.
"""

from __future__ import annotations

from django.db.models import Q

from linli.kernel.case import Case
from linli.kernel.institution import Institution
from linli.ledger.models import Case as CaseRow
from linli.ledger.models import Pairs


def opening_texts(institution: Institution) -> list[str]:
    """The text fields filled in at the opening, what the matter is about first."""
    return [n for n in (*institution.open.needs, *institution.open.may) if institution.fields[n].type == "text"]


def pairs(text: str) -> set[str]:
    """Every two neighbouring characters of ``text``, capitals as small letters."""
    small = text.casefold()  # lower() looks at the neighbours of a sigma
    return {small[n : n + 2] for n in range(len(small) - 1)}


def pairs_of(institution: Institution, case: Case) -> list[str]:
    """The pairs of all that was written at the opening, as it stands today; sorted."""
    written = (case.fields.get(name) for name in opening_texts(institution))
    return sorted({pair for text in written if isinstance(text, str) for pair in pairs(text)})


def may_hold(words: str, or_number: int | None) -> Q:
    """The cases in which ``words`` may stand, and the one with that number. A single character has no pair: any."""
    wanted = sorted(pairs(words))
    if not wanted:
        return Q()
    found = Pairs.objects.filter(pairs__contains=wanted).values("case_id")
    if or_number is not None:  # one list, since the index serves no OR over two tables
        found = found.union(CaseRow.objects.filter(number=or_number).values("pk"))
    return Q(pk__in=found)
