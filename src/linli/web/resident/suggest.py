"""What the words may be about: categories whose name shares characters with what was written. A hint, never a decision.

Pure and small on purpose: two characters in a row that stand both in the text and in a category's name count one point,
weighted by how few categories have them. No person and no place is looked at.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from linli.kernel.institution import Code
from linli.web.page.forms import leaves

MOST = 3
_WORD = re.compile(r"[a-z]{4,}")


def marks(text: str) -> set[str]:
    """Pairs of Chinese characters and the first four letters of English words."""
    chinese = re.findall(r"[\u4e00-\u9fff]+", text)
    pairs = {run[n : n + 2] for run in chinese for n in range(len(run) - 1)}
    return pairs | {w[:4] for w in _WORD.findall(text.lower())}


def suggest(codes: Mapping[str, Code], texts: Iterable[str]) -> list[Code]:
    """The leaves that fit ``texts`` best, at most three, best first; none when nothing fits."""
    written = set().union(*(marks(t) for t in texts))
    known = {c.name: marks(c.title.zh) | marks(c.title.en) for c in leaves(codes)}
    often = Counter(m for found in known.values() for m in found)
    points = {name: sum(1 / often[m] for m in found & written) for name, found in known.items()}
    best = sorted((n for n, p in points.items() if p), key=lambda n: -points[n])
    return [codes[n] for n in best[:MOST]]
