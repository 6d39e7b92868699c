"""Why this person or unit has the case: role → duty → place → who holds it; vacancies climbed; who called the unit."""

from __future__ import annotations

from collections.abc import Iterator

from linli.drafting.why import Rule, Step, Why, moment_words, rule, said, times
from linli.drafting.why_clock import Done
from linli.kernel.calendar import SHANGHAI
from linli.kernel.case import Called, Followed, Joined, Moved
from linli.kernel.institution import Role, Text
from linli.kernel.refusal import title_of
from linli.ledger import mandates, visible
from linli.ledger.definitions import runtime
from linli.ledger.history import steps
from linli.ledger.rows import act_of
from linli.ledger.why_ask import Asking, event_in, listed, quoted
from linli.people.registry import Holder, belongs
from linli.places.dispatch import Rule as CatalogueLine

UNIT = Text("承办单位", "the unit addressed")


def holder(asking: Asking) -> Why:
    """Why whoever holds the case holds it. LookupError when nobody does, because it is closed."""
    if asking.page.case.ended or not asking.kernel.holder:
        raise LookupError("nobody holds this case: it is closed, or its stage names no holder")
    role = asking.institution.roles[asking.kernel.holder]
    held = asking.context.holder(role.name, asking.now)
    stage = asking.page.case.stage
    words = said(asking.pack, asking.institution, asking.day, lambda r: r.holder(stage))
    here = asking.institution.stages[stage]
    return Why(
        what="holder",
        asks=Text("为什么由他们办？", "Why do they have it?"),
        says=_says(asking, role, held),
        rule=rule(asking.institution, words, "holder", here, stage),
        source=asking.institution.source,
        steps=(*_arrived(asking), *_called(asking), *_ladder(asking, role, held)),
        changes=tuple(_changes(asking, role)),
    )


def _says(asking: Asking, role: Role, held: Holder | None) -> Text:
    stage, title = asking.page.stage, role.title
    if held is None:
        return Text(
            f"“{stage.zh}”环节由{title.zh}办理，但现在这个岗位和上级岗位都没有人。",
            f"“{stage.en}” is held by {title.en}, but nobody holds the post or one above it now.",
        )
    post = asking.holder(title, held)
    return Text(
        f"事项在“{stage.zh}”环节，这一环节由{title.zh}办理：{post.zh}。",
        f"The case is at “{stage.en}”, which {title.en} holds: {post.en}.",
    )


def _arrived(asking: Asking) -> Iterator[Step]:
    """Since when the case stands where it does, and by which act."""
    for done in reversed(asking.story):
        if event_in(done, Moved) or event_in(done, Followed):
            at, told = moment_words(done.entry.at), asking.told(done.serial)
            stage = asking.page.stage
            zh = f"{at.zh} “{told.title.zh}”之后，事项到了“{stage.zh}”环节。"
            en = f"It came to “{stage.en}” {at.en}, by “{told.title.en}”."
            yield Step("arrived", Text(zh, en), done.entry.at)
            return


def _called(asking: Asking) -> Iterator[Step]:
    """For a called unit's case: who chose the unit, by which act, and whether it leads."""
    case = asking.page.case
    if case.parent_id is None:
        return
    rt, stage = runtime(), None
    parent = case.parent
    institution = rt.institution(parent.institution, parent.version)  # type: ignore[union-attr]
    for row in steps(case.parent_id):
        entry = row.entry
        joined = next((e for e in entry.events if isinstance(e, Joined) and e.child == str(case.pk)), None)
        if joined:
            act = act_of(institution, entry.act, stage)
            title = act.title if act else Text(entry.act, entry.act)
            yield _chosen(joined, title, title_of(institution, entry.role or ""), Done(row.seq, entry, institution))
            return
        moved = next((e for e in entry.events if isinstance(e, Moved)), None)
        stage = moved.to if moved else stage


def _chosen(joined: Joined, title: Text, role: Text, done: Done) -> Step:
    at = moment_words(done.entry.at)
    lead_zh, lead_en = ("，排在第一位，由它牵头", ", named first, so it leads") if joined.lead else ("", "")
    zh = f"{at.zh} {role.zh}“{title.zh}”时点了这个单位{lead_zh}。"
    return Step("called", Text(zh, f"Chosen {at.en} by {role.en} with “{title.en}”{lead_en}."), done.entry.at)


def _ladder(asking: Asking, role: Role, held: Holder | None) -> Iterator[Step]:
    """Each step from the role's own post up to the one that is held."""
    where, registry, pack = asking.context.where, asking.context.registry, asking.pack
    duty = pack.duties[role.duty].title
    at = UNIT if role.at == "unit" else pack.levels[role.at].title
    yield Step(
        "role",
        Text(
            f"{role.title.zh}：{at.zh}里任“{duty.zh}”的人。"
            if role.at == "unit"
            else f"{role.title.zh}：在{at.zh}任“{duty.zh}”的人。",
            f"{role.title.en}: whoever is “{duty.en}” at {at.en}.",
        ),
    )
    for name, level in mandates.ladder(pack, role):
        node = where.unit if level == "unit" else registry.level(where.place, level)
        title = pack.duties[name].title
        if held and (held.duty, held.path) == (name, node):
            post = asking.holder(role.title, held)
            yield Step("held", Text(f"现在是：{post.zh}。", f"Now: {post.en}."))
            return
        yield _vacant(asking, node, name, level, title)


def _vacant(asking: Asking, node: str | None, duty: str, level: str, title: Text) -> Step:
    """A step passed over. That people of the unit complained of are passed over is said to supervisors only."""
    if node is None:
        at = asking.pack.levels[level].title if level in asking.pack.levels else UNIT
        return Step(
            "no_place",
            Text(f"这件事没有定到{at.zh}，往上一级找。", f"The case has no {at.en}, so the next level is asked."),
        )
    name, where = asking.context.registry.named(node), asking.context.where
    passed = [h for h in asking.context.registry.holders(duty, node, asking.day) if belongs(h.unit, where.accused)]
    if passed and asking.page.clearance == "supervisor":
        zh, en = f"{name} {title.zh}属于被反映的单位，回避。", f"{title.en}, {name}, belongs to the unit complained of."
        return Step("withdrawn", Text(f"{zh}往上一级找。", f"{en} The next level is asked."))
    return Step(
        "vacant",
        Text(
            f"{name} {title.zh}现在没有可以办理的人，往上一级找。",
            f"Nobody can act as {title.en}, {name}, now; the next level is asked.",
        ),
    )


def _changes(asking: Asking, role: Role) -> Iterator[Text]:
    """Acts of people that hand the case to somebody else, and what changes of posts do."""
    stage = asking.institution.stages[asking.page.case.stage]
    for act in stage.acts.values():
        target = asking.institution.stages.get(act.to or "")
        if target and target.holder and target.holder != role.name and set(act.by) - {"clock", "children"}:
            to, by = title_of(asking.institution, target.holder), quoted([act.title])
            yield Text(f"{by.zh}之后由{to.zh}办理。", f"After {by.en}, {to.en} holds it.")
    yield Text(
        "任职有变动，事项自动到接任的人手上，时限不变。",
        "When somebody else takes the post, the case goes with it; its clocks do not change.",
    )


def unit(asking: Asking, code: str) -> Why:
    """Why this unit was called, last. LookupError for one that was not."""
    registry = asking.context.registry
    calls = [(d, e) for d in asking.story for e in d.entry.events if isinstance(e, Joined) and e.unit == code]
    if not calls or code not in registry.units:
        raise LookupError(f"unit {code} was not called on this case")
    done, joined = calls[-1]
    name = registry.units[code].name
    told = asking.told(done.serial)
    act, role = told.title, told.role
    at = moment_words(done.entry.at)
    lead = Text("，排在第一位，由它牵头", ", named first, to lead") if joined.lead else Text("", "")
    who = Text(f"{told.person}（{role.zh}）", f"{told.person} ({role.en})") if told.person else role
    reason = asking.reason(done.serial)
    because = Text(f"，理由：{reason}", f": {reason}") if reason else Text("", "")
    return Why(
        what=f"unit:{code}",
        asks=Text(f"为什么有{name}？", f"Why {name}?"),
        says=Text(
            f"{who.zh}在 {at.zh} “{act.zh}”时点了{name}{lead.zh}{because.zh}。",
            f"{who.en} chose {name} {at.en} with “{act.en}”{lead.en}{because.en}.",
        ),
        rule=_calls(asking, done),
        source=next((line.source for line in _catalogue(asking, done) if line.unit == code), done.institution.source),
        steps=tuple(_by_catalogue(asking, done, code)),
        changes=tuple(_objections(asking, done)),
    )


def _catalogue(asking: Asking, done: Done) -> list[CatalogueLine]:
    """What the dispatch catalogue said of this case on the day the units were chosen, if the asker reads its category.

    Its lines are dated and never overwritten, so the day can be asked long after.
    """
    category = asking.page.case.category
    if not visible.fields(asking.institution, asking.page.clearance, {"category": category}, asking.actor.roles):
        return []
    day = done.entry.at.astimezone(SHANGHAI).date()
    return asking.context.registry.dispatch(category, asking.context.where.place, day)


def _by_catalogue(asking: Asking, done: Done, code: str) -> Iterator[Step]:
    """The catalogue's own line for the unit, or that it names others."""
    lines, units = _catalogue(asking, done), asking.context.registry.units
    line = next((found for found in lines if found.unit == code), None)
    if line:
        owner = units[line.owner].name if line.owner in units else line.owner
        zh = f"派单目录写明归它办：{line.source}，{line.starts} 起，由{owner}维护。"
        en = f"The dispatch catalogue names it: {line.source}, since {line.starts}, kept by {owner}."
        yield Step("catalogue", Text(zh, en))
    elif lines:
        names = listed(Text(units[found.unit].name, units[found.unit].name) for found in lines)
        zh = f"派单目录里这一类写的是{names.zh}，没有写它。"
        yield Step("catalogue", Text(zh, f"The dispatch catalogue names {names.en} for this kind, and not this unit."))


def _calls(asking: Asking, done: Done) -> Rule | None:
    moved = event_in(done, Moved)
    stage = done.institution.stages.get(moved.to) if moved else None
    if stage is None or stage.calls is None:
        return None
    words = said(asking.pack, done.institution, done.entry.at.astimezone(SHANGHAI).date(), lambda r: r.calls(stage))
    return rule(done.institution, words, "for_each", stage.calls, stage.name)


def _objections(asking: Asking, done: Done) -> Iterator[Text]:
    """Acts at the first stage of the called institution by which a unit hands the call back or on."""
    called = event_in(done, Called)
    found = asking.pack.institutions.get(called.institution) if called else None
    if found is None:
        return
    first = found.stages[found.open.to or next(iter(found.stages))]
    for act in first.acts.values():
        target = found.stages.get(act.to or "")
        if target and target.holder and target.holder != first.holder and set(act.by) - {"clock"}:
            judge = title_of(found, target.holder)
            often = Text(f"，最多 {act.at_most} 次", f", at most {times(act.at_most)}") if act.at_most else Text("", "")
            yield Text(
                f"这个单位可以“{act.title.zh}”{often.zh}，由{judge.zh}决定。",
                f"The unit may do “{act.title.en}”{often.en}; {judge.en} decides.",
            )
