"""Days and hours as a pack writes them, for the kernel's calendars."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time, timedelta


def parse_days(items: Sequence[str | date]) -> frozenset[date]:
    """The days named by ISO dates ("2026-02-14") and inclusive ranges ("2026-02-15..2026-02-23").

    A `date` is taken as it is, because YAML reads an unquoted date so. Raises ValueError naming the item.
    """
    days: set[date] = set()
    for item in items:
        text = str(item)
        first_text, dots, last_text = text.partition("..")
        try:
            first = _iso(first_text)
            last = _iso(last_text) if dots else first
        except ValueError as error:
            raise ValueError(
                f"Day '{text}' is not a date or a range; write 2026-02-14 or 2026-02-15..2026-02-23 ({error})."
            ) from None
        if last < first:
            raise ValueError(f"Range '{text}' ends before it starts; write the earlier day first.")
        days.update(first + timedelta(days=i) for i in range((last - first).days + 1))
    return frozenset(days)


def parse_hours(items: Sequence[Sequence[str]]) -> tuple[tuple[time, time], ...]:
    """Spans of the day from [["09:00", "12:00"], …]; "24:00" ends a day. Raises ValueError naming the span."""
    spans: list[tuple[time, time]] = []
    for item in items:
        try:
            start, end = item
            spans.append((time.fromisoformat(start), time() if end == "24:00" else time.fromisoformat(end)))
        except (TypeError, ValueError):
            raise ValueError(f'Hours {item!r} are not a span; write ["09:00", "12:00"].') from None
    return tuple(spans)


def _iso(text: str) -> date:
    # date.fromisoformat also takes 20260214 and 2026-W07-6, which no official would recognise.
    if len(text) != 10 or "W" in text:
        raise ValueError(f"'{text}' is not YYYY-MM-DD")
    return date.fromisoformat(text)
