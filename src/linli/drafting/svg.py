"""SVG as text: elements, escaping, colours, and how wide words are where no browser can be asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.sax.saxutils import quoteattr

INK, SOFT = "var(--ink, #1c1b19)", "var(--ink-soft, #55514a)"
PAPER, SURFACE = "var(--paper, #f5f4f1)", "var(--surface, #ffffff)"
RULE, EDGE = "var(--rule, #dbd7cf)", "var(--rule-strong, #86806f)"
ACCENT, WASH = "var(--accent, #0b5a61)", "var(--accent-wash, #e2eeed)"
LATE, DONE = "var(--late, #a52c15)", "var(--done, #2a6135)"
_VARIABLE = re.compile(r"var\(--[a-z-]+, ([^()]+)\)")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def standalone(svg: str) -> str:
    """The picture as a file for programs that know no CSS variables: plain colours on white paper."""
    plain = _VARIABLE.sub(r"\1", svg)
    at = plain.index(">") + 1
    paper = '<rect width="100%" height="100%" fill="#fff"/>'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{plain[:at]}{paper}{plain[at:]}\n'


def element(tag: str, content: str | None = None, **attributes: object) -> str:
    """One SVG element. Attribute names take ``_`` for ``-``; ``content`` must be escaped already."""
    pairs = (f"{k.rstrip('_').replace('_', '-')}={quoteattr(clean(number(v)))}" for k, v in attributes.items())
    head = " ".join([tag, *pairs])
    return f"<{head}/>" if content is None else f"<{head}>{content}</{tag}>"


def number(value: object) -> str:
    """A length with at most one decimal; other values as they are."""
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)


def clean(text: str) -> str:
    """The text without characters that XML forbids."""
    return _NOT_XML.sub(" ", text)


def text_width(text: str, size: float) -> float:
    """Width of ``text`` in the view box: one em for a Chinese character, cautious fractions for the others."""
    return size * sum(_em(c) for c in text)


def _em(char: str) -> float:
    if ord(char) >= 0x2000:
        return 1.0
    if char in " .,:;'|!iIjlt()[]":
        return 0.36
    return 0.78 if char.isupper() or char in "mw@%&" else 0.6


def wrap(text: str, size: float, width: float) -> list[str]:
    """Lines no wider than ``width``; Latin breaks at spaces, Chinese anywhere but before closing punctuation."""
    lines, line = [], ""
    for piece in _pieces(text, size, width):
        if line and text_width((line + piece).rstrip(), size) > width:
            lines.append(line.rstrip())
            line = ""
        line += piece
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def _pieces(text: str, size: float, width: float) -> Iterator[str]:
    """What may not be broken: a word with its space, a Chinese character with the punctuation that clings to it."""
    for piece in re.findall(r"[“‘（《〔]*(?:[^\s\u2000-\uffff]+|\S)[”’）》〕，。、；：！？…]*\s*", text):
        while text_width(piece, size) > width and len(piece) > 1:  # one word longer than a line: cut where it fills it
            fits = next(n for n in range(len(piece), 0, -1) if n == 1 or text_width(piece[:n], size) <= width)
            yield piece[:fits]
            piece = piece[fits:]
        yield piece
