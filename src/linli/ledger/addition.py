"""How whoever raised a case may add to it now, without moving it: for channels where people simply answer."""

from __future__ import annotations

from dataclasses import dataclass

from linli.kernel.decide import available
from linli.kernel.institution import Act, Field
from linli.kernel.refusal import Who
from linli.ledger.definitions import runtime
from linli.ledger.models import Case


@dataclass(frozen=True, slots=True)
class Way:
    """An act by which the reporter may say something, the field for it, and the one for photos."""

    act: Act
    spec: Field
    pictures: str | None


def way(case: Case, channel: str) -> Way | None:
    """How the reporter may say something now that moves nothing: going on after a pause comes first, then ``add``."""
    institution = runtime().institution(case.institution, case.version)
    who = Who(None, frozenset({institution.raised_by}), channel)
    found = []
    for act in available(institution, case.kernel(), who):
        texts = [n for n in (*act.needs, *act.may) if institution.fields[n].type == "text"][:1]
        if texts and set(act.needs) <= set(texts) and act.to is None and not act.result and not act.approves:
            pictures = next((n for n in act.may if institution.fields[n].type == "files"), None)
            found.append(Way(act, institution.fields[texts[0]], pictures))
    return min(found, key=lambda w: (w.act.does != "resume", w.act.name != "add"), default=None)
