"""Who may do what, who verifies, who is told: red lines 1 and 2, and the separation of duties."""

from __future__ import annotations

from collections.abc import Iterator

from linli.drafting.check_names import BY_ITSELF, PlacedAct, acts_of, mark_of
from linli.drafting.check_states import Graph, State
from linli.drafting.check_words import placeholders
from linli.drafting.codes import found
from linli.drafting.finding import Finding
from linli.kernel.institution import FIELD_CLASSES, Act, Field, Institution, Pack, Role, Stage


def check_duties(pack: Pack, institution: Institution) -> list[Finding]:
    """Roles at places where their duty exists, and fields that reach only those who may read them."""
    findings = [f for role in institution.roles.values() for f in _level(pack, role)]
    for placed in acts_of(institution):
        findings += [*_hidden(pack, institution, placed), *_told(institution, placed.act)]
    return [*findings, *_accused(institution)]


def check_powers(pack: Pack, graph: Graph) -> list[Finding]:
    """Passing up and verifying, which depend on where a case can stand."""
    return [*_pass_up(pack, graph), *_verifies(graph)]


def _level(pack: Pack, role: Role) -> Iterator[Finding]:
    duty = pack.duties[role.duty]
    kinds = [k for k in duty.at if k not in pack.levels]
    if role.at == "unit":
        if not kinds:
            say = f"“{duty.title.zh}”只在地方上任职，不在单位。", f"{duty.name} is held at places, not at units."
            yield found("duty-not-at-level", mark_of(role, "at"), *say)
    elif role.at not in pack.levels:
        say = f"{role.at} 不是本地的层级。", f"{role.at} is not a level."
        yield found("duty-not-at-level", mark_of(role, "at"), *say)
    elif role.at not in duty.at:
        say = f"“{duty.title.zh}”不在 {role.at} 这一级任职。", f"{duty.name} is not held at {role.at}."
        yield found("duty-not-at-level", mark_of(role, "at"), *say)


def _actors(institution: Institution, placed: PlacedAct) -> Iterator[str]:
    """The roles and parties who may do an act; `holder` becomes the holders of the stages where it is possible."""
    for name in placed.act.by:
        if name != "holder":
            yield name
            continue
        for stage in institution.stages.values():
            if stage.holder and not stage.end and institution.acts_at(stage.name).get(placed.act.name) is placed.act:
                yield stage.holder


def _hidden(pack: Pack, institution: Institution, placed: PlacedAct) -> Iterator[Finding]:
    """A needed field that its actor may not read. A reporter may still name whom they complain of (``against``)."""
    for name in placed.act.needs:
        field = institution.fields[name]
        blind = sorted({a for a in _actors(institution, placed) if not _reads(pack, institution, a, field)})
        if blind and name != institution.against:
            who = "、".join(blind)
            say = (
                f"“{placed.act.title.zh}”要{who}填 {name}，可是这个字段他们看不到。",
                f"{placed.act.name} needs {name} from {', '.join(blind)}, who may not read it.",
            )
            yield found("field-needed-but-hidden", mark_of(placed.act, "needs"), *say)


def _reads(pack: Pack, institution: Institution, actor: str, field: Field) -> bool:
    if actor in institution.parties:
        # A case that raises another has no eyes: its fields are handed down by `passes`.
        return institution.parties[actor].who == "case" or field.class_ in ("public", "party")
    role = institution.roles.get(actor)
    if role is None:
        return True
    if field.class_ == "sealed":
        return actor in field.opens_to
    return FIELD_CLASSES.index(field.class_) <= FIELD_CLASSES.index(pack.duties[role.duty].sees)


def _told(institution: Institution, act: Act) -> Iterator[Finding]:
    if not act.says:
        return
    named = (placeholders(act.says.zh) or set()) | (placeholders(act.says.en) or set())
    people = {*act.answers, *act.tells}
    persons = {n for n in people if n in institution.parties and institution.parties[n].who == "person"}
    for name in sorted(named):
        field = institution.fields.get(name) or institution.fields.get(name.removesuffix("_says"))
        if field is None:
            continue
        secret = field.class_ == "sealed" or field.name == institution.against
        if secret and people - set(field.opens_to):
            say = f"告知文字说出了保密的 {field.name}。", f"The message tells the sealed {field.name}."
            yield found("sealed-field-leaks", mark_of(act, "says"), *say)
        elif persons and field.class_ in ("handler", "supervisor"):
            who = "、".join(sorted(persons))
            say = f"{field.name} 是内部字段，却告诉了{who}。", f"{field.name} is for staff, yet {who} is told."
            yield found("field-told-too-widely", mark_of(act, "says"), *say)


def _accused(institution: Institution) -> Iterator[Finding]:
    against = institution.fields.get(institution.against or "")
    if against and against.class_ not in ("supervisor", "sealed"):
        say = f"{against.name} 谁都看得到，被反映的人会知道。", f"{against.name} can be read by the one complained of."
        yield found("sealed-field-leaks", mark_of(against, "class_"), *say)
    for stage in institution.stages.values():
        for name in stage.calls.passes if stage.calls else ():
            field = institution.fields.get(name)
            if field and (field.class_ == "sealed" or field is against):
                say = f"{name} 是保密的，不能传给被吹哨的单位。", f"{name} is sealed and may not be passed on."
                yield found("sealed-field-leaks", mark_of(stage.calls, "passes"), *say)


def is_above(pack: Pack, lower: Role, upper: Role) -> bool:
    """Whether ``upper`` stands over ``lower``: higher on the ladder of duties, or at a higher level of places.

    A unit (a department) is below every level of places.
    """
    order = list(pack.levels)
    rank = {name: n for n, name in enumerate(order)}
    higher = rank.get(upper.at, len(order)) < rank.get(lower.at, len(order))
    return higher or upper.duty in pack.ladder(lower.duty)[1:]


def _working(institution: Institution) -> set[str]:
    """The roles that hold or do something on open cases; whoever only rates afterwards is no level to pass up to."""
    stages = [s for s in institution.stages.values() if not s.end]
    acts = [institution.open, *institution.anywhere.values(), *(a for s in stages for a in s.acts.values())]
    return {s.holder or "" for s in stages} | {r for a in acts for r in (*a.by, *a.tells, a.approves or "")}


def _pass_up(pack: Pack, graph: Graph) -> Iterator[Finding]:
    """Red line 1: whoever holds an unanswered case below the top can pass it up, in every state it can get into.

    The top is a role over which no other works on open cases here. Passing up is an act by the holder that is not
    used up and asks neither a guard nor anybody's agreement, or the clock's consequence; it may go sideways first,
    through stages of the same duty or the same level. An act that answers is no passing up. Exempt: parked stages
    (their clock gives the case ``back``).
    """
    roles, stages = graph.institution.roles, graph.institution.stages
    told: set[str] = set()
    over = [r for r in roles.values() if r.name in _working(graph.institution)]
    for state in graph.edges:
        stage = stages[state.stage]
        holder = roles.get(stage.holder or "")
        if stage.end or holder is None or state.answered or stage.name in told or _parked(graph.institution, stage):
            continue
        if not any(is_above(pack, holder, r) for r in over) or _climbs(pack, graph, state, holder):
            continue
        told.add(stage.name)
        say = (
            f"“{stage.title.zh}”的办理人（{holder.title.zh}）上面还有人，却报不上去。",
            f"The holder of {stage.name} ({holder.name}) is not at the top and cannot pass the case up.",
        )
        yield found("cannot-pass-up", stage.mark, *say, graph.path(state))


def _parked(institution: Institution, stage: Stage) -> bool:
    act = institution.acts_at(stage.name).get(stage.overdue or "")
    return act is not None and act.to == "back"


def _climbs(pack: Pack, graph: Graph, start: State, holder: Role) -> bool:
    roles, stages = graph.institution.roles, graph.institution.stages
    seen, queue = {start}, [start]
    for state in queue:
        for edge in graph.edges[state]:
            target, free = edge.target, _free(graph, stages[state.stage], edge.act) and not graph.spent(edge)
            if stages[target.stage].end or target.answered or not free:
                continue
            upper = roles.get(stages[target.stage].holder or "")
            if upper and is_above(pack, holder, upper):
                return True
            if upper and (upper.duty == holder.duty or upper.at == holder.at) and target not in seen:
                seen.add(target)
                queue.append(target)
    return False


def _free(graph: Graph, stage: Stage, act: Act) -> bool:
    """Whether the holder may do it without asking anybody, or the clock does."""
    by_holder = bool({stage.holder, "holder"} & set(act.by)) and not act.approves and not graph.guarded(act)
    return by_holder or stage.overdue == act.name


def _verifies(graph: Graph) -> Iterator[Finding]:
    """Who records the revisit did not do the work.

    A verifying stage is one that is reached only after the answer and from which some act sends the case back to
    be worked on again. Every act there by a role that closes the case or sends it back is a verification, and its
    role must carry ``never: handler``.
    """
    institution = graph.institution
    before = {s.stage for s in graph.edges if not s.answered and not institution.stages[s.stage].end}
    told: set[str] = set()
    edges = [e for s, out in graph.edges.items() if s.stage not in before for e in out]
    reopened = {e.source.stage for e in edges if e.target.stage in before}
    for edge in edges:
        stage = institution.stages[edge.source.stage]
        back_or_end = edge.target.stage in before or institution.stages[edge.target.stage].end
        if stage.name not in reopened or not back_or_end or edge.by in BY_ITSELF:
            continue
        for name in edge.act.by:
            role = institution.roles.get((stage.holder or "") if name == "holder" else name)
            if role and "handler" not in role.never and role.name not in told:
                told.add(role.name)
                say = (
                    f"{role.title.zh}可以核实自己办的事（“{edge.act.title.zh}”）。",
                    f"{role.name} may verify work of their own by {edge.act.name}.",
                )
                mark = mark_of(role, "never")
                yield found("worker-verifies", mark, *say, graph.path(edge._replace(by=role.name)))
