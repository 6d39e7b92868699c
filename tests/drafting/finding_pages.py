"""Prints docs/reference/findings/CODE.md: each code with a wrong and a right example, taken from the broken packs.

    python -m tests.drafting.finding_pages

An example is a copy of the small good pack with one fault. broken/ has most; finding_examples/CODE.yaml has those whose
broken pack shows other faults too. ``with`` there names codes that cannot but come along.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from linli.drafting.check import check_files
from linli.drafting.codes import CODES, Code
from linli.drafting.codes_list import CHAPTERS
from linli.drafting.finding import Finding
from tests.drafting.broken_packs import HERE, NAMES, Broken, _apply, broken, good

FOLDER = Path(__file__).parents[2] / "docs/reference/findings"
OWN = HERE / "finding_examples"
IN_MEMORY = {"text-empty"}
"""The reader refuses an empty text as `wrong-type` first; only a pack made by a program can show the code."""

MEANS = {
    "reading": (
        "文件读不懂，就没有制度可言；先把写法改对，其余的检验才接着做。",
        "What cannot be read is no institution; the other checks wait until the text is mended.",
    ),
    "names": (
        "名称、文字和字段要对得上：写了没声明的、没用到的、不起作用的，运行时就不是您以为的那个规定。",
        "Names, words and fields must fit: what is misspelt, unused or without effect is not the rule you meant.",
    ),
    "stages": (
        "每个没办结的环节都要有人、有时限、到期有下文，否则事情就会停在那里。",
        "An open stage has somebody, a limit and a consequence; otherwise matters come to rest there.",
    ),
    "paths": (
        "检验把一件事能走的每条路都走一遍；这里说的是走着走着就丢了的路，并给出最短的一条。",
        "Check walks every way a case can go; this is one on which it gets lost, with the shortest such way.",
    ),
    "duties": (
        "谁能办、谁不能既办又核实、谁看得到什么，是对居民的承诺。",
        "Who acts, who may not verify their own work, who reads what: these are promises to residents.",
    ),
    "conditions": (
        "条件写错了不会报错，只会一直不许做，或者一直放行；能算清的，检验替您算清。",
        "A wrong condition raises no alarm: it refuses for ever or lets all through. What can be computed is.",
    ),
    "blocks": (
        "表决、开会要够数，事先要公布；打分要加得到一百；钱要先到账才能支出；公示的只能是能公开的。",
        "Votes and meetings want a quorum and notice, scores sum to 100, money comes in before it goes out.",
    ),
    "standards": (
        "标准拿登记册来对：对得上才叫达标，对不上就开一件整改事项；没有数据不算达标，也不算不达标。",
        "A standard is held against the registry; what breaks it opens a gap case, what is unknown does neither.",
    ),
    "calls": (
        "吹哨请来的单位，要开得起、办得完、回得来。",
        "Called units must be opened, must end, and must come back to the one who called.",
    ),
    "dates": (
        "每个数字都要有日期、有依据，哪一天都算得出来，不能靠猜。",
        "Every number has its dates and its source, so that any day can be computed and none is guessed.",
    ),
    "scenarios": (
        "情景是给人看的例子，也是给机器跑的测试；没有情景走过的规定，没有人见过它怎么运行。",
        "Scenarios are examples for people and tests for the machine; a rule that none walks was never seen at work.",
    ),
    "allows": (
        "提醒可以写明理由保留，错误不可以；理由要跟着事实走。",
        "A warning may stand with a reason, an error may not; and a reason stands only while its warning does.",
    ),
}


@dataclass(frozen=True)
class Example:
    """A damaged copy of the good pack: why, its files, and the codes that it shows."""

    why: str
    files: dict[str, bytes]
    codes: frozenset[str]

    def findings(self) -> list[Finding]:
        return check_files(self.files, "good")[1]


@dataclass(frozen=True)
class Hunk:
    """One damaged place: the same lines of a file, wrong and right."""

    file: str
    wrong: str
    right: str


@cache
def _broken() -> tuple[Broken, ...]:
    return tuple(map(broken, NAMES))


@cache
def example(code: str) -> Example | None:
    """The example of ``code``: its own file, else the broken pack with the least damage that shows it alone."""
    own = OWN / f"{code}.yaml"
    if own.is_file():
        spec = yaml.safe_load(own.read_text(encoding="utf-8"))
        files = good()
        for change in spec["change"]:
            _apply(files, change)
        return Example(spec["why"], files, frozenset({code, *spec.get("with", ())}))
    alone = [case for case in _broken() if {e["code"] for e in case.expect} == {code}]
    if not alone:
        return None
    case = min(alone, key=lambda c: (not hunks(c.files), len(c.expect), sum(len(h.wrong) for h in hunks(c.files))))
    spec = yaml.safe_load((HERE / "broken" / f"{case.name}.yaml").read_text(encoding="utf-8"))
    return Example(spec["why"], case.files, frozenset({code}))


@cache
def sound() -> dict[str, bytes]:
    """The good pack, read once."""
    return good()


def hunks(files: dict[str, bytes]) -> list[Hunk]:
    """Where ``files`` differ from the good pack, with enough lines around; none where words cannot show it."""
    found: list[Hunk] = []
    for file, content in sound().items():
        if files.get(file) == content:
            continue
        if not files.get(file) or len(files[file]) > 100_000 or _text(files[file]) is None:
            return []
        found += _hunks(file, content.decode().splitlines(), files[file].decode().splitlines())
    return found


def _text(content: bytes) -> str | None:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def _hunks(file: str, right: list[str], wrong: list[str]) -> list[Hunk]:
    whole = "\n".join(right) + "\n"
    for around in range(3, len(right)):
        groups = difflib.SequenceMatcher(None, right, wrong, autojunk=False).get_grouped_opcodes(around)
        found = [
            Hunk(file, "\n".join(wrong[g[0][3] : g[-1][4]]) + "\n", "\n".join(right[g[0][1] : g[-1][2]]) + "\n")
            for g in groups
        ]
        if all(whole.count(h.right) == 1 for h in found):
            return found
    return [Hunk(file, "\n".join(wrong) + "\n", whole)]


def page(spec: Code) -> str:
    """The page of one code."""
    zh, en = CHAPTERS[spec.chapter]
    grave = "错误 error" if spec.severity == "error" else "提醒 warning"
    lines = [
        f"# `{spec.code}` {spec.title.zh} {spec.title.en}",
        "",
        "<!-- Printed by `python -m tests.drafting.finding_pages`; do not edit. -->",
        "",
        f"{grave} · [{zh} {en}](../findings.md)",
        "",
        MEANS[spec.chapter][0],
        "",
        MEANS[spec.chapter][1],
        "",
        "**怎么改 How to mend it**",
        "",
        spec.remedy.zh,
        "",
        spec.remedy.en,
    ]
    return "\n".join([*lines, "", *_shown(spec)]).rstrip() + "\n"


def _shown(spec: Code) -> list[str]:
    if spec.code in IN_MEMORY:
        return [
            "空文字在读文件时就会按 [`wrong-type`](wrong-type.md) 拒绝；只有程序拼出来的制度包才会出现这一项。",
            "",
            "In a file an empty text is refused as [`wrong-type`](wrong-type.md) before; only a pack that",
            "a program puts together can show this code.",
        ]
    found = example(spec.code)
    if found is None:
        raise LookupError(f"{spec.code} has no example: add tests/drafting/finding_examples/{spec.code}.yaml")
    shown = hunks(found.files)
    if shown:
        wrong = [line for h in shown for line in _block(h.file, h.wrong)]
        right = [line for h in shown for line in _block(h.file, h.right)]
    else:
        wrong, right = [*_in_words(found.files), ""], ["把这个文件改回来。 Put the file right again.", ""]
    said = [line for f in found.findings() for line in f.line("zh").splitlines() + f.line("en").splitlines()[:1]]
    said = [line if len(line) < 400 else line[:400] + "…" for line in said]
    return [
        "## 错误的例子 Wrong",
        "",
        found.why,
        "",
        *wrong,
        "`linli check`:",
        "",
        "```text",
        *said,
        "```",
        "",
        "## 正确的例子 Right",
        "",
        *right,
    ]


def _block(file: str, text: str) -> list[str]:
    return [f"`{file}`", "", "```yaml", *text.splitlines(), "```", ""]


def _in_words(files: dict[str, bytes]) -> list[str]:
    lines = []
    for file, content in sound().items():
        if file not in files:
            lines.append(f"`{file}` 不见了。 It is not there.")
        elif files[file] != content and not files[file]:
            lines.append(f"`{file}` 是空的。 It is empty.")
        elif files[file] != content and _text(files[file]) is None:
            lines.append(f"`{file}` 存成了 GBK。 It is saved as GBK.")
        elif files[file] != content:
            lines.append(f"`{file}` 有 {len(files[file])} 字节。 It has {len(files[file])} bytes.")
    return lines


def write() -> None:
    """Write every page and drop those of codes that are gone."""
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.md"):
        if path.stem not in CODES:
            path.unlink()
    for spec in CODES.values():
        (FOLDER / f"{spec.code}.md").write_text(page(spec), encoding="utf-8")
    (FOLDER.parent / "findings.md").write_text(index(), encoding="utf-8")


def index() -> str:
    """docs/reference/findings.md."""
    from linli.drafting.codes import page as printed

    return printed()


if __name__ == "__main__":
    write()
