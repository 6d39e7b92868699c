"""The admission list (catalogue 37) and red line 3: a community is never handed an item outside it.

First in the definitions of every shipped pack, then in the real ledger of Futian.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from linli.drafting.load import load, read_folder
from linli.kernel.institution import Act, Institution, Pack
from linli.ledger import act as ledger
from linli.ledger import due
from linli.ledger.models import Case, Message
from linli.people import registry
from tests.cast import area
from tests.packs.catalogue import PACKS
from tests.packs.city import City, moment

SHIPPED = sorted(p.parent.name for p in PACKS.glob("*/pack.yaml"))
BELOW = {"community", "grid"}
LISTS = {"community_duties"}
"""Code lists of what may be handed to a community."""

COUNTY, STREET, COMMUNITY, OTHER = "440304000000", "440304001000", "440304001026", "440304001027"
AREAS = [
    (COUNTY, "福田区", "district", ""),
    (STREET, "南园街道", "street", COUNTY),
    (COMMUNITY, "巴登社区", "community", STREET),
    (OTHER, "园西社区", "community", STREET),
    ("440304001026001", "巴登第一网格", "grid", COMMUNITY),
]
POSTS = [
    ("mai", "gate_approver", COUNTY),
    ("wu", "supervisor", COUNTY),
    ("shi", "street_officer", STREET),
    ("liang", "community_officer", COMMUNITY),
    ("sun", "contact_cadre", COMMUNITY),
    ("zheng", "residents_committee", COMMUNITY),
    ("party", "community_party", COMMUNITY),
    ("huang", "grid_worker", "440304001026001"),
]
ITEM = {
    "item": "沿街商铺摸底",
    "basis": "市场监管条例",
    "communities": "巴登社区",
    "start_on": "2026-04-20",
    "money": 30000,
    "people": 2,
}
TASK = {"task": "摸清商铺底数", "means": "经费三万元、两人", "due_on": "2026-05-29"}


def level(institution: Institution, actor: str, stage: str | None = None) -> str | None:
    """The level of a role, `unit` for a department; None for parties, the clock and the called units."""
    if actor == "holder" and stage is not None:
        actor = institution.stages[stage].holder or ""
    role = institution.roles.get(actor)
    return role.at if role else None


def handed_down(pack: Pack) -> Iterator[tuple[Institution, str, Act]]:
    """Acts by which somebody above a community puts a case before it."""
    for institution in pack.institutions.values():
        placed = [(None, institution.open)]
        placed += [(s.name, a) for s in institution.stages.values() for a in s.acts.values()]
        placed += [(s, a) for a in institution.anywhere.values() for s in (a.only_in or institution.stages)]
        for stage, act in placed:
            target = institution.stages.get(act.to or "")
            if target is None or target.end or level(institution, target.holder or "") not in BELOW:
                continue
            if any(level(institution, by, stage) not in (*BELOW, None) for by in act.by):
                yield institution, stage or "open", act


def listed(institution: Institution, act: Act) -> bool:
    """The act names an item of a list: an admitted one, or one of the community's own duties."""
    fields = [institution.fields[n] for n in act.needs]
    return any((f.of == ("admission",) and f.stages == ("admitted",)) or f.list in LISTS for f in fields)


def own_business(institution: Institution) -> bool:
    """What residents raise, or what is raised for them, is the community's own; an office's task is not."""
    raiser = institution.parties[institution.raised_by]
    openers = {level(institution, by) for by in institution.open.by}
    return raiser.who == "public" or institution.raised_by in institution.open.by or "unit" not in openers


@pytest.mark.parametrize("name", SHIPPED)
def test_3_no_institution_lets_a_department_give_a_community_work_outside_the_list(name: str) -> None:
    pack, findings = load(read_folder(PACKS, name), name)
    assert pack is not None and not findings
    wrong = [
        f"{institution.name}.{act.name} at {stage}"
        for institution, stage, act in handed_down(pack)
        if not own_business(institution) and stage == "open" and not listed(institution, act)
    ]
    assert wrong == [], "a department opens it straight before a community, and no list is asked"


def test_3_the_probe_finds_a_way_around_the_list() -> None:
    files = read_folder(PACKS, "futian")
    path = "futian/assignment/institution.yaml"
    files[path] = files[path].replace(
        b"needs: [item, task, means, due_on]", b"needs: [task, means, due_on]\n  may: [item]"
    )
    pack, _ = load(files, "futian")
    assert pack is not None
    found = [(i, a) for i, stage, a in handed_down(pack) if stage == "open" and not own_business(i)]
    assert [(i.name, listed(i, a)) for i, a in found] == [("assignment", False)]


def test_3_a_street_hands_a_committee_only_what_is_on_the_duty_list() -> None:
    """Beijing's rule: never an item outside the list, and none that a committee only assists with."""
    pack, _ = load(read_folder(PACKS, "chaoyang"), "chaoyang")
    assert pack is not None
    request = pack.institutions["request"]
    down = [(stage, a) for i, stage, a in handed_down(pack) if i is request and stage != "open"]
    assert [a.name for _, a in down] == ["to_community"]
    assert all(listed(request, a) for _, a in down)
    assert not [c for c in pack.lists["community_duties"].values() if "协助" in c.title.zh]


@pytest.fixture
def world(db: None) -> City:
    return City("futian", AREAS, POSTS, ["market", "statistics"])


def unit(code: str) -> str:
    return registry.fresh().units[code].path


def applied(world: City, at: str, by: str = "market") -> Case:
    me = world.ids[by]
    opening = ledger.Opening("admission", area(COUNTY).path, ledger.Reporter(person=me), by=me, unit=unit(by))
    done = ledger.open(opening, ITEM, moment(at))
    assert isinstance(done, ledger.Receipt), done
    return Case.objects.get(id=done.id)


def assign(world: City, at: str, by: str = "market", **data: object) -> ledger.Receipt | ledger.Refusal:
    me = world.ids[by]
    opening = ledger.Opening("assignment", area(COMMUNITY).path, ledger.Reporter(person=me), by=me, unit=unit(by))
    return ledger.open(opening, {**TASK, **data}, moment(at))


def entered(world: City) -> Case:
    item = applied(world, "2026-03-02 09:00")
    world.act("mai", item, "admit", moment("2026-03-05 09:00"), item_no="准入 2026-07", ends_on="2026-07-20")
    due.sweep(moment("2026-04-15 00:01"))
    world.act("market", item, "enter", moment("2026-04-20 09:00"))
    return item


def test_without_an_admitted_item_nothing_is_assigned(world: City) -> None:
    item = applied(world, "2026-03-02 09:00")
    for data in ({}, {"item": str(item.number)}, {"item": "1"}):
        refused = assign(world, "2026-03-02 10:00", **data)
        assert isinstance(refused, ledger.Refusal) and "item" in refused.fields, refused
    world.act("mai", item, "admit", moment("2026-03-05 09:00"), item_no="准入 2026-07", ends_on="2026-07-20")
    assert world.refused("market", item, "enter", moment("2026-03-06 09:00")) == "not_yet", "30 working days ahead"
    early = assign(world, "2026-03-06 10:00", item=str(item.number))
    assert isinstance(early, ledger.Refusal) and "item" in early.fields
    assert Case.objects.filter(institution="assignment").count() == 0


def test_an_admitted_item_reaches_the_community_and_another_department_cannot_use_it(world: City) -> None:
    item = entered(world)
    others = assign(world, "2026-04-20 10:00", by="statistics", item=str(item.number))
    assert isinstance(others, ledger.Refusal), "it is the item of one department"
    done = assign(world, "2026-04-20 10:00", item=str(item.number))
    assert isinstance(done, ledger.Receipt), done
    work = Case.objects.get(id=done.id)
    assert (work.stage, work.holder_duty, work.holder_path) == ("offered", "community_officer", area(COMMUNITY).path)
    world.act("liang", work, "accept", moment("2026-04-20 15:00"))
    world.act("liang", work, "report", moment("2026-05-20 15:00"), done="登记 214 家。")
    assert (work.stage, work.result, work.tier) == ("closed", "carried_out", "community")


def test_one_act_refuses_cites_the_rule_and_goes_to_the_approver(world: City) -> None:
    item = entered(world)
    done = assign(world, "2026-04-20 10:00", item=str(item.number), task="上门收取商户年报")
    assert isinstance(done, ledger.Receipt), done
    work = Case.objects.get(id=done.id)
    world.act("liang", work, "refuse", moment("2026-04-20 10:05"), rule="other_scope")
    assert (work.stage, work.holder_duty, work.holder_path) == ("checking", "gate_approver", area(COUNTY).path)
    told = Message.objects.filter(case=work, to="approver").latest("id")
    assert "超出了准入的范围" in told.text("zh"), "the rule is cited"
    world.act("mai", work, "stop", moment("2026-04-21 09:00"), reason="不在准入内容里。")
    assert (work.stage, work.result) == ("closed", "stopped")


def test_what_has_expired_cannot_be_assigned_any_more(world: City) -> None:
    item = entered(world)
    due.sweep(moment("2026-07-21 00:01"))
    item.refresh_from_db()
    assert (item.stage, item.result) == ("out", "expired")
    late = assign(world, "2026-07-22 09:00", item=str(item.number), due_on="2026-08-20")
    assert isinstance(late, ledger.Refusal) and "item" in late.fields


def test_a_visit_without_a_need_is_one_field_and_over(world: City) -> None:
    by = world.ids["sun"]
    opening = ledger.Opening("visit", area(COMMUNITY).path, by=by, channel="home_visit")
    done = ledger.open(opening, {"building": "巴登街 12 栋"}, moment("2026-03-02 10:00"))
    assert isinstance(done, ledger.Receipt), done
    visit = Case.objects.get(id=done.id)
    assert (visit.stage, visit.result, visit.reporter_id) == ("noted", "visited", None) and visit.ended
    assert set(visit.fields) == {"building"}, "nothing personal is written down"


def test_what_is_heard_at_a_door_is_answered_to_the_person_alone(world: City) -> None:
    cadre = world.ids["sun"]
    person = ledger.Reporter(name="陈婆婆", phone="19900000031")
    opening = ledger.Opening("request", area("440304001026001").path, person, by=cadre, channel="home_visit")
    heard = {"text": "厨房灯不亮，够不着。", "category": "elderly_care", "heard_at": "home_visit"}
    done = ledger.open(opening, heard, moment("2026-03-02 10:05"))
    assert isinstance(done, ledger.Receipt), done
    request = Case.objects.get(id=done.id)
    world.act("huang", request, "solve", moment("2026-03-02 16:00"), answer="换好了灯泡。")
    answers = Message.objects.filter(case=request, answer=True)
    assert answers.exists() and {m.person_id for m in answers} == {request.reporter_id}
    assert str(request.reporter_id) != cadre
    assert world.refused("sun", request, "confirm", moment("2026-03-02 17:00"), solved="solved", satisfied="satisfied")
