"""Strict reading of YAML into the language's dataclasses; every complaint has file, line and column.

Scalars are read as text and converted by the type that the language asks for, so YAML's own guesses (``no`` as false,
``2022-01-01`` as a moment) never apply. Anchors, aliases and tags are refused: a pack reads from top to bottom.
"""

from __future__ import annotations

import re
import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import yaml

from linli.drafting.finding import Finding, error, nearest
from linli.kernel.institution import Mark

LONGEST_FILE = 200_000
MOST_FINDINGS = 100
"""More in one file are not looked for: reading must end within a second, whatever the file is."""
DEEPEST = 40
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")
INT = re.compile(r"-?[0-9]{1,9}\Z")
BAD = object()
"""What a failed read returns: the finding is already noted, the rest of the file is still read."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def shape(cls: type) -> tuple[dict[str, tuple[Field[Any], Any]], frozenset[str]]:
    """The keys a file may use for ``cls`` with their dataclass field and type, and the names of the required ones."""
    hints = get_type_hints(cls)
    keys = {
        (f.metadata.get("alias") or f.name): (f, hints[f.name]) for f in fields(cls) if "internal" not in f.metadata
    }
    required = {k for k, (f, _) in keys.items() if f.default is MISSING and f.default_factory is MISSING}
    return keys, frozenset(required)


class Reader:
    """Reads one file; what could not be read stands in ``findings``."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.findings: list[Finding] = []

    @property
    def full(self) -> bool:
        """Whether enough is wrong to stop looking."""
        return len(self.findings) >= MOST_FINDINGS

    def mark(self, node: Any) -> Mark:
        """Where ``node`` begins."""
        return Mark(self.file, node.start_mark.line + 1, node.start_mark.column + 1)

    def complain(self, code: str, node: Any, zh: str, en: str, fix_zh: str, fix_en: str) -> Any:
        """Note a finding at ``node`` (a YAML node or a Mark) and return BAD."""
        mark = node if isinstance(node, Mark) else self.mark(node)
        if not self.full:
            self.findings.append(error(code, mark, zh, en, fix_zh, fix_en))
        return BAD

    def compose(self, text: str | bytes) -> Any:
        """The YAML tree of ``text``, or BAD."""
        top = Mark(self.file, 1, 1)
        if len(text) > LONGEST_FILE:
            say = (f"文件超过 {LONGEST_FILE} 字节。", f"The file is longer than {LONGEST_FILE} bytes.")
            return self.complain("file-too-long", top, *say, "请拆成几个文件。", "Split it.")
        try:
            content = text.decode("utf-8") if isinstance(text, bytes) else text
            self._refuse_anchors(content)
            node = yaml.compose(content, Loader=_Loader)
        except UnicodeDecodeError as fault:
            say = (f"第 {fault.start} 字节不是 UTF-8 编码。", f"Byte {fault.start} is not UTF-8.")
            return self.complain("not-utf8", top, *say, "请另存为 UTF-8。", "Save the file as UTF-8.")
        except (yaml.YAMLError, ValueError, RecursionError) as fault:
            return self._not_yaml(fault)
        if node is None:
            return self.complain(
                "empty-file", top, "文件是空的。", "The file is empty.", "请补写或删除。", "Write it or delete it."
            )
        return node

    def _refuse_anchors(self, text: str) -> None:
        depth = 0
        for event in yaml.parse(text, Loader=_Loader):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise yaml.MarkedYAMLError(problem="anchors and aliases are not allowed", problem_mark=event.start_mark)  # type: ignore[arg-type]
            if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
                depth += 1
            elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                depth -= 1
            if depth > DEEPEST:
                raise yaml.MarkedYAMLError(problem=f"nested deeper than {DEEPEST}", problem_mark=event.start_mark)  # type: ignore[arg-type]

    def _not_yaml(self, fault: Exception) -> Any:
        at = getattr(fault, "problem_mark", None)
        mark = Mark(self.file, at.line + 1, at.column + 1) if at else Mark(self.file, 1, 1)
        problem = getattr(fault, "problem", None) or str(fault).split("\n")[0]
        say = (f"这里不合 YAML 写法（{problem}）。", f"This is not valid YAML here ({problem}).")
        fix = ("请检查缩进、冒号后的空格和引号。", "Check the indentation, the space after a colon, and quotes.")
        return self.complain("not-yaml", mark, *say, *fix)

    def pairs(self, node: Any) -> list[tuple[str, Any, Any]] | Any:
        """The (key, key node, value node) of a mapping, doubled keys refused."""
        if not isinstance(node, yaml.MappingNode):
            say = ("这里应是“键: 值”的形式。", "A mapping (key: value) is expected here.")
            return self.complain("wrong-type", node, *say, "请逐行写成“键: 值”。", "Write `key: value` lines.")
        found: dict[str, Any] = {}
        for key, value in node.value:
            if self.full:
                return BAD
            if not isinstance(key, yaml.ScalarNode):
                self.complain(
                    "wrong-type", key, "键应是一个词。", "A key must be one word.", "请改成一个词。", "Use a word."
                )
            elif key.value in found:
                say = (f"键 {key.value} 写了两次。", f"The key {key.value} is written twice.")
                self.complain("doubled-key", key, *say, "请只留一处。", "Keep one of them.")
            else:
                found[key.value] = (key.value, key, value)
        return list(found.values())

    def value(self, kind: Any, node: Any) -> Any:
        """``node`` read as ``kind`` (a type of the language), or BAD with a finding."""
        origin = get_origin(kind)
        if origin in (Union, types.UnionType):
            return self.value(next(a for a in get_args(kind) if a is not type(None)), node)
        if origin is tuple:
            return self._items(get_args(kind)[0], node)
        if origin is not None and issubclass_safe(origin, Mapping):
            return self.named(get_args(kind)[1], node)
        if origin is Literal:
            return self._one_of(get_args(kind), node)
        if is_dataclass(kind):
            return self.thing(kind, node)
        return self._scalar(kind, node)

    def _items(self, kind: Any, node: Any) -> Any:
        nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
        read = [BAD if self.full else self.value(kind, item) for item in nodes]
        return BAD if BAD in read else tuple(read)

    def _one_of(self, options: tuple[str, ...], node: Any) -> Any:
        word = self._scalar(str, node)
        if word is BAD or word in options:
            return word
        say = (f"不认识 {word}。", f"{word} is not one of the choices.")
        return self.complain("wrong-value", node, *say, *nearest(word, options))

    def _scalar(self, kind: Any, node: Any) -> Any:
        if not isinstance(node, yaml.ScalarNode):
            say = ("这里应是一个值。", "A single value is expected here.")
            return self.complain("wrong-type", node, *say, "请写成一个词或一句话。", "Write one word or sentence.")
        raw = node.value.strip()
        if kind is bool and raw in ("true", "false"):
            return raw == "true"
        if kind is int and INT.match(raw):
            return int(raw)
        if kind is date:
            try:
                return date.fromisoformat(raw)
            except ValueError:
                pass
        if kind is str and raw:
            return raw
        want = {bool: "true / false", int: "整数 a whole number", date: "年-月-日 YYYY-MM-DD", str: "文字 text"}[kind]
        say = (f"这里应是 {want}，写的是“{raw[:40]}”。", f"Expected {want}, found “{raw[:40]}”.")
        return self.complain("wrong-type", node, *say, "请改正这个值。", "Correct the value.")

    def named(self, kind: Any, node: Any) -> Any:
        """A mapping of names to ``kind``; each thing carries its name."""
        pairs = self.pairs(node)
        if pairs is BAD:
            return BAD
        read = {}
        for name, key, value in pairs:
            if self.full:
                return BAD
            if not NAME.match(name):
                say = (f"名称 {name[:40]} 不合规则。", f"The name {name[:40]} is not well formed.")
                fix = ("只用小写字母、数字、下划线，以字母开头。", "Use lower-case letters, digits and underscores.")
                self.complain("bad-name", key, *say, *fix)
                continue
            thing = self.thing(kind, value, name, self.mark(key)) if is_dataclass(kind) else self.value(kind, value)
            if thing is not BAD:
                read[name] = thing
        return read

    def thing(self, cls: Any, node: Any, name: str = "", mark: Mark | None = None) -> Any:
        """A dataclass of the language; unknown and missing keys are refused by name."""
        pairs = self.pairs(node)
        if pairs is BAD:
            return BAD
        keys, required = shape(cls)
        mark = mark or self.mark(node)
        args: dict[str, Any] = {}
        marks: dict[str, Mark] = {}
        for word, key, value in pairs:
            if self.full:
                return BAD
            if word not in keys:
                say = (f"这里不能写 {word}。", f"There is no key {word} here.")
                self.complain("unknown-key", key, *say, *nearest(word, keys))
                continue
            spec, kind = keys[word]
            marks[spec.name] = self.mark(value)
            args[spec.name] = self.value(kind, value)
        for word in sorted(required - {w for w, _, _ in pairs}):
            say = (f"{name or cls.__name__} 缺少 {word}。", f"{name or cls.__name__} lacks {word}.")
            what = keys[word][0].metadata.get("doc", "")
            self.complain("missing-key", mark, *say, f"请补写 {word}。", f"Add {word}: {what}")
        if BAD in args.values() or not required <= {w for w, _, _ in pairs}:
            return BAD
        extra = {"name": name} if name and "name" in {f.name for f in fields(cls)} else {}
        return cls(**args, **extra, mark=mark, marks=marks)


def issubclass_safe(kind: Any, parent: type) -> bool:
    """``issubclass`` that answers False for what is no class."""
    return isinstance(kind, type) and issubclass(kind, parent)
