"""Votes: one vote for each voter over every channel, a quorum, a pass rule, and a count anybody can repeat."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from linli.kernel import expression
from linli.kernel.institution import Ballot

NAMES = {"voted": "int", "roll": "int", "share_voted": "number", "share_roll": "number"}
"""What quorum and pass rule may ask: heads that voted and are entitled, and shares (floor area, say) likewise.

The pass rule also knows each option as a number of votes, and ``share_OPTION``."""


@dataclass(frozen=True, slots=True)
class Vote:
    """One vote: by whom (a person, or a household's key), for which option, with which share (1 where heads count)."""

    voter: str
    option: str
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Tally:
    """The count: votes and shares by option, whether enough took part, and whether it passed."""

    votes: Mapping[str, int]
    shares: Mapping[str, float]
    voted: int
    roll: int
    quorum: bool
    passed: bool


def names(ballot: Ballot) -> dict[str, str]:
    """The names that the pass rule may use, with their types."""
    options = dict.fromkeys(ballot.options, "int")
    return {**NAMES, **options, **{f"share_{option}": "number" for option in ballot.options}}


def tally(ballot: Ballot, votes: Iterable[Vote], roll: int, share_roll: float = 0.0) -> Tally:
    """Count ``votes`` against the ``roll`` of those entitled. Without quorum nothing passes (red line 7).

    ValueError for a voter counted twice or an option that is not on the ballot: the caller has kept both out.
    """
    cast = list(votes)
    if len({v.voter for v in cast}) != len(cast):
        raise ValueError("a voter is counted twice")
    if wrong := {v.option for v in cast} - set(ballot.options):
        raise ValueError(f"not on the ballot: {', '.join(sorted(wrong))}")
    heads = Counter(v.option for v in cast)
    shares = {o: sum(v.share for v in cast if v.option == o) for o in ballot.options}
    values = {"voted": len(cast), "roll": roll, "share_voted": sum(shares.values()), "share_roll": share_roll}
    values |= {o: heads[o] for o in ballot.options} | {f"share_{o}": s for o, s in shares.items()}
    quorum = roll > 0 and bool(expression.evaluate(ballot.quorum, NAMES, values))
    passed = quorum and bool(expression.evaluate(ballot.passes, names(ballot), values))
    return Tally({o: heads[o] for o in ballot.options}, shares, len(cast), roll, quorum, passed)
