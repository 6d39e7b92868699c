"""Every finding code in one place: what it is called, how grave it is, and how to mend it.

The checks take their remedy from here unless they know a nearer one, and docs/reference/findings.md is printed from
here, so neither can drift. A code never changes its meaning; a new meaning gets a new code.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from linli.drafting.codes_list import CHAPTERS
from linli.drafting.codes_list import CODES as _ROWS
from linli.drafting.finding import Finding
from linli.kernel.institution import Mark, Text


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of finding. A warning may stand with a written reason (``allows``); an error may not."""

    code: str
    chapter: str
    severity: Literal["error", "warning"]
    title: Text
    remedy: Text


CODES: dict[str, Code] = {
    code: Code(code, chapter, "warning" if grave == "w" else "error", Text(zh, en), Text(fix_zh, fix_en))
    for chapter, code, grave, zh, en, fix_zh, fix_en in _ROWS
}


def found(
    code: str, mark: Mark, zh: str, en: str, path: Iterable[str] = (), remedy: tuple[str, str] | None = None
) -> Finding:
    """A finding of a registered code; KeyError for another. ``remedy`` (zh, en) replaces the registered one."""
    spec = CODES[code]
    return Finding(code, mark, Text(zh, en), Text(*remedy) if remedy else spec.remedy, tuple(path), spec.severity)


def page() -> str:
    """docs/reference/findings.md, in Markdown."""
    lines = [
        "# Findings 检查结果",
        "",
        "<!-- Printed from src/linli/drafting/codes_list.py by `python -m linli.drafting.codes`; do not edit. -->",
        "",
        "`linli check PACK` prints each with its file, line and column, and the shortest path that shows it where",
        "there is one. An **error** refuses the pack and cannot be switched off. A **warning** refuses it too, until",
        "the institution says in `allows` why it may stand:",
        "",
        "```yaml",
        "allows:",
        "  - {code: end-without-result, because: {zh: 只登记，不办理。, en: It only records; nothing is handled.}}",
        "```",
    ]
    for chapter, (zh, en) in CHAPTERS.items():
        lines += ["", f"## {en} {zh}"]
        for spec in (c for c in CODES.values() if c.chapter == chapter):
            grave = "" if spec.severity == "error" else " *(warning 提醒)*"
            lines += ["", f"### [`{spec.code}`](findings/{spec.code}.md){grave}", ""]
            lines += [f"{spec.title.zh} {spec.remedy.zh}", "", f"{spec.title.en} {spec.remedy.en}"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    import sys

    sys.stdout.write(page())
