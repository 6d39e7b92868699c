"""A first institution out of a few answers: sound, commented, with stories. People change it from there.

Pure: answers and the pack in, texts out. What comes out passes `check`; the command checks it before it writes.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from linli.drafting import starter_texts as texts
from linli.kernel.clock import Unit
from linli.kernel.institution import Pack, Text

WAIT = 3
"""Days in which whoever was answered may say that it is not solved."""
MOST = {"minute": 1000, "hour": 1000, "working_hour": 300, "day": 90, "working_day": 60}
"""The longest limit the stories can still wait for inside the calendar of a year."""
RESULTS = (("solved", "responded"), ("explained",))


@dataclass(frozen=True, slots=True)
class Answers:
    """What the author said. ``first`` and ``climbs_to`` are levels of the pack (``first`` may be ``unit``)."""

    name: str
    title: Text
    raised_by: Literal["resident", "worker", "case"]
    first: str
    climbs_to: str | None
    amount: int
    unit: Unit
    public: bool
    valid_from: date
    source: str = "待填：依据哪个文件、哪一条"


def duty_at(pack: Pack, level: str) -> str | None:
    """The duty that handles matters at ``level`` (``unit`` for called units): the one most others pass up to."""
    held = [d for d in pack.duties.values() if (level in d.at if level != "unit" else set(d.at) - set(pack.levels))]
    if not held:
        return None
    under = {d.name: sum(d.name in pack.ladder(other)[1:] for other in pack.duties) for d in held}
    return max(held, key=lambda d: (under[d.name], d.works in ("field", "desk"))).name


def levels(pack: Pack) -> list[str]:
    """The levels at which somebody can handle a matter, from the bottom up."""
    return [level for level in reversed(list(pack.levels)) if duty_at(pack, level)]


def above(pack: Pack, first: str) -> list[str]:
    """The levels to which a matter can climb from ``first``, the nearest one first."""
    known = levels(pack)
    return known if first == "unit" else known[known.index(first) + 1 :] if first in known else []


def mistakes(pack: Pack, answers: Answers) -> list[str]:
    """What cannot be built from ``answers``, one sentence each."""
    found = []
    if not re.fullmatch("[a-z][a-z0-9_]{0,40}", answers.name):
        found.append(f"The name {answers.name!r} needs lower-case letters, digits and underscores, a letter first.")
    if answers.name in pack.institutions:
        found.append(f"The pack has an institution {answers.name} already; choose another name.")
    firsts = [*levels(pack), *(["unit"] if duty_at(pack, "unit") and answers.raised_by == "case" else [])]
    if answers.first not in firsts:
        found.append(f"Nobody handles matters at {answers.first!r}; known: {', '.join(firsts) or '(none)'}.")
    elif answers.climbs_to and answers.climbs_to not in above(pack, answers.first):
        known = ", ".join(above(pack, answers.first)) or "nothing, it is the top"
        found.append(f"It cannot climb from {answers.first} to {answers.climbs_to!r}; above it: {known}.")
    if answers.public and answers.raised_by != "resident":
        found.append("Residents can start it only if they raise it: raised-by resident.")
    if not 1 <= answers.amount <= MOST[answers.unit]:
        found.append(f"The limit must be from 1 to {MOST[answers.unit]} {answers.unit}.")
    if _calendar(pack, answers.unit) is None:
        found.append(f"The pack has no calendar for {answers.unit}; use day, hour or minute.")
    if not _results(pack, answers):
        found.append("The pack knows no result that counts as closed; write results.yaml or extend national.")
    return found


def _calendar(pack: Pack, unit: str) -> str | None:
    wanted = [n for n, c in pack.calendars.items() if bool(c.years) == unit.startswith("working")]
    return next((n for n in ("office", "always") if n in wanted), wanted[0] if wanted else None)


def _results(pack: Pack, answers: Answers) -> list[str]:
    closed = [n for n, r in pack.results.items() if r.counts == "closed"]
    wishes = RESULTS[:1] if answers.raised_by == "case" else RESULTS
    wished = [next((n for n in names if n in closed), None) for names in wishes]
    return [n for n in wished if n] or closed[:1]


def starter(pack: Pack, answers: Answers) -> dict[str, str]:
    """Path inside the pack's folder → text; ``parameters.yaml`` is what to add to it. ValueError for mistakes."""
    if wrong := mistakes(pack, answers):
        raise ValueError(" ".join(wrong))
    words = _words(pack, answers)
    parts = [texts.HEAD, texts.ROLES, texts.FIELDS, texts.OPEN]
    person = answers.raised_by != "case"
    parts += [texts.CLOCKS] if person else []
    parts += [texts.STAGES, texts.CLIMB if answers.climbs_to else texts.PRESS]
    parts += [texts.UPPER] if answers.climbs_to else []
    parts += [texts.ANSWERED if person else "", texts.END]
    folder = answers.name
    return {
        "parameters.yaml": _fill(texts.PARAMETERS, words),
        f"{folder}/institution.yaml": _fill("".join(parts), words),
        **{f"{folder}/scenarios/{n}.yaml": _fill(text, words) for n, text in _stories(answers).items()},
    }


def pack_yaml(name: str, title: Text, extends: str) -> str:
    """The head of a new pack."""
    return _fill(texts.PACK, {"name": name, "extends": extends, **_titles("", title)})


def _fill(text: str, words: dict[str, str]) -> str:
    """``text`` with its <words>; a line ending in ``#?word`` goes when the word is empty."""
    lines = []
    for line in text.splitlines():
        line, _, needed = line.partition("#?")
        if not needed or words[needed]:
            lines.append(re.sub(r"<(\w+)>", lambda m: words[m[1]], line))
    return "\n".join(lines) + "\n"


def _titles(prefix: str, title: Text) -> dict[str, str]:
    """Words as YAML scalars in quotes: no character of a title can end them."""
    return {
        f"{prefix}zh": json.dumps(title.zh, ensure_ascii=False),
        f"{prefix}en": json.dumps(title.en, ensure_ascii=False),
    }


def _words(pack: Pack, answers: Answers) -> dict[str, str]:
    person = answers.raised_by != "case"
    raiser, results = ("asker" if person else "caller"), _results(pack, answers)
    opens = {"resident": f"[{raiser}, first]", "worker": "first", "case": raiser}[answers.raised_by]
    first = pack.duties[duty_at(pack, answers.first) or ""]
    upper = pack.duties[duty_at(pack, answers.climbs_to) or ""] if answers.climbs_to else first
    limits = _limits(answers)
    return {
        "name": answers.name,
        **_titles("title_", answers.title),
        "source": json.dumps(answers.source, ensure_ascii=False),
        "valid_from": answers.valid_from.isoformat(),
        "public": "true" if answers.public else "false",
        "raiser": raiser,
        "who": "person" if person else "case",
        "raiser_zh": "提出人" if person else "上级事项",
        "raiser_en": "Asker" if person else "The calling case",
        "class": "party" if person else "handler",
        "opens": opens,
        "told": raiser if person else "",
        "first_duty": first.name,
        "first_at": answers.first,
        **_titles("first_", first.title),
        "upper_duty": upper.name if answers.climbs_to else "",
        "upper_at": answers.climbs_to or "",
        # Whoever holds both posts must not decide what they raised themselves.
        "upper_never": ", never: open" if answers.raised_by == "worker" else "",
        **_titles("upper_", upper.title),
        "overdue": "pass_up" if answers.climbs_to else "press",
        "results": f"[{', '.join(results)}]" if len(results) > 1 else results[0],
        "result": results[0],
        "other": results[-1],
        "chosen": f", result: {results[0]}" if len(results) > 1 else "",
        "chosen_other": f", result: {results[-1]}" if len(results) > 1 else "",
        "first_tier": answers.first if answers.first in pack.levels else "",
        "upper_tier": answers.climbs_to or "",
        "done": "answered" if person else "closed",
        "unit": answers.unit,
        "calendar": _calendar(pack, answers.unit) or "always",
        "first_amount": str(limits[0]),
        "upper_amount": str(limits[1]) if answers.climbs_to else "",
        "promise_amount": str(answers.amount) if person else "",
        "wait": str(WAIT) if person else "",
        **_times(answers),
        **_last(answers),
    }


def _limits(answers: Answers) -> tuple[int, int]:
    """How the answer's limit is shared: all of it for one level, else halves, the first one no shorter."""
    if not answers.climbs_to:
        return answers.amount, answers.amount
    half = (answers.amount + 1) // 2
    return half, max(answers.amount - half, 1)


def _times(answers: Answers) -> dict[str, str]:
    """The moments of the stories: a Monday morning, steps minutes apart, and a day when every clock has run out."""
    day = answers.valid_from + timedelta(days=(7 - answers.valid_from.weekday()) % 7)
    start = datetime(day.year, day.month, day.day, 9, 0)  # noqa: DTZ001 — a scenario is in local time
    unit, amount = answers.unit, answers.amount + 1
    plain = {"minute": timedelta(minutes=amount), "hour": timedelta(hours=amount), "day": timedelta(days=amount)}
    days = amount if unit == "working_day" else amount // 6 + 1
    late = start + plain.get(unit, timedelta(days=days * 7 // 5 + 16)) * 2
    step = timedelta(seconds=20) if unit == "minute" else timedelta(minutes=5)
    moments = {f"t{n}": start + n * step for n in range(6)}
    moments |= {"late": late, "end": start + timedelta(days=WAIT + 4), "late_end": late + timedelta(days=WAIT + 4)}
    return {name: moment.strftime("%Y-%m-%d %H:%M:%S").removesuffix(":00") for name, moment in moments.items()}


def _last(answers: Answers) -> dict[str, str]:
    """Who acts in the stories: who opens, who solves at last."""
    opener = {"resident": "老李", "worker": "小陈", "case": "上级事项"}[answers.raised_by]
    person = answers.raised_by != "case"
    cast = {"老李" if person else "上级事项": "asker" if person else "caller", "小陈": _at(answers, "first")}
    if answers.climbs_to:
        cast["老周"] = "upper"
    return {
        "cast": ", ".join(f"{n}: {role}" for n, role in cast.items()),
        "opener": opener,
        "heard": "老李" if person else "上级事项",
        "solver": "老周" if answers.climbs_to else "小陈",
        "tier": answers.climbs_to or (answers.first if answers.first != "unit" else ""),
    }


def _at(answers: Answers, role: str) -> str:
    return f"{role}@some_unit" if answers.first == "unit" else role


def _stories(answers: Answers) -> dict[str, str]:
    if answers.raised_by == "case":
        return {"answered": texts.CASE_ANSWERED, "nobody_acts": texts.CASE_NOBODY}
    again = texts.NOT_SOLVED_CLIMBS if answers.climbs_to else texts.NOT_SOLVED
    return {"answered": texts.ANSWERED_STORY, "not_solved": again, "nobody_acts": texts.NOBODY}
