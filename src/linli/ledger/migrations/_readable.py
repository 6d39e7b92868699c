"""For migrations that fill a new column or table out of the cases that are there already."""

from collections.abc import Iterator
from typing import Any


def readable(case_model: Any) -> Iterator[tuple[Any, Any, Any]]:
    """(row, institution, case) of every case; what today's packs cannot read is for `linli verify --rebuild`."""
    from linli.ledger.definitions import NoPack, runtime
    from linli.ledger.plain import case_from

    if not case_model.objects.exists():
        return
    try:
        rt = runtime()
    except NoPack:
        return
    for row in case_model.objects.only("id", "state", "institution", "version", "place").iterator(chunk_size=1000):
        try:
            institution = rt.institution(row.institution, row.version)
        except LookupError:
            continue
        yield row, institution, case_from(row.state)
