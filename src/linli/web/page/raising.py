"""What residents may raise, in the order in which it is offered to them."""

from __future__ import annotations

from linli.kernel.institution import Institution, Pack


def raisable(pack: Pack) -> list[Institution]:
    """The public institutions; what may be raised without a name is open to everybody and comes first."""
    return sorted((i for i in pack.institutions.values() if i.public), key=raised_first)


def raised_first(institution: Institution) -> tuple[bool]:
    """Sorts what one may raise without a name before the rest; the pack's order decides among equals."""
    return (not institution.parties[institution.raised_by].anonymous,)
