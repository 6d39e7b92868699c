"""“Why?” asked of a case: of each clock, of who holds it, of the units called, and of what one may not do.

One structure (:class:`linli.drafting.why.Why`) answers all of them, for the page and for the API. What the asker may
not read is in no answer: see :mod:`linli.ledger.why_ask`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from linli.drafting import why_clock
from linli.drafting.sentences import cap
from linli.drafting.why import Rule, Value, Why, amount_words, moment_words, rule, said, times, value
from linli.drafting.why_clock import Run
from linli.kernel.calendar import SHANGHAI
from linli.kernel.case import PAUSE_CLOCK, STAGE_CLOCK
from linli.kernel.institution import Act, Dated, Institution, Text
from linli.kernel.refusal import title_of
from linli.ledger import visible, why_act, why_holder
from linli.ledger.rows import act_of
from linli.ledger.view import CaseView
from linli.ledger.visible import Viewer
from linli.ledger.why_ask import Asking, listed

KEPT = Text(
    "规定以后改了，只管以后起算的时限；这一次已经定下的不变。",
    "A later change of the rules holds for clocks that start afterwards; this one stays.",
)
WAITS = Text("等反映人补充", "Waiting for the reporter")


def answer(page: CaseView, who: Viewer, now: datetime, what: str, as_reporter: bool = False) -> Why:
    """The answer to ``what``: ``clock:NAME``, ``holder``, ``unit:CODE`` or ``act:NAME``.

    LookupError for what cannot be asked of this case: a clock that never ran, a unit not called, an unknown act.
    """
    asking = Asking(page, who, now, as_reporter)
    kind, _, name = what.partition(":")
    if kind == "clock":
        return _clock(asking, name)
    if what == "holder":
        return why_holder.holder(asking)
    if kind == "unit":
        return why_holder.unit(asking, name)
    if kind == "act":
        return why_act.act(asking, name)
    raise LookupError(f"nothing is called {what}; ask clock:NAME, holder, unit:CODE or act:NAME")


def answers(page: CaseView, who: Viewer, now: datetime, as_reporter: bool = False) -> list[Why]:
    """Everything that may be asked of this case now: its clocks, its holder, its units, and what one may not do."""
    asking = Asking(page, who, now, as_reporter)
    return list(_all(asking))


def _all(asking: Asking) -> Iterator[Why]:
    for clock in asking.page.clocks:
        yield _clock(asking, clock.name)
    if asking.kernel.holder and not asking.page.case.ended:
        yield why_holder.holder(asking)
    for code in dict.fromkeys(c.unit for c in asking.kernel.children.values()):
        if code in asking.context.registry.units:
            yield why_holder.unit(asking, code)
    if asking.sees_names:
        yield from why_act.barred(asking)


def _clock(asking: Asking, name: str) -> Why:
    run = why_clock.last_run(asking.story, name)
    if run is None:
        raise LookupError(f"no clock {name} ever ran on this case")
    found, dated = _rule(asking, run), _value(asking, run)
    changed = [(c, asking.told(c.done.serial).title, asking.reason(c.done.serial)) for c in run.changes]
    title = _title(asking, run)
    due = moment_words(run.due)
    return Why(
        what=f"clock:{name}",
        asks=Text(f"“{title.zh}”为什么最晚是 {due.zh}？", f"Why is “{title.en}” due {due.en}?"),
        says=_says(asking, run, title),
        rule=found,
        value=dated,
        source=dated.source if dated else run.by.institution.source,
        steps=tuple(why_clock.steps(asking.pack, run, asking.told(run.by.serial).title, changed)),
        changes=tuple(_changes(asking, run)),
    )


def _title(asking: Asking, run: Run) -> Text:
    spec = run.by.institution.clocks.get(run.name)
    if spec:
        return spec.title
    return run.by.institution.stages[run.stage].title if run.name == STAGE_CLOCK else WAITS


def _says(asking: Asking, run: Run, title: Text) -> Text:
    due, start = moment_words(run.due), moment_words(run.set.start)
    length = amount_words(run.set.amount, run.set.unit)
    first = moment_words(run.set.due)
    if run.ended:
        at = moment_words(run.ended.done.entry.at)
        return Text(f"已在 {at.zh} 停止，原来最晚是 {due.zh}。", f"Stopped {at.en}; it would have been due {due.en}.")
    if run.stands:
        return Text("现在暂停计时，剩下的以后接着算。", "It stands now; what is left counts later.")
    if _until(run):
        field = run.by.institution.fields.get(_until(run) or "")
        named = field.title if field else Text(_until(run) or "", _until(run) or "")
        return Text(f"到“{named.zh}”写明的那一天：{due.zh}。", f"Until the day given as “{named.en}”: {due.en}.")
    zh = f"从 {start.zh} 起 {length.zh}，到 {first.zh}"
    en = f"{length.en} from {start.en}: {first.en}"
    if run.due != run.set.due:
        zh, en = f"{zh}；后来有变动，现在到 {due.zh}", f"{en}; it changed since and is now due {due.en}"
    return Text(f"{zh}。", f"{en}.")


def _until(run: Run) -> str | None:
    """The date field that the stage's clock follows, if it counts nothing itself."""
    stage = run.by.institution.stages[run.stage]
    return stage.until if run.name == STAGE_CLOCK and not stage.within else None


def _rule(asking: Asking, run: Run) -> Rule:
    institution, on = run.by.institution, run.set.start.astimezone(SHANGHAI).date()
    if run.name == STAGE_CLOCK:
        stage = institution.stages[run.stage]
        words = said(asking.pack, institution, on, lambda r: r.limit(run.stage))
        return rule(institution, words, "until" if _until(run) else "within", stage, run.stage)
    if run.name == PAUSE_CLOCK:
        act = _pausing(run)
        if act:
            words = said(asking.pack, institution, on, lambda r: r.may(act))
            return rule(institution, words, "within", act, act=act.name)
    clock = institution.clocks[run.name]
    words = said(asking.pack, institution, on, lambda r: r.clock(run.name))
    return rule(institution, words, "limit", clock)


def _pausing(run: Run) -> Act | None:
    return act_of(run.by.institution, run.by.entry.act, run.stage)


def _parameter(run: Run) -> str | None:
    if run.name == STAGE_CLOCK:
        return run.by.institution.stages[run.stage].within
    if run.name == PAUSE_CLOCK:
        act = _pausing(run)
        return act.within if act else None
    return run.by.institution.clocks[run.name].limit


def _value(asking: Asking, run: Run) -> Value | None:
    """The dated value that the clock was started with; None when it is no longer in the pack (the entry keeps it)."""
    parameter, on = _parameter(run), run.set.start.astimezone(SHANGHAI).date()
    if parameter is None:
        return None

    def fits(v: Dated) -> bool:
        holds = v.from_ <= on and (v.to is None or on <= v.to)
        return holds and (v.value, v.unit, v.calendar) == (run.set.amount, run.set.unit, run.set.calendar)

    known = asking.kernel.fields
    found = [v for v in asking.pack.parameters.get(parameter, ()) if fits(v)]
    here = [v for v in found if all(known.get(n) in codes for n, codes in v.when.items())]
    dated = max(here or found, key=lambda v: len(v.when), default=None)
    if dated is None:
        return None
    read = visible.fields(asking.institution, asking.page.clearance, dict.fromkeys(dated.when, 1), asking.actor.roles)
    if not dated.when or len(read) < len(dated.when):  # what singled the case out may not be theirs to know
        return value(parameter, dated)
    return value(parameter, dated, said(asking.pack, run.by.institution, on, lambda r: r.dated(dated)))


def _changes(asking: Asking, run: Run) -> Iterator[Text]:
    """What would still move or stop the clock; nothing of it for one that has stopped."""
    if run.ended or asking.page.case.ended:
        return
    institution = asking.institution
    for act in institution.acts_at(asking.page.case.stage).values():
        if act.does in ("extend", "resume" if asking.page.paused else "pause") and set(act.by) != {"clock"}:
            yield _by_act(asking, institution, act)
    if run.name == STAGE_CLOCK:
        moving = [a.title for a in institution.stages[run.stage].acts.values() if a.to and set(a.by) != {"clock"}]
        if moving:
            zh = "”或“".join(t.zh for t in moving)
            en = "” or “".join(t.en for t in moving)
            yield Text(f"办了“{zh}”，这个时限就停，换成下一环节的。", f"“{en}” stops it; the next stage has its own.")
    yield KEPT


def _by_act(asking: Asking, institution: Institution, act: Act) -> Text:
    who = listed(title_of(institution, r) for r in act.by if r != "clock")
    zh, en = f"{who.zh}可以“{act.title.zh}”", f"{cap(who.en)} may do “{act.title.en}”"
    if act.approves:
        agrees = title_of(institution, act.approves)
        zh, en = f"{zh}，须{agrees.zh}同意", f"{en} if agreed by {agrees.en}"
    if act.at_most is not None:
        used = asking.kernel.done.get(act.name, 0)
        zh, en = f"{zh}，最多 {act.at_most} 次，已用 {used} 次", f"{en}, at most {times(act.at_most)}, {used} used"
    if act.does == "extend":
        zh, en = f"{zh}；原定日期仍然留着", f"{en}; the first date is kept beside the new one"
    return Text(f"{zh}。", f"{en}.")
