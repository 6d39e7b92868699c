"""What a result or a level is called, also on closed cases whose pack has since dropped the word.

A pack may not lose what an open case still needs, but history outlives every pack: what is gone is called by its key.
"""

from __future__ import annotations

from linli.kernel.institution import Pack, Text


def result_title(pack: Pack, name: str) -> Text:
    """How a case came out."""
    return pack.results[name].title if name in pack.results else Text(name, name)


def level_title(pack: Pack, name: str) -> Text:
    """The level under which a case counts."""
    return pack.levels[name].title if name in pack.levels else Text(name, name)
