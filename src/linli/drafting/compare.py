"""What several cities do about the same matter, side by side: who first, by when, who supervises, what people see.

Everything is read from the definitions; nothing is judged. Where a city has no such rule it says so, and what only one
city has is listed by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from linli.drafting.check_states import Graph, TooManyStates
from linli.drafting.condition_words import Conditions
from linli.drafting.story import story
from linli.drafting.table import walk
from linli.drafting.words import SYSTEM, Words
from linli.drafting.worst import worst_case
from linli.kernel.institution import Act, Institution, Pack, Text


@dataclass(frozen=True, slots=True)
class Question:
    """One line of the comparison: what is asked, and each city's answer as short lines, in the cities' order."""

    key: str
    asks: str
    answers: tuple[tuple[str, ...], ...]

    @property
    def same(self) -> bool:
        """Whether every city answers alike."""
        return len(set(self.answers)) == 1


@dataclass(frozen=True, slots=True)
class Comparison:
    """``cities`` are pack names, ``titles`` what people call them; ``only`` is what no other city here has."""

    matter: str
    lang: str
    cities: tuple[str, ...]
    titles: tuple[str, ...]
    matters: tuple[str, ...]
    questions: tuple[Question, ...]
    only: tuple[tuple[str, ...], ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values for ``--json``: for each question every city's lines."""
        return {
            "matter": self.matter,
            "lang": self.lang,
            "cities": [
                {"pack": c, "title": t, "matter": m}
                for c, t, m in zip(self.cities, self.titles, self.matters, strict=True)
            ],
            "questions": [
                {
                    "key": q.key,
                    "asks": q.asks,
                    "same": q.same,
                    "answers": {c: list(a) for c, a in zip(self.cities, q.answers, strict=True)},
                }
                for q in self.questions
            ],
            "only": {c: list(o) for c, o in zip(self.cities, self.only, strict=True)},
        }


def compare(packs: Sequence[Pack], matter: str, lang: str, on: date) -> Comparison:
    """The comparison of institution ``matter`` in ``packs`` with the limits of the day ``on``.

    Raises LookupError, naming the pack, when one of them has no institution of this name.
    """
    for pack in packs:
        if matter not in pack.institutions:
            raise LookupError(f"{pack.name} has no institution {matter!r}; it has {', '.join(pack.institutions)}")
    cities = [_City(pack, pack.institutions[matter], lang, on) for pack in packs]
    questions = []
    for key, asks, answer in _QUESTIONS:
        found = [tuple(answer(city)) for city in cities]
        if any(found):
            none = cities[0].words.say("没有这样的规定", "no such rule")
            questions.append(Question(key, asks.in_(lang), tuple(a or (none,) for a in found)))
    return Comparison(
        matter,
        lang,
        tuple(p.name for p in packs),
        tuple(p.title.in_(lang) for p in packs),
        tuple(c.institution.title.in_(lang) for c in cities),
        tuple(questions),
        tuple(tuple(_only(city, [c for c in cities if c is not city])) for city in cities),
    )


def shared_matters(packs: Sequence[Pack]) -> list[str]:
    """The institutions that at least two of ``packs`` have, each in words of its own; what all inherit is left out."""
    found: dict[str, set[str]] = {}
    for pack in packs:
        for institution in pack.institutions.values():
            found.setdefault(institution.name, set()).add(institution.mark.file)
    return sorted((n for n, files in found.items() if len(files) > 1), key=lambda n: (-len(found[n]), n))


class _City:
    """One city's institution with what several questions need."""

    def __init__(self, pack: Pack, institution: Institution, lang: str, on: date) -> None:
        self.pack, self.institution, self.on = pack, institution, on
        self.words = Words(pack, institution, lang, on)
        try:
            self.graph: Graph | None = Graph(institution)
        except (TooManyStates, LookupError):
            self.graph = None
        states = self.graph.edges if self.graph else {}
        self.owed = {s.stage for s in states if not s.answered}
        """Stages at which the one who raised the case may still be waiting for an answer."""

    @property
    def raiser(self) -> str:
        return self.institution.raised_by

    def acts(self) -> Iterator[tuple[str | None, Act]]:
        """Every act with its stage, None for `anywhere`."""
        for name, stage in self.institution.stages.items():
            yield from ((name, act) for act in stage.acts.values())
        yield from ((None, act) for act in self.institution.anywhere.values())

    def quoted(self, act: Act) -> str:
        return self.words.quote(act.title.in_(self.words.lang))

    def at_most(self, act: Act) -> str:
        """How often, as a clause; empty when there is no bound."""
        n = act.at_most
        if n is None:
            return ""
        times = "once" if n == 1 else "twice" if n == 2 else f"{n} times"
        return self.words.say(f"最多 {n} 次", f"at most {times}")

    def join(self, parts: Iterable[str]) -> str:
        return self.words.say("，", ", ").join(p for p in parts if p)


def _raised(city: _City) -> Iterator[str]:
    w, act = city.words, city.institution.open
    people = [r for r in act.by if r not in SYSTEM]
    party = city.institution.parties.get(city.raiser)
    if city.raiser in people:
        anonymous = party is not None and party.anonymous
        yield w.title(city.raiser) + (w.say("（可以不留姓名）", " (may stay unnamed)") if anonymous else "")
    others = w.join((w.title(r) for r in people if r != city.raiser), "or")
    if others:
        yield w.say(f"{others}可以代为登记", f"entered for them by: {others}") if city.raiser in people else others


def _first(city: _City) -> Iterator[str]:
    stages = city.institution.stages
    first = stages.get(city.institution.open.to or "") or next(iter(stages.values()))
    holder = city.words.title(first.holder) if first.holder else ""
    yield city.join([holder, city.words.by_when(first)])


def _levels(city: _City) -> Iterator[str]:
    """The stages on the way to the answer after the first: who holds each, for how long, and where it goes if late."""
    w, first = city.words, city.institution.open.to
    for name in walk(city.institution):
        stage = city.institution.stages[name]
        if name == first or stage.end or stage.calls or not stage.within or name not in city.owed:
            continue
        holder = w.title(stage.holder) if stage.holder else ""
        yield f"{w.stage(name)}{w.say('：', ': ')}{city.join([holder, w.by_when(stage)])}"


def _overdue(city: _City) -> Iterator[str]:
    """What happens by itself at each stage on which an answer is owed."""
    w = city.words
    for name in walk(city.institution):
        stage = city.institution.stages[name]
        act = city.institution.acts_at(name).get(stage.overdue or "") if not stage.end else None
        if act and name in city.owed:
            to = w.quote(w.leads_to(act))
            goes = w.say(f"转{to}", f"to {to}") if act.to not in (None, "back") else ""
            yield f"{w.stage(name)}{w.say('：', ': ')}{city.join([city.quoted(act), goes])}"


def _called(city: _City) -> Iterator[str]:
    w = city.words
    for stage in city.institution.stages.values():
        if stage.calls and stage.name in city.owed:
            called = w.pack.institutions.get(stage.calls.institution)
            title = w.quote(called.title.in_(w.lang)) if called else stage.calls.institution
            lead = w.say("第一家牵头", "the first one leads") if stage.calls.lead == "first" else ""
            holder = w.title(stage.holder) if stage.holder else ""
            yield f"{w.stage(stage.name)}{w.say('：', ': ')}{city.join([title, lead, holder, w.by_when(stage)])}"


def _answers(city: _City) -> Iterator[str]:
    """Who gives the answer: the holders of the stages where somebody else than the raiser can."""
    w = city.words
    who: list[str] = []
    for name, act in city.acts():
        if city.raiser in act.answers and city.raiser not in act.by:
            holder = city.institution.stages[name].holder if name else None
            who += [holder if r == "holder" and holder else r for r in act.by if r not in SYSTEM]
    yield from [w.join(w.title(r) for r in dict.fromkeys(who))] if who else []


def _promise(city: _City) -> Iterator[str]:
    w = city.words
    for clock in city.institution.clocks.values():
        if city.raiser in clock.tells or "answered" in clock.until:
            yield f"{clock.title.in_(w.lang)}{w.say('：', ': ')}{w.limit(clock.limit)}"


def _supervises(city: _City) -> Iterator[str]:
    """Who watches: the roles that read everything, what they may do, what they must agree to."""
    w = city.words
    for role in city.institution.roles.values():
        duty = city.pack.duties.get(role.duty)
        if duty is None or duty.sees != "supervisor":
            continue
        mine = list(dict.fromkeys(city.quoted(a) for _, a in city.acts() if role.name in a.by))
        agrees = list(dict.fromkeys(city.quoted(a) for _, a in city.acts() if a.approves == role.name))
        holds = [w.stage(s.name) for s in city.institution.stages.values() if s.holder == role.name]
        does = [w.say(f"办理{w.join(holds)}环节", f"holds {w.join(holds)}")] if holds else []
        does += [w.say(f"可以{w.join(mine)}", f"may choose {w.join(mine)}")] if mine else []
        does += [w.say(f"{w.join(agrees)}要经其同意", f"must agree to {w.join(agrees)}")] if agrees else []
        yield f"{w.title(role.name)}{w.say('：', ': ')}{w.say('；', '; ').join(does)}" if does else w.title(role.name)


def _verifies(city: _City) -> Iterator[str]:
    w = city.words
    for role in (r for r in city.institution.roles.values() if "handler" in r.never):
        mine = w.join(dict.fromkeys(city.quoted(a) for _, a in city.acts() if role.name in a.by))
        yield w.say(
            f"{w.title(role.name)}，办过的人不能担任：{mine}", f"{w.title(role.name)}, never who handled it: {mine}"
        )


def _reopens(city: _City) -> Iterator[str]:
    """Acts after an answer that bring the case back to where one is owed."""
    back: dict[str, Act] = {}
    for edge in (e for edges in (city.graph.edges if city.graph else {}).values() for e in edges):
        again = edge.source.stage not in city.owed and edge.target.stage in city.owed
        if again and edge.by not in SYSTEM and edge.act.at_most is not None:
            back.setdefault(edge.act.title.zh, edge.act)
    for act in back.values():
        yield city.join([f"{city.words.actors(act)}{city.quoted(act)}", city.at_most(act)])


def _extends(city: _City) -> Iterator[str]:
    w = city.words
    for _, act in city.acts():
        if act.does == "extend":
            agrees = (
                w.say(f"须{w.title(act.approves)}同意", f"{w.role(act.approves)} must agree") if act.approves else ""
            )
            yield city.join([city.quoted(act), agrees, city.at_most(act)])
        elif act.does == "pause":
            longest = w.limit(act.within).removesuffix("内")
            yield city.join([city.quoted(act), w.say(f"每次最长 {longest}", longest), city.at_most(act)])
    for stage in city.institution.stages.values():
        if stage.until and not stage.within and not stage.publish:
            yield city.join([w.stage(stage.name), w.by_when(stage)])


def _told(city: _City) -> Iterator[str]:
    """How many acts tell the one who raised it, and whether each automatic transfer is among them."""
    w, opening = city.words, city.institution.open
    heard = {id(a): a for a in (opening, *(a for _, a in city.acts())) if city.raiser in (*a.answers, *a.tells)}
    moments = [w.say("受理时", "when it is received")] if id(opening) in heard else []
    moments += [w.say("答复时", "with the answer")] if any(city.raiser in a.answers for a in heard.values()) else []
    moments += [w.say("延期时", "of an extension")] if any(a.does == "extend" for a in heard.values()) else []
    if moments:
        yield w.join(moments)
    late = {
        id(act): act
        for name, stage in city.institution.stages.items()
        if name in city.owed and (act := city.institution.acts_at(name).get(stage.overdue or "")) and act.to
    }
    silent = [city.quoted(a) for i, a in late.items() if i not in heard]
    if late and not silent:
        yield w.say("逾期自动转办，每次都告知", "of every automatic transfer")
    elif silent:
        yield w.say(f"自动{w.join(silent)}时不告知", f"not when {w.join(silent, 'or')} comes by itself")
    yield w.say(f"一共 {len(heard)} 种情况告知", f"{len(heard)} acts in all")


def _public(city: _City) -> Iterator[str]:
    w = city.words
    names = [n for n, f in city.institution.fields.items() if f.class_ == "public"]
    if names:
        yield w.fields(names)
    for stage in city.institution.stages.values():
        if stage.publish:
            yield w.say(
                f"{w.stage(stage.name)}：公示 {w.limit(stage.publish.period).removesuffix('内')}",
                f"{w.stage(stage.name)}: published, {w.limit(stage.publish.period)}",
            )


def _hidden(city: _City) -> Iterator[str]:
    w, accused = city.words, city.institution.against
    if accused:
        yield w.say(
            "被反映的单位看不到这件事，也看不到谁反映的", "a unit complained of sees neither the case nor by whom"
        )


def _guards(city: _City) -> Iterator[str]:
    said = Conditions(city.words)
    for _, act in city.acts():
        if act.when:
            yield f"{city.quoted(act)}{city.words.say('：', ': ')}{said.say(act.when)}"


def _worst(city: _City) -> Iterator[str]:
    """The longest time to an answer, and the stages it goes through."""
    w = city.words
    try:
        worst = worst_case(city.pack, city.institution, city.on)
    except (TooManyStates, LookupError):
        return
    if worst is None:
        return
    yield worst.words(w.lang)
    scenes = story(city.pack, city.institution, worst.path, whole=True, on=city.on)
    stages = [s.stage.in_(w.lang) or s.act.in_(w.lang) for s in scenes]
    yield " → ".join(stages)
    for extra in worst.plus:
        yield f"+ {extra.in_(w.lang)}"


def _only(city: _City, others: Sequence[_City]) -> Iterator[str]:
    """Institutions, then acts of the matter, that no other city here has."""
    w = city.words
    elsewhere = {i.name for other in others for i in other.pack.institutions.values()}
    for institution in city.pack.institutions.values():
        if institution.name not in elsewhere:
            yield w.say(f"制度：{institution.title.zh}", f"institution: {institution.title.en}")
    known = {a.name for other in others for _, a in other.acts()}
    mine = w.join(dict.fromkeys(city.quoted(a) for _, a in city.acts() if a.name not in known))
    if mine:
        yield w.say(f"办理动作：{mine}", f"acts: {mine}")


_QUESTIONS: tuple[tuple[str, Text, Callable[[_City], Iterable[str]]], ...] = (
    ("raised", Text("谁来提", "Who raises it"), _raised),
    ("first", Text("谁先办，多久", "Who first, by when"), _first),
    ("levels", Text("办不了，往哪里走", "Who next"), _levels),
    ("called", Text("要几个部门的", "When several units are needed"), _called),
    ("overdue", Text("逾期了，系统自动", "If overdue, by itself"), _overdue),
    ("promise", Text("对外承诺", "What is promised"), _promise),
    ("answers", Text("谁来答复", "Who answers"), _answers),
    ("told", Text("什么时候告知提出人", "When the raiser is told"), _told),
    ("reopens", Text("没解决，能重来几次", "How often it may be reopened"), _reopens),
    ("extends", Text("延期、暂停、挂起", "Extension, pause, parking"), _extends),
    ("guards", Text("要满足什么条件", "What must hold"), _guards),
    ("supervises", Text("谁来督办", "Who supervises"), _supervises),
    ("verifies", Text("谁来核实", "Who verifies"), _verifies),
    ("public", Text("公众能看到什么", "What the public sees"), _public),
    ("hidden", Text("怎么保护提出人", "How the raiser is protected"), _hidden),
    ("worst", Text("从提出到答复，最长多久", "From report to answer at most"), _worst),
)
