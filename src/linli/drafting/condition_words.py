"""Guards, quorums and pass rules in words: the small part of CEL that packs use, said as people would say it.

``present * 2 > roll`` reads “到会人数”超过“应到人数”的一半. What cannot be said is quoted as it stands, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction

from linli.drafting.words import Words
from linli.kernel.institution import Act

Node = tuple[object, ...]
"""A part of an expression: ("name", n), ("number", n), ("text", t), ("not", a), or (operator, left, right)."""

_WORD = re.compile(r"\s*(\d+(?:\.\d+)?|[A-Za-z_]\w*|\"[^\"]*\"|'[^']*'|&&|\|\||[=!<>]=|[-+*/<>!().,])")
_RANKS = (("||",), ("&&",), ("==", "!=", ">=", "<=", ">", "<", "in"), ("+", "-"), ("*", "/"))
_FRACTIONS = {
    Fraction(1, 2): ("一半", "half of"),
    Fraction(1, 3): ("三分之一", "a third of"),
    Fraction(2, 3): ("三分之二", "two thirds of"),
    Fraction(1, 4): ("四分之一", "a quarter of"),
    Fraction(3, 4): ("四分之三", "three quarters of"),
}
_COMPARED = {
    ">": ("超过", "is more than"),
    ">=": ("不少于", "is at least"),
    "<": ("少于", "is less than"),
    "<=": ("不超过", "is at most"),
    "==": ("等于", "equals"),
    "!=": ("不等于", "differs from"),
}
_TURNED = {">": "<", ">=": "<=", "<": ">", "<=": ">=", "==": "==", "!=": "!="}
_NAMES = {
    "spent": ("支出合计", "what was spent"),
    "received": ("到账合计", "what was received"),
    "pledged": ("认捐合计", "what was pledged"),
    "total": ("总分", "the total"),
    "grade": ("等次", "the grade"),
    "children": ("交办的件数", "the number of cases handed out"),
    "open_children": ("交办后还没有办结的件数", "the number of those still open"),
    "share_roll": ("全部份额", "all shares"),
    "share_voted": ("参加表决的份额", "the shares that voted"),
}
_YES = {"passed": ("表决已经通过", "the vote has passed"), "quorum": ("参加人数够数", "enough took part")}


class Unsayable(ValueError):
    """An expression outside the part that can be said."""


def parse(expression: str) -> Node:
    """The tree of ``expression``. Raises Unsayable for anything beyond comparisons, sums, and/or/not and `all`."""
    return _Reading(expression).whole()


class _Reading:
    def __init__(self, text: str) -> None:
        self.words: list[str] = []
        at, text = 0, text.strip()
        while at < len(text):
            found = _WORD.match(text, at)
            if found is None:
                raise Unsayable(text)
            self.words.append(found[1])
            at = found.end()

    def whole(self) -> Node:
        node = self._level(0)
        if self.words:
            raise Unsayable(" ".join(self.words))
        return node

    def _next(self, wanted: str | None = None) -> str:
        if not self.words or (wanted and self.words[0] != wanted):
            raise Unsayable(wanted or "the end")
        return self.words.pop(0)

    def _level(self, rank: int) -> Node:
        if rank == len(_RANKS):
            return self._one()
        node = self._level(rank + 1)
        while self.words and self.words[0] in _RANKS[rank]:
            node = (self._next(), node, self._level(rank + 1))
        return node

    def _one(self) -> Node:
        word = self._next()
        if word == "!":
            return ("not", self._one())
        if word == "(":
            node = self._level(0)
            self._next(")")
            return node
        if word[0] in "\"'":
            return ("text", word[1:-1])
        if word[0].isdigit():
            return ("number", Fraction(word))
        if not re.match(r"[A-Za-z_]", word):
            raise Unsayable(word)
        return self._after_name(word)

    def _after_name(self, name: str) -> Node:
        if not self.words or self.words[0] not in ("(", "."):
            return ("name", name)
        if self._next() == "(":
            of = self._next()
            self._next(")")
            if name != "size" or not re.match(r"[A-Za-z_]", of):
                raise Unsayable(name)
            return ("size", ("name", of))
        macro, _ = self._next(), self._next("(")
        each, _ = self._next(), self._next(",")
        inner = self._level(0)
        self._next(")")
        if macro != "all" or inner[0] != "in" or inner[1] != ("name", each):
            raise Unsayable(macro)
        return ("within", ("name", name), inner[2])


class Conditions:
    """Says the expressions of one institution; ``nouns`` are further names, such as a ballot's options."""

    def __init__(self, words: Words, nouns: Mapping[str, str] | None = None) -> None:
        self.words, self.nouns = words, dict(nouns or {})
        institution = words.institution
        every = [institution.anywhere, *(s.acts for s in institution.stages.values())]
        self.acts: list[Act] = [a for acts in every for a in acts.values()]

    def say(self, expression: str) -> str:
        """The condition as a clause without a full stop; an expression that cannot be said is quoted as it stands."""
        try:
            return self._clause(parse(expression))
        except Unsayable:
            return self.words.say(f"算式成立：{expression}", f"this holds: {expression}")

    def _clause(self, node: Node) -> str:
        w, kind = self.words, node[0]
        if kind in ("&&", "||"):
            parts = self._flat(node, str(kind))
            last = w.say("，并且", ", and ") if kind == "&&" else w.say("，或者", ", or ")
            return f"{w.say('，', ', ').join(parts[:-1])}{last}{parts[-1]}"
        if kind == "not":
            return self._yes_no(_node(node[1]), False)
        if kind == "name":
            return self._yes_no(node, True)
        if kind == "within":
            one, other = self._noun(_node(node[1])), self._noun(_node(node[2]))
            return w.say(f"{one}中的每一项都在{other}里", f"every line of {one} is also in {other}")
        if kind == "in":
            one, other = self._noun(_node(node[1])), self._noun(_node(node[2]))
            return w.say(f"{other}里有{one}", f"{other} has {one}")
        if kind in _COMPARED:
            return self._compared(str(kind), _node(node[1]), _node(node[2]))
        raise Unsayable(str(kind))

    def _flat(self, node: Node, kind: str) -> list[str]:
        if node[0] != kind:
            clause = self._clause(node)
            return [self.words.say(f"（{clause}）", f"({clause})") if node[0] in ("&&", "||") else clause]
        return [*self._flat(_node(node[1]), kind), *self._flat(_node(node[2]), kind)]

    def _yes_no(self, node: Node, holds: bool) -> str:
        w = self.words
        if node[0] != "name":
            raise Unsayable(str(node))
        name = str(node[1])
        if name in _YES and name not in self.nouns:
            said = w.say(*_YES[name])
            return said if holds else w.say(f"不是{said}", f"it is not so that {said}")
        noun = self._noun(node)
        return w.say(f"{noun}为“{'是' if holds else '否'}”", f"{noun} is “{'yes' if holds else 'no'}”")

    def _compared(self, sign: str, left: Node, right: Node) -> str:
        w = self.words
        happened = self._happened(sign, left, right)
        if happened:
            return happened
        (p, one), (q, other) = self._product(left), self._product(right)
        if one is None and other is not None:  # 0 < x reads better the other way round
            return self._compared(_TURNED[sign], right, left)
        zh, en = _COMPARED[sign]
        if one is None or p <= 0:
            raise Unsayable(sign)
        share = Fraction(q) / p
        if other is None:
            return w.say(f"{one}{'大于' if sign == '>' else zh} {_plain(share)}", f"{one} {en} {_plain(share)}")
        if share == 1:
            return w.say(f"{one}{zh}{other}", f"{one} {en} {other}")
        if share in _FRACTIONS:
            part_zh, part_en = _FRACTIONS[share]
            return w.say(f"{one}{zh}{other}的{part_zh}", f"{one} {en} {part_en} {other}")
        return w.say(f"{one}{zh}{other}的 {_plain(share)} 倍", f"{one} {en} {_plain(share)} times {other}")

    def _happened(self, sign: str, left: Node, right: Node) -> str | None:
        """``done_brief > 0`` and ``count_notice_over >= done_announce``: whether something has happened, in words."""
        w = self.words
        if left[0] != "name":
            return None
        name = str(left[1])
        prefix, _, rest = name.partition("_")
        if name in self.words.institution.fields or prefix not in ("done", "count"):
            return None
        over = self._clock_title(rest) if prefix == "count" else None
        if right == ("number", Fraction(0)) and sign in (">", "=="):
            yes, en = sign == ">", "is" if sign == ">" else "is not yet"
            if over:
                return w.say(f"{over}{'已满' if yes else '未满'}", f"{over} {en} over")
            did = self._acts_of(prefix, rest)
            return w.say(f"{'已经' if yes else '还没有'}{did}", f"{did} {en} done")
        if over and sign == ">=" and right[0] == "name" and str(right[1]).startswith("done_"):
            act = self._acts_of("done", str(right[1]).removeprefix("done_"))
            return w.say(f"{act}以后的{over}已满", f"{over} after {act} is over")
        return None

    def _product(self, node: Node) -> tuple[Fraction, str | None]:
        """A coefficient and what it multiplies; None for a bare number."""
        if node[0] == "number":
            return Fraction(str(node[1])), None
        if node[0] in ("*", "/"):
            (p, one), (q, other) = self._product(_node(node[1])), self._product(_node(node[2]))
            if node[0] == "/" and other is None and q:
                return p / q, one
            if node[0] == "*" and (one is None or other is None):
                return p * q, one or other
            raise Unsayable(str(node))
        return Fraction(1), self._noun(node)

    def _noun(self, node: Node) -> str:
        w = self.words
        if node[0] == "text":
            return w.quote(str(node[1]))
        if node[0] in ("+", "-"):
            one, other = self._noun(_node(node[1])), self._noun(_node(node[2]))
            if node[0] == "+":
                return w.say(f"{one}与{other}之和", f"the sum of {one} and {other}")
            return w.say(f"{one}减去{other}", f"{one} less {other}")
        if node[0] == "size":
            of = self._noun(_node(node[1]))
            return w.say(f"{of}的条数", f"the number of lines in {of}")
        if node[0] != "name":
            raise Unsayable(str(node))
        return self._named(str(node[1]))

    def _named(self, name: str) -> str:
        w = self.words
        if name in self.nouns:
            return self.nouns[name]
        if name in w.institution.fields:
            return w.fields([name])
        prefix, _, rest = name.partition("_")
        if prefix in ("done", "count"):
            over = self._clock_title(rest) if prefix == "count" else None
            if over:
                return w.say(f"{over}到期的次数", f"how often {over} ran out")
            results = self._results_counted(rest) if prefix == "count" else ""
            if results:
                return w.say(f"交办后结果为{results}的件数", f"how many of those handed out came out {results}")
            acts = self._acts_of(prefix, rest)
            return w.say(f"{acts}的次数", f"how often {acts} was done")
        if name in _NAMES:
            return w.say(*_NAMES[name])
        raise Unsayable(name)

    def _clock_title(self, counter: str) -> str | None:
        clocks = [c for c in self.words.institution.clocks.values() if c.counts == counter]
        return self.words.quote(clocks[0].title.in_(self.words.lang)) if len(clocks) == 1 else None

    def _results_counted(self, counter: str) -> str:
        """The results of called cases that raise ``counter``; empty when none does."""
        w, known = self.words, self.words.pack.results
        calls = [s.calls for s in w.institution.stages.values() if s.calls]
        names = [r for c in calls for r, raised in c.counts.items() if raised == counter]
        return w.join((w.quote(known[r].title.in_(w.lang) if r in known else r) for r in names), "or")

    def _acts_of(self, prefix: str, name: str) -> str:
        w = self.words
        found = [a for a in self.acts if (a.name == name if prefix == "done" else a.counts == name)]
        if not found:
            raise Unsayable(name)
        return w.join((w.quote(a.title.in_(w.lang)) for a in found), "or")


def python(expression: str) -> str:
    """The condition as engines that read Python take it: ``and`` for ``&&``, ``all(… for …)`` for CEL's macro."""
    said = re.sub(r"\b(\w+)\.(all|exists)\((\w+),\s*([^()]*)\)", _macro, expression)
    said = said.replace("&&", "and").replace("||", "or")
    return re.sub(r"!(?!=)\s*", "not ", re.sub(r"\btrue\b", "True", re.sub(r"\bfalse\b", "False", said)))


def _macro(found: re.Match[str]) -> str:
    return f"{'all' if found[2] == 'all' else 'any'}({found[4]} for {found[3]} in {found[1]})"


def _node(part: object) -> Node:
    if not isinstance(part, tuple):
        raise Unsayable(str(part))
    return part


def _plain(number: Fraction) -> str:
    return f"{float(number):g}"
