"""What figures count of a case, in one narrow column: counters raised, answers given, more time agreed to.

A copy of the state like the other columns: ``linli verify`` compares it with the entries and can write it anew.
"""

from __future__ import annotations

from linli.drafting.figures import HIGHEST_CLASS, extending
from linli.kernel.case import Case
from linli.kernel.institution import FIELD_CLASSES, Institution

EXTENDED = "extended"
CATEGORY = "category"
"""Has a column of its own."""
_READ: dict[tuple[str, str], tuple[tuple[str, ...], tuple[str, ...]]] = {}


def raised(counter: str) -> str:
    """The mark of a counter that was raised."""
    return f"+{counter}"


def answered(field: str, value: str) -> str:
    """The mark of an answer; of a yes_no field the values are yes and no."""
    return f"{field}={value}"


def marks_of(institution: Institution, case: Case) -> list[str]:
    """The marks of ``case``, sorted."""
    fields, acts = _looked_at(institution)
    found = [raised(name) for name in case.counts]
    for name in fields:
        value = case.fields.get(name)
        if value is not None:
            found.append(answered(name, ("yes" if value else "no") if isinstance(value, bool) else str(value)))
    if any(a in case.done for a in acts):
        found.append(EXTENDED)
    return sorted(found)


def _looked_at(institution: Institution) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The fields with answers that may be counted, and what is noted as done once a limit was extended."""
    key = (institution.name, institution.version)
    found = _READ.get(key)
    if found is None or not institution.version:
        most = FIELD_CLASSES.index(HIGHEST_CLASS)
        fields = tuple(
            n
            for n, f in institution.fields.items()
            if f.type in ("code", "yes_no") and n != CATEGORY and FIELD_CLASSES.index(f.class_) <= most
        )
        found = _READ[key] = (fields, tuple(extending(institution)))
    return found
