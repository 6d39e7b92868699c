"""A comparison for the terminal (columns or blocks, Chinese characters two cells wide) and as one HTML file."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from html import escape
from itertools import zip_longest

from linli.drafting.compare import Comparison

WIDTH = 100
"""Columns of the terminal the text is laid out for."""
BESIDE = 3
"""More cities than this stand below each other: their columns would be too narrow to read."""
GAP = "  "
ONLY = {"zh": "只有这里有的", "en": "What only this city has"}
SAME = {"zh": "各地相同", "en": "the same everywhere"}

_CLINGS = "，。、；：！？”’）》〕…"
_STYLE = """
body { font: 16px/1.6 "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; margin: 1rem auto;
  max-width: 100rem; padding: 0 1rem; color: #1c1b19; }
table { border-collapse: collapse; width: 100%; }
th, td { border-top: 1px solid #dbd7cf; padding: .5rem .75rem; text-align: left; vertical-align: top; }
p { margin: 0 0 .25rem; }
@media (max-width: 60rem) {
  thead { display: none; } table, tbody, tr, th, td { display: block; border: 0; padding: .15rem 0; }
  tr { border-top: 1px solid #dbd7cf; padding: .75rem 0; } td::before { content: attr(data-city); color: #55514a; }
}
"""


def text(comparison: Comparison, width: int = WIDTH) -> str:
    """The comparison in lines no wider than ``width`` cells."""
    if len(comparison.cities) > BESIDE:
        return "\n".join(_blocks(comparison, width)).rstrip() + "\n"
    return "\n".join(_columns(comparison, width)).rstrip() + "\n"


def _rows(comparison: Comparison) -> Iterable[tuple[str, Sequence[Sequence[str]]]]:
    yield from ((q.asks, q.answers) for q in comparison.questions)
    if any(comparison.only):
        yield ONLY[_lang(comparison)], [own or ("—",) for own in comparison.only]


def _lang(comparison: Comparison) -> str:
    return "zh" if comparison.lang.startswith("zh") else "en"


def _columns(comparison: Comparison, width: int) -> Iterable[str]:
    count = len(comparison.cities)
    each = (width - len(GAP) * (count - 1)) // count
    yield from _beside([[t] for t in _heads(comparison)], each)
    for asks, answers in _rows(comparison):
        yield f"── {asks} " + "─" * max(0, width - cells(asks) - 4)
        yield from _beside(answers, each)


def _beside(columns: Sequence[Sequence[str]], each: int) -> Iterable[str]:
    wrapped = [_hung(column, each) for column in columns]
    for parts in zip_longest(*wrapped, fillvalue=""):
        yield GAP.join(p + " " * (each - cells(p)) for p in parts).rstrip()


def _hung(lines: Sequence[str], width: int) -> list[str]:
    """Wrapped lines; where there are several, what goes on is set in by two cells."""
    inset = "  " if len(lines) > 1 else ""
    found = []
    for line in lines:
        first, *rest = wrap(line, width - len(inset))
        found += [first, *(inset + r for r in rest)]
    return found


def _blocks(comparison: Comparison, width: int) -> Iterable[str]:
    heads = _heads(comparison)
    room = min(24, max(cells(h) for h in comparison.titles) + 2)
    yield from heads
    for asks, answers in _rows(comparison):
        yield ""
        yield f"── {asks} " + "─" * max(0, width - cells(asks) - 4)
        if len({tuple(a) for a in answers}) == 1:
            lang = _lang(comparison)
            said = [f"{SAME[lang]}{'：' if lang == 'zh' else ': '}{answers[0][0]}", *answers[0][1:]]
            yield from (line for part in said for line in wrap(part, width))
            continue
        for title, lines in zip(comparison.titles, answers, strict=True):
            label = wrap(title, room - 2)
            body = _hung(lines, width - room)
            for left, right in zip_longest(label, body, fillvalue=""):
                yield (left + " " * (room - cells(left)) + right).rstrip()


def _heads(comparison: Comparison) -> list[str]:
    return [f"{t} · {m}" for t, m in zip(comparison.titles, comparison.matters, strict=True)]


def cells(text: str) -> int:
    """Width in a terminal: two cells for a wide character."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def wrap(text: str, width: int) -> list[str]:
    """Lines no wider than ``width`` cells; Latin breaks at spaces, Chinese anywhere but before closing punctuation."""
    lines, line = [], ""
    for piece in re.findall(rf"[“‘（《〔]*(?:[!-~]+|\S)[{_CLINGS}]*\s*", text):
        if line and cells((line + piece).rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        line += piece
        while cells(line.rstrip()) > width:  # one word longer than a line
            cut = next(n for n in range(len(line), 0, -1) if n == 1 or cells(line[:n]) <= width)
            lines.append(line[:cut])
            line = line[cut:]
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def html(comparison: Comparison) -> str:
    """One HTML file that needs nothing else: a table that becomes a list on a narrow screen."""
    zh = _lang(comparison) == "zh"
    title = "各地怎么办同一件事" if zh else "The same matter in several cities"
    head = "".join(f'<th scope="col">{escape(h)}</th>' for h in _heads(comparison))
    body = "".join(_row(comparison, asks, answers) for asks, answers in _rows(comparison))
    lang = "zh-Hans" if zh else "en"
    return (
        f'<!doctype html>\n<html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>'
        f"<body><h1>{title}</h1><table><thead><tr><th></th>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></body></html>\n"
    )


def _row(comparison: Comparison, asks: str, answers: Sequence[Sequence[str]]) -> str:
    found = "".join(_cell(t, a) for t, a in zip(comparison.titles, answers, strict=True))
    return f'<tr><th scope="row">{escape(asks)}</th>{found}</tr>'


def _cell(title: str, lines: Sequence[str]) -> str:
    return f'<td data-city="{escape(title)}">{"".join(f"<p>{escape(line)}</p>" for line in lines)}</td>'
