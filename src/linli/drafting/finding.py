"""What is wrong with a pack, where, and how to mend it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from linli.kernel.institution import Mark, Text


@dataclass(frozen=True, slots=True)
class Finding:
    """One complaint. ``code`` is stable; ``path`` is the shortest series of acts that shows the fault, if any.

    ``story`` tells the same path in words with days, a sentence each (see :mod:`linli.drafting.story`).
    """

    code: str
    mark: Mark
    says: Text
    remedy: Text
    path: tuple[str, ...] = ()
    severity: Literal["error", "warning"] = "error"
    story: tuple[Text, ...] = ()

    def line(self, lang: str = "zh") -> str:
        """One line for the terminal: place, code, what, remedy; the story, or the path, on lines of its own."""
        head = f"{self.mark}: {self.code}: {self.says.in_(lang)} {self.remedy.in_(lang)}"
        if self.story:
            zh, en = "这样就会出问题（每一步都用足时限）：", "how it happens, each step on its last day:"
            label = zh if lang.startswith("zh") else en
            return "\n".join([head, f"    {label}", *(f"      {text.in_(lang)}" for text in self.story)])
        label = "最短路径：" if lang.startswith("zh") else "shortest path: "
        return head + (f"\n    {label}{' → '.join(self.path)}" if self.path else "")

    def as_json(self) -> dict[str, Any]:
        """Plain values for ``--json``."""
        place = {"file": self.mark.file, "line": self.mark.line, "column": self.mark.column}
        says, remedy = ({"zh": t.zh, "en": t.en} for t in (self.says, self.remedy))
        return {
            "code": self.code,
            "severity": self.severity,
            **place,
            "says": says,
            "remedy": remedy,
            "path": list(self.path),
            "story": [{"zh": t.zh, "en": t.en} for t in self.story],
        }


def error(code: str, mark: Mark, zh: str, en: str, fix_zh: str, fix_en: str, path: Iterable[str] = ()) -> Finding:
    """A finding that refuses the pack."""
    return Finding(code, mark, Text(zh, en), Text(fix_zh, fix_en), tuple(path))


def warning(code: str, mark: Mark, zh: str, en: str, fix_zh: str, fix_en: str) -> Finding:
    """A finding that needs a written reason in the pack (``allows``) to stand."""
    return Finding(code, mark, Text(zh, en), Text(fix_zh, fix_en), (), "warning")


def nearest(name: str, known: Iterable[str]) -> tuple[str, str]:
    """A remedy that offers the nearest known names, in Chinese and English."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, 1)
    if close:
        return f"是不是想写 {close[0]}？", f"Did you mean {close[0]}?"
    some = "、".join(names[:12]) or "（无）"
    return f"可用的有：{some}。", f"Known here: {', '.join(names[:12]) or '(none)'}."
