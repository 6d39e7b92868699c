"""Checks one draft in a process of its own: JSON in on stdin, one JSON line of findings out, then one of drawings.

The web server starts it and reads its lines; no text of a visitor is ever read inside the server. Each of the two
parts may use SECONDS of processor time, then the kernel ends this process, whatever it is doing; memory is bounded too.
Imports no Django and touches no file, so that it starts quickly and has nothing to leak.
"""

from __future__ import annotations

import json
import re
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
from linli.drafting.table import table
from linli.drafting.worst import worst_case
from linli.kernel.institution import Institution, Pack, Text

SECONDS = 1.0
MEMORY = 1 << 30
AROUND = 1
"""Lines shown before and after the one that a finding points at."""
CLOCK, CHILDREN = Text("时限到了", "The clock"), Text("各单位办结", "The called units")


def answer(asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The findings of the draft; then, where the definition itself is sound, its words, table, picture and worst case.

    ``asked``: files (path → text), pack and institution (names), lang, on (a day, ISO).
    """
    files, lang = asked["files"], asked["lang"]
    pack, findings = check_files(files, asked["pack"])
    own = [f for f in findings if _is_own(f, asked)] if pack else findings
    found = pack.institutions.get(asked["institution"]) if pack else None
    yield {
        "findings": [_finding(f, files, pack, lang) for f in own],
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


def _finding(finding: Finding, files: dict[str, str], pack: Pack | None, lang: str) -> dict[str, Any]:
    mark = finding.mark
    lines = files.get(mark.file, "").splitlines()
    near = range(max(mark.line - AROUND, 1), min(mark.line + AROUND, len(lines)) + 1)
    folder = mark.file.split("/")[1] if mark.file.count("/") > 1 else ""
    institution = pack.institutions.get(folder) if pack else None
    return {
        "code": finding.code,
        "severity": finding.severity,
        "file": mark.file.partition("/")[2],
        "line": mark.line,
        "says": finding.says.in_(lang),
        "remedy": finding.remedy.in_(lang),
        "near": [{"line": n, "text": lines[n - 1][:160], "here": n == mark.line} for n in near],
        "story": story(institution, finding.path, lang) if institution else [],
    }


def story(institution: Institution, path: tuple[str, ...], lang: str) -> list[dict[str, str]]:
    """A path (acts and stages by turns) as steps: who did what, and where the matter stood then."""
    acts = {a.name: a.title for s in institution.stages.values() for a in s.acts.values()}
    acts |= {a.name: a.title for a in institution.anywhere.values()} | {"open": institution.open.title}
    people: dict[str, Text] = {n: r.title for n, r in institution.roles.items()}
    people |= {n: p.title for n, p in institution.parties.items()} | {"clock": CLOCK, "children": CHILDREN}
    steps: list[dict[str, str]] = []
    for words in path:
        act = re.fullmatch(r"(\w+)(?:\.\w+)? by (\w+)", words)
        stage = institution.stages.get(words.split(" ")[0])
        if act and act[1] in acts:
            who = people.get(act[2])
            steps.append({"act": acts[act[1]].in_(lang), "who": who.in_(lang) if who else act[2], "stage": ""})
        elif steps and not steps[-1]["stage"]:
            steps[-1]["stage"] = stage.title.in_(lang) if stage else words
        else:
            steps.append({"act": "", "who": "", "stage": stage.title.in_(lang) if stage else words})
    return steps


def _drawn(pack: Pack, found: Institution, lang: str, on: date) -> dict[str, Any]:
    worst = worst_case(pack, found)
    return {
        "title": found.title.in_(lang),
        "chapters": [{"title": c.title, "sentences": list(c.sentences)} for c in chapters(pack, found, lang, on)],
        "table": [asdict(row) for row in table(pack, found, lang, on)],
        "picture": diagram(pack, found, lang, on),
        "worst": {"words": worst.words(lang), "story": story(found, worst.path, lang)} if worst else None,
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
