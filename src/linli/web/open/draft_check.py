"""Checks one draft in a process of its own: JSON in on stdin, one JSON line of findings out, then one of drawings.

The web server starts it and reads its lines; no text of a visitor is ever read inside the server. Each of the two
parts may use SECONDS of processor time, then the kernel ends this process, whatever it is doing; memory is bounded too.
Imports no Django and touches no file, so that it starts quickly and has nothing to leak.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from typing import Any

from linli.drafting.check import check_files
from linli.drafting.codes import CODES
from linli.drafting.diagram import diagram
from linli.drafting.explain import chapters
from linli.drafting.finding import Finding
from linli.drafting.story import story
from linli.drafting.table import table
from linli.drafting.worst import worst_case
from linli.kernel.institution import Institution, Pack

SECONDS = 3.0
MEMORY = 1 << 30
AROUND = 1
"""Lines shown before and after the one that a finding points at."""


def answer(asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The findings of the draft; then, where the definition itself is sound, its words, table, picture and worst case.

    ``asked``: files (path → text), pack and institution (names), lang, on (a day, ISO).
    """
    files, lang = asked["files"], asked["lang"]
    pack, findings = check_files(files, asked["pack"])
    own = [f for f in findings if _is_own(f, asked)] if pack else findings
    own = own or [f for f in findings if f.severity == "error"]  # else “no finding”, though nothing was played
    found = pack.institutions.get(asked["institution"]) if pack else None
    yield {
        "findings": [_finding(f, files, lang) for f in own],
        "codes": [_code(c, lang) for c in dict.fromkeys(f.code for f in own)],
        "sound": all(_chapter(f) == "scenarios" for f in own) and found is not None,
    }
    if pack and found and all(_chapter(f) == "scenarios" for f in own):
        yield _drawn(pack, found, lang, date.fromisoformat(asked["on"]))


def _is_own(finding: Finding, asked: dict[str, Any]) -> bool:
    """Whether the author of the draft can mend it: in the draft, or in a story of the institution it replaces."""
    file = finding.mark.file
    return file.startswith(f"{asked['pack']}/") or f"/{asked['institution']}/" in file


def _chapter(finding: Finding) -> str:
    return CODES[finding.code].chapter


def _code(code: str, lang: str) -> dict[str, str]:
    spec = CODES[code]
    return {"code": code, "title": spec.title.in_(lang), "remedy": spec.remedy.in_(lang), "severity": spec.severity}


def _finding(finding: Finding, files: dict[str, str], lang: str) -> dict[str, Any]:
    mark = finding.mark
    lines = files.get(mark.file, "").splitlines()
    near = range(max(mark.line - AROUND, 1), min(mark.line + AROUND, len(lines)) + 1)
    return {
        "code": finding.code,
        "severity": finding.severity,
        "file": mark.file.partition("/")[2],
        "line": mark.line,
        "says": finding.says.in_(lang),
        "remedy": finding.remedy.in_(lang),
        "near": [{"line": n, "text": lines[n - 1][:160], "here": n == mark.line} for n in near],
        "story": [text.in_(lang) for text in finding.story],
    }


def scenes(pack: Pack, institution: Institution, path: tuple[str, ...], lang: str) -> list[dict[str, str]]:
    """A path as steps: on which day, who did what, and where the matter stood then."""
    return [
        {"when": s.when.in_(lang), "act": s.act.in_(lang), "who": s.who.in_(lang), "stage": s.stage.in_(lang)}
        for s in story(pack, institution, path, whole=True)
    ]


def _drawn(pack: Pack, found: Institution, lang: str, on: date) -> dict[str, Any]:
    worst = worst_case(pack, found)
    return {
        "title": found.title.in_(lang),
        "chapters": [{"title": c.title, "sentences": list(c.sentences)} for c in chapters(pack, found, lang, on)],
        "table": [asdict(row) for row in table(pack, found, lang, on)],
        "picture": diagram(pack, found, lang, on),
        "worst": {"words": worst.words(lang), "story": scenes(pack, found, worst.path, lang)} if worst else None,
    }


def main() -> None:
    """Read the question, then answer inside the bounds."""
    asked = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    for part in answer(asked):
        sys.stdout.write(json.dumps(part) + "\n")
        sys.stdout.flush()
        signal.setitimer(signal.ITIMER_PROF, SECONDS)


if __name__ == "__main__":
    main()
