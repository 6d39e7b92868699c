"""Damaged texts for the loader: real files flipped, cut, spliced, tagged and nested, and noise of all kinds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from time import process_time

from linli.config.pack_files import SHIPPED
from linli.drafting.check import check_files
from linli.drafting.load import load, read_folder
from tests.drafting.broken_packs import HERE
from tests.drafting.compose_once import composed_once

SLOWEST = 1.0
"""Seconds that reading one damaged pack may take: processor time, so that a busy machine is not blamed."""

SLOWEST_CHECK = 5.0
"""The same of checking what could be read, five times what a whole shipped pack may take."""

ODD = (
    "\0",
    "\ufeff",
    "\r\n",
    "\r",
    "\x85",
    "\u2028",
    "\u202e",
    "\ud800",
    "\x1b",
    "\x7f",
    "é",
    "𠀀",
    "\t",
    "　",
    "'",
    '"',
    "{",
    "}",
    "[",
    "]",
    ":",
    "- ",
    "? ",
    "!!",
    "&a ",
    "*a",
    "|",
    ">",
    "%",
    "@",
    "`",
    "#",
    ",",
    "---\n",
    "...\n",
    "<<: ",
)
VALUES = (
    "",
    "~",
    "null",
    "[]",
    "{}",
    "[[]]",
    "{a: {b: c}}",
    "no",
    "1e999",
    "0x7f",
    "9" * 400,
    "-1",
    "2022-02-30",
    "0000-01-01",
    "9999-12-31",
    "99999-01-01",
    "2022-01-01T00:00:00Z",
    "!!python/object:os.system x",
    "!!binary aGk=",
    "&a x",
    "*a",
    "clock",
    "back",
    "holder",
    "x" * 70,
    "'",
    '"',
    "999999999",
    "1.5",
    "true",
    ".nan",
    "{? [a]: b}",
    "[a, b, [c]]",
    "100000000",
    "٣",
    "２０２２-０１-０１",
    "2022-W01-1",
    "20220101",
    "'size(x) > 0'",
    "1/0",
)


@dataclass
class Outcome:
    """What a run found. ``faults`` are the texts at which the promise broke, with their seed and what happened."""

    tried: int = 0
    packs: int = 0
    survivors: int = 0
    refused: int = 0
    slowest: float = 0.0
    kinds: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        """Take in what another process counted."""
        for name in ("tried", "packs", "survivors", "refused"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.slowest = max(self.slowest, other.slowest)
        self.kinds.update(other.kinds)
        self.codes.update(other.codes)
        self.faults += other.faults

    def lines(self) -> list[str]:
        """What is printed."""
        head = f"{self.tried} damaged texts: {self.refused} refused with a place, {self.survivors} still packs"
        rows = [f"  {n:<22}{c:>8}" for n, c in self.kinds.most_common()]
        codes = ", ".join(f"{n} {c}" for n, c in self.codes.most_common())
        return [head, f"slowest: {self.slowest:.3f} s", *rows, f"findings: {codes}", f"faults: {len(self.faults)}"]


def run(first: int, count: int, packs: tuple[str, ...] = ()) -> Outcome:
    """Throw the texts with the seeds ``first`` … at the loader; survivors are checked as well."""
    sources = [(read_folder(HERE, "good"), "good")]
    sources += [(read_folder(SHIPPED, name), name) for name in packs]
    with composed_once(text for files, _ in sources for text in files.values()):
        return _throw(first, count, sources)


def _throw(first: int, count: int, sources: list[tuple[dict[str, bytes], str]]) -> Outcome:
    outcome = Outcome()
    for seed in range(first, first + count):
        rng = Random(seed)
        files, name = sources[0] if rng.random() < 0.7 else rng.choice(sources)
        file = rng.choice(sorted(f for f in files if f.split("/")[0] == name))
        kind = rng.choice(list(DAMAGES))
        damaged = DAMAGES[kind](rng, files[file])
        outcome.kinds[kind] += 1
        _try(outcome, {**files, file: damaged}, name, f"seed {seed} ({kind} in {file})")
    return outcome


def _try(outcome: Outcome, files: dict[str, bytes | str], name: str, what: str) -> None:
    outcome.tried += 1
    start = process_time()
    try:
        pack, findings = load(files, name)
        took = process_time() - start
        if not findings and pack is None:
            outcome.faults.append(f"{what}: neither a pack nor a finding")
        for finding in findings:
            mark = finding.mark
            if (
                mark.file not in files
                or mark.line < 1
                or mark.column < 1
                or not finding.says.zh
                or not finding.remedy.zh
            ):
                outcome.faults.append(f"{what}: {finding.code} without a place or words: {mark}")
        _, more = (None, []) if findings else check_files(files, name)
        if process_time() - start - took > SLOWEST_CHECK:
            outcome.faults.append(f"{what}: check took {process_time() - start - took:.1f} s")
        outcome.codes.update({f.code for f in (findings or more)})
        if any(f.mark.line < 1 or not f.mark.file for f in more):
            outcome.faults.append(f"{what}: a finding of check without a place")
    except Exception as fault:  # what must never happen is what is looked for
        outcome.faults.append(f"{what}: {type(fault).__name__}: {str(fault)[:200]}")
        return
    outcome.slowest = max(outcome.slowest, took)
    if took > SLOWEST:
        outcome.faults.append(f"{what}: took {took:.2f} s")
    outcome.refused += bool(findings)
    outcome.survivors += not findings


# --- ways to damage a text


def _flip(rng: Random, text: bytes) -> bytes:
    data = bytearray(text)
    for _ in range(rng.choice((1, 1, 2, 5, 50))):
        data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data)


def _cut(rng: Random, text: bytes) -> bytes:
    a = rng.randrange(len(text))
    return text[:a] + text[a + rng.choice((1, 1, 3, 20, 200)) :]


def _insert(rng: Random, text: bytes) -> bytes:
    a = rng.randrange(len(text))
    return text[:a] + rng.randbytes(rng.choice((1, 2, 8))) + text[a:]


def _end_early(rng: Random, text: bytes) -> bytes:
    return text[: rng.randrange(len(text))]


def _noise(rng: Random, text: bytes) -> bytes:
    return rng.randbytes(rng.choice((0, 1, 10, 1000, 50_000)))


def _odd(rng: Random, text: bytes) -> bytes | str:
    words = text.decode()
    for _ in range(rng.choice((1, 1, 3))):
        a = rng.randrange(len(words))
        words = words[:a] + rng.choice(ODD) + words[a:]
    return words if rng.random() < 0.5 else words.encode("utf-8", "surrogatepass")


def _lines(rng: Random, text: bytes) -> bytes:
    """Lines doubled, dropped, swapped or indented: keys written twice, things under the wrong thing."""
    lines = text.splitlines(keepends=True)
    a, b = rng.randrange(len(lines)), rng.randrange(len(lines))
    kind = rng.randrange(4)
    if kind == 0:
        lines.insert(b, lines[a])
    elif kind == 1:
        del lines[min(a, b) : max(a, b)]
    elif kind == 2:
        lines[a], lines[b] = lines[b], lines[a]
    else:
        lines[a] = b"  " + lines[a]
    return b"".join(lines)


def _value(rng: Random, text: bytes) -> bytes:
    """Something else where a value stands."""
    places = list(re.finditer(rb"(?<=: )[^\n,}\]]+", text))
    if not places:
        return text
    place = rng.choice(places)
    return text[: place.start()] + rng.choice(VALUES).encode() + text[place.end() :]


def _word(rng: Random, text: bytes) -> bytes:
    """One word of the file where another stood: names, keys and values mixed."""
    words = list(re.finditer(rb"[a-z_]{2,}", text))
    if len(words) < 2:
        return text
    place = rng.choice(words)
    return text[: place.start()] + rng.choice(words).group() + text[place.end() :]


def _deep(rng: Random, text: bytes) -> bytes:
    depth = rng.choice((30, 39, 41, 100, 1_000, 20_000, 200_000))
    mark = rng.choice((b"[", b"{a: ", b"- ", b"? ", b"[{a: ", b"{? "))
    tail = {b"[": b"]", b"{a: ": b"}", b"[{a: ": b"}]", b"{? ": b"}"}.get(mark, b"")
    body = mark * depth + (b"x" + tail * depth if rng.random() < 0.7 else b"")
    return body if rng.random() < 0.5 else text + b"\nextra: " + body


def _bomb(rng: Random, text: bytes) -> bytes:
    size = rng.choice((5, 9, 30))
    lines = [b"a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [b"a%d: &a%d [%s]" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, size)]
    body = b"\n".join(lines)
    return body if rng.random() < 0.5 else body + b"\n" + text


def _long(rng: Random, text: bytes) -> bytes:
    size = rng.choice((1_000, 100_000, 900_000, 1_100_000))
    kind = rng.randrange(5)
    bodies = (b"x" * size, b"a" * (size // 2) + b": b", b"\n" * size, b" " * size, b"a: 1\n" * (size // 5))
    return bodies[kind] if rng.random() < 0.5 else (text + b"\nextra: " + bodies[kind])[: size + len(text)]


def _many(rng: Random, text: bytes) -> bytes:
    """Thousands of small things: findings must not take longer than reading."""
    size = rng.choice((100, 5_000, 20_000))
    line = rng.choice((b"k%d: {}\n", b"k%d: [1]\n", b"a: %d\n", b"- %d\n", b"? [%d]\n: x\n", b"x%d: &a y\n"))
    return b"".join(line % n for n in range(size)) + (text if rng.random() < 0.3 else b"")


def _encoded(rng: Random, text: bytes) -> bytes:
    return text.decode().encode(
        rng.choice(("utf-16", "utf-32", "gb18030", "utf-8-sig", "utf-16-le", "utf-7")), "replace"
    )


DAMAGES: dict[str, Callable[[Random, bytes], bytes | str]] = {
    "bytes flipped": _flip, "bytes cut": _cut, "bytes inserted": _insert, "ends early": _end_early, "noise": _noise,
    "odd characters": _odd, "lines moved": _lines, "another value": _value, "another word": _word,
    "deep nesting": _deep, "alias bomb": _bomb, "long lines": _long, "many things": _many, "other encoding": _encoded,
}  # fmt: skip
