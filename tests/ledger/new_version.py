"""A new version of the request as a city might write it: a stage more, one renamed, an act less, other limits."""

from __future__ import annotations

from datetime import datetime

from linli.drafting.check import check_files
from linli.drafting.load import load, read_folder
from linli.kernel.institution import Pack
from linli.ledger import definitions
from tests.cast import PACKS

REQUEST = "changzhou/request/institution.yaml"
NUMBERS = "changzhou/parameters.yaml"
VISIT = """
  visited:
    title: {zh: 上门会商, en: Visit together}
    holder: community
    within: community_limit
    overdue: go
    acts:
      go: {title: {zh: 会商后接着办, en: Go on}, by: [community, clock], to: collected}
"""
EDITS = {
    REQUEST: [
        ("\nstages:\n", f"\nstages:{VISIT}"),  # a new stage between grid and community
        ("        needs: [reason]\n        to: collected", "        needs: [reason]\n        to: visited"),
        ("  raised:\n", "  at_street:\n"),  # renamed
        ("to: raised", "to: at_street"),
        ("collected, raised, ", "collected, at_street, "),
        ("collected, raised]", "collected, at_street]"),
        # fewer rounds, and nobody is asked for the kind any more
        ("        at_most: 2\n        counts: reopened\n        to: collected\n        tells: [holder]",
         "        at_most: 1\n        counts: reopened\n        to: collected\n        tells: [holder]"),
        ("  may: [kind, urgency, address,", "  may: [urgency, address,"),
    ],
    NUMBERS: [
        ("community_limit:\n  - {from: 2022-01-01, value: 2,", "community_limit:\n  - {from: 2022-01-01, value: 4,"),
        ("promise_limit:\n  - {from: 2022-01-01, value: 10,", "promise_limit:\n  - {from: 2022-01-01, value: 8,"),
    ],
}  # fmt: skip


def shipped() -> dict[str, str]:
    """The files of the shipped pack as text."""
    return {path: text.decode() for path, text in read_folder(PACKS, "changzhou").items()}


def files() -> dict[str, str]:
    """The files of the new version."""
    found = shipped()
    for file, edits in EDITS.items():
        for before, after in edits:
            assert before in found[file], before
            found[file] = found[file].replace(before, after)
    text = found[REQUEST]
    for name, following in (("  extend:\n", "  pause:\n"), ("  kind: ", "  category: "), ("  until: ", "  addition: ")):
        start = text.index(name)
        text = text[:start] + text[text.index(following, start) :]
    found[REQUEST] = text
    return found


def pack(found: dict[str, str]) -> Pack:
    """Read without complaint. The shipped scenarios tell of the old version, so theirs are not asked."""
    read, findings = load(found, "changzhou")
    assert read is not None and not findings, findings
    bare = {path: text for path, text in found.items() if "/scenarios/" not in path}
    complaints = [f for f in check_files(bare, "changzhou")[1] if "scenario" not in f.code and "covered" not in f.code]
    assert not complaints, [f.line("en") for f in complaints]
    return read


def publish(found: dict[str, str], now: datetime) -> Pack:
    """Put it in force."""
    read = pack(found)
    definitions.publish(read, now)
    definitions.forget()
    return read
