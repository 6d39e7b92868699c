"""Why an act is refused, or not offered: the line of the definition, who may do it instead, what would change it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from linli.drafting.sentences import cap
from linli.drafting.why import Rule, Step, Why, moment_words, rule, said
from linli.kernel.calendar import SHANGHAI
from linli.kernel.decide import to_settle
from linli.kernel.institution import Act, Institution, Pack, Text, Written
from linli.kernel.refusal import Refusal, ended, may, not_here, title_of
from linli.ledger.why_ask import Asking

KEYS = {
    "not_yours": "by",
    "too_often": "at_most",
    "waiting": "approves",
    "nothing_pending": "approves",
    "not_paused": "does",
    "incomplete": "needs",
    "not_yet": "when",
    "guard_fails": "when",
    "voted": "does",
    "over": "within",
}
"""Which key of the act each refusal rests on."""
BLOCKS = {
    "no_quorum": ("meeting", "quorum"),
    "not_announced": ("meeting", "agenda"),
    "not_enough": ("funding", "amount"),
}
"""Refusals that rest on a block of the stage, with its key."""
SYSTEM_ONLY = {"clock", "children", "lead"}


def act(asking: Asking, name: str) -> Why:
    """Why the asker may or may not do the act ``name`` now. LookupError for an act the institution does not know."""
    base = name.partition(".")[0]
    found = _anywhere(asking.institution, base)
    if found is None:
        raise LookupError(f"this institution has no act {base}")
    here = asking.institution.acts_at(asking.page.case.stage).get(base)
    if here is None:
        refusal = ended() if asking.page.case.ended else not_here(asking.institution, asking.kernel, base)
        return of_refusal(asking, name, refusal)
    refused = may(asking.institution, asking.kernel, here, asking.actor)
    if refused and here not in to_settle(asking.institution, asking.kernel, asking.actor):
        return of_refusal(asking, name, refused)
    return _offered(asking, here, name)


def barred(asking: Asking) -> Iterator[Why]:
    """The acts of this stage that people may do and the asker may not, each with why; none of a closed case."""
    if asking.page.case.ended:
        return
    mine = {a.name.partition(".")[0] for a in asking.page.acts}
    for found in asking.institution.acts_at(asking.page.case.stage).values():
        if found.name in mine or not set(found.by) - SYSTEM_ONLY:
            continue
        refused = may(asking.institution, asking.kernel, found, asking.actor)
        if refused and refused.code != "not_paused":  # nobody misses a “resume” while the clocks run
            yield of_refusal(asking, found.name, refused)


def of_refusal(asking: Asking, name: str, refusal: Refusal) -> Why:
    """A refusal with the rule behind it and what would change it; its own words stay as the ledger said them."""
    base = name.partition(".")[0]
    stage = asking.page.case.stage
    found = asking.institution.acts_at(stage).get(base) or _anywhere(asking.institution, base)
    title = found.title if found else Text(base, base)
    return Why(
        what=f"act:{name}",
        asks=Text(f"为什么不能“{title.zh}”？", f"Why not “{title.en}”?"),
        says=refusal.says,
        rule=_rule(asking, found, refusal) if found else None,
        source=asking.institution.source,
        steps=tuple(_steps(asking, found, refusal)) if found else (),
        changes=(refusal.change,),
    )


def of_opening(pack: Pack, institution: Institution, refusal: Refusal, now: datetime) -> Why:
    """Why a case was not opened: the line of the opening act, or the day from which the institution holds."""
    opening, on = institution.open, now.astimezone(SHANGHAI).date()
    words = said(pack, institution, on, lambda r: r.may(opening))
    found: Rule | None = None
    if refusal.code == "not_in_force":
        found = rule(institution, words, "valid_from", institution)
    elif refusal.code in KEYS:
        found = rule(institution, words, KEYS[refusal.code], opening, act="open")
    wrong = [(institution.fields[n].title, t) for n, t in refusal.fields.items() if n in institution.fields]
    return Why(
        what="act:open",
        asks=Text(f"为什么不能“{opening.title.zh}”？", f"Why not “{opening.title.en}”?"),
        says=refusal.says,
        rule=found,
        source=institution.source,
        steps=tuple(Step("field", Text(f"{a.zh}：{b.zh}", f"{a.en}: {b.en}")) for a, b in wrong),
        changes=(refusal.change,),
    )


def _offered(asking: Asking, found: Act, name: str) -> Why:
    words = said(asking.pack, asking.institution, asking.day, lambda r: r.may(found))
    stage = None if found.name in asking.institution.anywhere else asking.page.case.stage
    return Why(
        what=f"act:{name}",
        asks=Text(f"为什么可以“{found.title.zh}”？", f"Why may I do “{found.title.en}”?"),
        says=Text(f"您现在可以“{found.title.zh}”。", f"You may do “{found.title.en}” now."),
        rule=rule(asking.institution, words, "by", found, stage, found.name),
        source=asking.institution.source,
        steps=tuple(_posts(asking, found)),
    )


def _anywhere(institution: Institution, name: str) -> Act | None:
    """The act by name wherever it stands."""
    if name == "open":
        return institution.open
    stages = institution.stages.values()
    return next((s.acts[name] for s in stages if name in s.acts), institution.anywhere.get(name))


def _rule(asking: Asking, found: Act, refusal: Refusal) -> Rule | None:
    """The line that the refusal rests on; None for what no definition says (somebody was faster, a busy machine)."""
    institution, stage = asking.institution, asking.institution.stages[asking.page.case.stage]
    at = (
        None
        if found.name in institution.anywhere
        else next((n for n, s in institution.stages.items() if s.acts.get(found.name) is found), stage.name)
    )
    thing: Written = found
    key = KEYS.get(refusal.code, "")
    words = said(asking.pack, institution, asking.day, lambda r: r.may(found))
    if refusal.code == "same_person":
        role = next((r for r in found.by if r in asking.actor.roles), "")
        spec = institution.roles.get((asking.kernel.holder or "") if role == "holder" else role)
        if spec is None:
            return None
        words = said(asking.pack, institution, asking.day, lambda r: r.never(spec.name))
        return rule(institution, words, "never", spec)
    if refusal.code in BLOCKS:
        block, key = BLOCKS[refusal.code]
        thing = getattr(stage, block) or found
    elif refusal.code == "ended":
        thing, key, at = stage, "end", stage.name
        words = said(asking.pack, institution, asking.day, lambda r: r.limit(stage.name) or r.holder(stage.name))
    elif refusal.code == "not_here":
        key = "only_in" if found.only_in else "title"
    elif refusal.code == "gap":
        key = "within" if found.within else "to"
    elif not key:
        return None
    return rule(institution, words, key, thing, at, found.name)


def _steps(asking: Asking, found: Act, refusal: Refusal) -> Iterator[Step]:
    """Who may do it instead, and what the asker is; how often it was done; what is still missing."""
    if refusal.code in ("not_yours", "same_person"):
        yield from _posts(asking, found)
    if refusal.code == "not_yours":
        yield from _own(asking)
    if refusal.code == "too_often":
        for done in asking.story:
            if done.entry.act == found.name:
                role, at = asking.told(done.serial).role, moment_words(done.entry.at)
                yield Step("done", Text(f"{at.zh} {role.zh}做过。", f"Done {at.en} by {role.en}."), done.entry.at)
    for name, says in refusal.fields.items():
        field = asking.institution.fields.get(name)
        title = field.title if field else Text(name, name)
        yield Step("field", Text(f"{title.zh}：{says.zh}", f"{title.en}: {says.en}"))


def _posts(asking: Asking, found: Act) -> Iterator[Step]:
    """Who each role of the act is, here and now."""
    for name in found.by:
        if name in SYSTEM_ONLY:
            continue
        role = asking.kernel.holder if name == "holder" and asking.kernel.holder else name
        title, post = title_of(asking.institution, name), asking.post(role)
        if title == post:
            yield Step("post", Text(f"{title.zh}可以做。", f"{cap(title.en)} may do it."))
        else:
            yield Step(
                "post", Text(f"{title.zh}可以做，这里就是：{post.zh}。", f"{cap(title.en)} may do it; here: {post.en}.")
            )


def _own(asking: Asking) -> Iterator[Step]:
    """What the asker holds today: often the duty fits and the place does not."""
    for held in asking.who.duties:
        duty = asking.pack.duties.get(held.duty)
        if duty:
            node = asking.context.registry.named(held.path)
            zh, en = f"您的职务：{node} {duty.title.zh}。", f"Your post: {duty.title.en}, {node}."
            yield Step("you", Text(zh, en))
