"""Danger first: words of the pack's list ``dangers`` in what somebody writes or says, and whom to call at once.

A code's title lists the words (、 between them in Chinese, commas in English); its ``says`` is what to do, with the
numbers to call. Nothing is decided about the matter: it goes on as any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from linli.kernel.institution import Code, Pack, Text

LIST = "dangers"
_NUMBER = re.compile(r"(?<![0-9])[0-9]{3,12}(?![0-9])")


@dataclass(frozen=True, slots=True)
class Danger:
    """One kind of danger: its words, what to do, and the telephone numbers named in that."""

    name: str
    title: Text
    says: Text
    numbers: tuple[str, ...]


def every(pack: Pack) -> list[Danger]:
    """All that the pack knows, in its own order; none where it has no such list."""
    return [_danger(c) for c in pack.lists.get(LIST, {}).values() if c.says]


def found(pack: Pack, texts: Iterable[str]) -> list[Danger]:
    """Those of which a word stands in ``texts``."""
    written = " ".join(texts).lower()
    return [d for d in every(pack) if any(w and w in written for w in _words(d.title))] if written.strip() else []


def _words(title: Text) -> list[str]:
    return [w.strip().lower() for w in (*title.zh.split("、"), *title.en.split(","))]


def _danger(code: Code) -> Danger:
    says = code.says or code.title
    numbers = dict.fromkeys((*_NUMBER.findall(says.zh), *_NUMBER.findall(says.en)))
    return Danger(code.name, code.title, says, tuple(numbers))
