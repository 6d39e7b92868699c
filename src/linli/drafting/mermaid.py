"""An institution as a Mermaid state diagram (stateDiagram-v2), for wikis, README files and editors that draw it."""

from __future__ import annotations

import re
from datetime import date

from linli.drafting.block_words import recurrence, short
from linli.drafting.condition_words import Conditions
from linli.drafting.table import edges, walk
from linli.drafting.words import SYSTEM, Words
from linli.kernel.institution import Act, Institution, Pack

_UNSAFE = re.compile(r"[^\w \u3000-\u303f\uff01-\uff5e“”‘’·→-]")


def mermaid(pack: Pack, institution: Institution, lang: str, on: date | None = None) -> str:
    """The text of the diagram: a state for each stage, an arrow for each act that moves a case.

    Acts that stay are left out; acts of `anywhere` that move are drawn from each stage that allows them. Titles are
    escaped as entities, so no title can add a state, a directive or markup. ``on`` chooses the limits shown.
    """
    words = Words(pack, institution, lang, on)
    order = walk(institution)
    ids = {name: f"s{number}" for number, name in enumerate(order)}
    lines = ["stateDiagram-v2"]
    lines += [f"    {ids[name]} : {_state(words, name)}" for name in order]
    if institution.open.to in ids:
        lines.append(f"    [*] --> {ids[institution.open.to]} : {_opening(words)}")
    for edge in edges(institution):
        lines.append(f"    {ids[edge.source]} --> {ids[edge.target]} : {_label(words, edge.act)}")
    for name in order:
        for act in institution.acts_at(name).values():
            if act.name in institution.anywhere and act.name not in institution.stages[name].acts and act.to in ids:
                lines.append(f"    {ids[name]} --> {ids[act.to]} : {_label(words, act)}")
    lines += [f"    {ids[name]} --> [*]" for name in order if institution.stages[name].end]
    return "\n".join(lines) + "\n"


def _state(words: Words, name: str) -> str:
    stage = words.institution.stages[name]
    facts = [words.stage(name)]
    if not stage.end:
        facts += [words.title(stage.holder)] if stage.holder else []
        facts += [words.by_when(stage)] if words.by_when(stage) else []
        facts += short(words, stage)
    return _escape(" · ".join(facts))


def _opening(words: Words) -> str:
    """The opening act, and when the calendar does it."""
    act, every = words.institution.open, words.institution.every
    when = [recurrence(words, every)] if every else []
    return _escape(" · ".join([act.title.in_(words.lang), *when]))


def _label(words: Words, act: Act) -> str:
    """The act with its condition; when only the clock does it, or it may, that is said."""
    title = act.title.in_(words.lang)
    if act.when:
        condition = Conditions(words).say(act.when)
        title = words.say(f"{title}（条件：{condition}）", f"{title} (only when {condition})")
    if "clock" not in act.by:
        return _escape(title)
    people = any(r not in SYSTEM for r in act.by)
    note = words.say("到期自动", "or when time is up" if people else "when time is up")
    return _escape(f"{title} · {note}")


def _escape(text: str) -> str:
    """Everything but letters, digits, spaces and Chinese punctuation as a Mermaid entity (`#60;` for `<`)."""
    return _UNSAFE.sub(lambda found: f"#{ord(found[0])};", " ".join(text.split()))
