"""The red lines. Each test fails when its line is crossed; DESIGN §10 and SECURITY.md name them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

import linli
from linli.drafting.check import check_files
from linli.drafting.load import load, read_folder
from linli.insight import figures, rates
from linli.kernel import ballot as ballots
from linli.kernel import expression
from linli.kernel.institution import Act, Ballot, Institution, Pack, Text
from linli.ledger import act as ledger
from linli.ledger import definitions, recurring, visible
from linli.ledger.definitions import runtime
from linli.ledger.models import Case, Entry
from linli.people import acts as people
from linli.people import registry
from linli.places import acts as places
from linli.places.models import Area
from linli.web.open import institutions
from tests.cast import GRID_A, NOW, Cast, area, publish
from tests.packs import test_admission_list as gate
from tests.packs import test_nenjiang_in_the_ledger as nenjiang
from tests.packs.city import City, moment
from tests.web.leaks import addresses

PLACE = {"at_community": "320402001001", "at_grid": "320402001001001"}
PACKS = Path(linli.__file__).parent / "packs"
SHIPPED = sorted(p.parent.name for p in PACKS.glob("*/pack.yaml"))


def shipped(name: str) -> Pack:
    pack, findings = load(read_folder(PACKS, name), name)
    assert pack is not None and not findings
    return pack


# 1. Escalation is never blocked to protect a figure.


@pytest.mark.parametrize("name", SHIPPED)
def test_1_every_level_below_the_top_can_pass_a_matter_up(name: str) -> None:
    findings = check_files(read_folder(PACKS, name), name)[1]
    assert [f for f in findings if f.code == "cannot-pass-up"] == []


def test_1_a_pack_in_which_a_level_cannot_pass_up_is_refused() -> None:
    files = read_folder(PACKS, "changzhou")
    path = "changzhou/request/institution.yaml"
    text = files[path].decode()
    start = text.index("      pass_up:\n        title: {zh: 报镇街")
    divide = "by: [community, street, dispatcher]\n    needs: [points]"  # dividing a matter leads up as well
    assert divide in text
    text = text.replace(divide, divide.replace("community, ", ""))
    files[path] = (
        (text[:start] + text[text.index("  raised:\n") :]).replace("overdue: pass_up", "overdue: solve").encode()
    )
    assert "cannot-pass-up" in {f.code for f in check_files(files, "changzhou")[1]}


def test_1_a_bad_share_stops_nobody_from_passing_up(cast: Cast) -> None:
    for n in range(5):  # nothing at all is ended in the grid: the share is as bad as it can be
        lamp = cast.lamp(NOW + timedelta(minutes=n))
        cast.act("wang", lamp.id, "pass_up", NOW + timedelta(hours=1), reason="要社区出面")
        cast.act("chen", lamp.id, "solve", NOW + timedelta(hours=2), answer="办好了", result="solved")
    last = cast.lamp(NOW + timedelta(hours=3))
    assert cast.act("wang", last.id, "pass_up", NOW + timedelta(hours=4), reason="要社区出面").case.stage == "collected"


def test_1_every_share_stands_with_its_parts_what_is_left_out_and_how_it_is_computed(cast: Cast) -> None:
    lamp = cast.lamp(timezone.now() - timedelta(hours=2))
    cast.act("wang", lamp.id, "solve", timezone.now() - timedelta(hours=1), answer="修好了")
    cast.act("li", lamp.id, "confirm", timezone.now(), contacted="yes", solved="solved", satisfied="satisfied")
    cast.lamp(timezone.now())
    scope = figures.scope_of(visible.viewer(cast.id("xu"), registry.fresh(), timezone.now()), timezone.now())
    first, last = figures.last_days(scope.now)
    request = scope.pack.institutions["request"]
    base = rates.closed("request", first, last)
    found = [figures.on_time(scope, "request", first, last), *rates.measures(scope, request, base)]
    assert len(found) > 3
    client = Client(headers={"accept-language": "zh-CN"})
    client.force_login(cast.accounts["xu"])
    for rate in found:
        assert rate.formula.zh and rate.formula.en and rate.date_rule.zh, rate.title
        parts = [c.part for c in rate.parts] if isinstance(rate, rates.Measure) else [rate.good, *rate.others]
        assert sum(p.value for p in parts) == rate.whole, "the parts make the whole"
        for part in (*parts, *rate.excluded):
            assert scope.found(part.filters).count() == part.value, "and each opens to its cases"
    for address in ("/command/", "/command/rates/"):
        page = client.get(address).content.decode()
        shares = len(re.findall(r"[0-9.]+%", page))
        assert shares and "不计入" in page and "÷" in page, address


# 2. The accused never sees who complained.


def accused(cast: Cast, unit: str) -> Case:
    data = {"text": "社区办事大厅没人", "category": "community_affairs", "accused": [unit]}
    return Case.objects.get(id=cast.opened(data).id)


def test_2_the_accused_unit_neither_holds_nor_sees_the_case(cast: Cast) -> None:
    case = accused(cast, "community-a")
    assert case.holder_duty == "street_officer"
    snapshot = registry.fresh()
    for key in ("wang", "chen"):  # both work for the accused committee
        assert not visible.may_see(visible.viewer(cast.id(key), snapshot, NOW), case)
        client = Client()
        client.force_login(cast.accounts[key])
        assert client.get(f"/cases/{case.number}/").status_code == 404
        refused = ledger.act(str(case.id), "solve", {"answer": "没有的事"}, cast.id(key), NOW)
        assert isinstance(refused, ledger.Refusal) and refused.code == "not_yours"
    assert visible.may_see(visible.viewer(cast.id("zhou"), snapshot, NOW), case)


def test_2_an_accused_department_that_is_called_does_not_see_the_call(cast: Cast) -> None:
    case = accused(cast, "power")
    for key in ("wang", "chen"):
        cast.act(key, str(case.id), "pass_up", NOW + timedelta(hours=1), reason="请上级处理")
    called = cast.act("zhou", str(case.id), "whistle", NOW + timedelta(hours=2), units=["power"], reason="请说明")
    child = Case.objects.get(id=next(iter(called.case.children)))
    assert not visible.may_see(visible.viewer(cast.id("zhao"), registry.fresh(), NOW), child)
    assert child.holder_duty == "dispatcher"


def test_2_a_called_unit_never_gets_the_reporters_contact(cast: Cast) -> None:
    lamp = cast.lamp(reporter=ledger.Reporter(name="张三丰", phone="19912345678"))
    for key in ("wang", "chen"):
        cast.act(key, lamp.id, "pass_up", NOW + timedelta(hours=1), reason="要部门")
    called = cast.act("zhou", lamp.id, "whistle", NOW + timedelta(hours=2), units=["power"], reason="请修")
    child = Case.objects.get(id=next(iter(called.case.children)))
    client = Client()
    client.force_login(cast.accounts["zhao"])
    page = client.get(f"/cases/{child.number}/").content.decode()
    assert "路灯" in page
    assert "张三丰" not in page and "19912345678" not in page


# 3. A community is never handed an item outside the admitted list, and refuses in one act.


@pytest.mark.parametrize("name", SHIPPED)
def test_3_whoever_hands_a_community_work_names_an_item_of_the_list(name: str) -> None:
    pack = shipped(name)
    openings = [(i, a) for i, stage, a in gate.handed_down(pack) if stage == "open" and not gate.own_business(i)]
    assert [i.name for i, a in openings if not gate.listed(i, a)] == []
    for institution, opening in openings:
        first = institution.stages[opening.to or ""]
        below = {r.name for r in institution.roles.values() if r.at in gate.BELOW}
        ways = [
            a for a in institution.acts_at(first.name).values() if set(a.by) & below and _refuses(pack, institution, a)
        ]
        assert ways, f"{institution.name}: the community cannot refuse at {first.name}"


def _refuses(pack: Pack, institution: Institution, act: Act) -> bool:
    """One tap that cites a rule and takes it out of the community's hands."""
    cites = [institution.fields[n] for n in act.needs]
    to = institution.stages.get(act.to or "")
    away = to is not None and (to.end or institution.roles[to.holder or ""].at not in gate.BELOW)
    return (
        away and [f.type for f in cites] == ["code"] and all(c.says for c in pack.lists[cites[0].list or ""].values())
    )


def test_3_the_probe_finds_a_community_that_must_explain_itself() -> None:
    files = read_folder(PACKS, "futian")
    path = "futian/assignment/institution.yaml"
    files[path] = files[path].replace(
        b"    needs: [rule]\n    counts: refused", b"    needs: [rule, reason]\n    counts: refused"
    )
    pack, _ = load(files, "futian")
    assert pack is not None
    assignment = pack.institutions["assignment"]
    assert not _refuses(pack, assignment, assignment.anywhere["refuse"])


# 6. Votes that the law takes elsewhere are marked advisory.

BALLOT = """
institution: poll
title: {zh: 加装电梯意向, en: A lift, asked}
source: 民法典第二百七十八条：由业主共同决定
valid_from: 2022-01-01
raised_by: asker
parties: {asker: {who: public, title: {zh: 居民, en: Residents}}}
roles: {community: {duty: community_officer, at: community, title: {zh: 社区, en: Community}}}
fields:
  item:   {type: text, class: public, title: {zh: 表决什么, en: The item}}
  roll:   {type: number, class: public, title: {zh: 户数, en: Households}}
  choice: {type: text, class: handler, title: {zh: 一票, en: A vote}}
open: {title: {zh: 公布, en: Announce}, by: community, needs: [item, roll], to: voting}
stages:
  voting:
    title: {zh: 表决, en: Voting}
    holder: community
    within: grid_limit
    overdue: count
    ballot: {options: {agree: {zh: 同意, en: For}, against: {zh: 不同意, en: Against}}, choice: choice, roll: roll,
      item: item, quorum: "voted * 3 >= roll * 2", passes: "agree * 2 > voted", source: test, advisory: ADVISORY}
    acts:
      vote: {title: {zh: 投票, en: Vote}, by: community, needs: [choice], does: vote}
      count:
        {title: {zh: 计票, en: Count}, by: [community, clock], does: tally, answers: asker, result: explained, to: over}
  over: {title: {zh: 结束, en: Over}, end: true}
"""


@pytest.mark.parametrize("advisory", [True, False])
def test_6_a_vote_that_the_law_takes_elsewhere_says_so_wherever_it_is_shown(cast: Cast, advisory: bool) -> None:
    files = read_folder(PACKS, "changzhou")
    files["changzhou/poll/institution.yaml"] = BALLOT.replace("ADVISORY", str(advisory).lower()).encode()
    pack, findings = load(files, "changzhou")
    assert pack is not None, findings
    definitions.publish(pack, NOW)
    definitions.forget()
    institutions.drawn.cache_clear()  # the number of the pack in force is the same in every test
    opening = ledger.Opening("poll", area("320402001001").path, by=cast.id("chen"))
    opened = ledger.open(opening, {"item": "三号楼装电梯", "roll": 1}, timezone.now())
    assert isinstance(opened, ledger.Receipt), opened
    client = Client(headers={"accept-language": "zh-CN"})
    client.force_login(cast.accounts["chen"])
    marks = ["只作参考" in client.get(f"/cases/{opened.number}/").content.decode()]
    cast.act("chen", opened.id, "vote", timezone.now(), choice="agree")
    cast.act("chen", opened.id, "count", timezone.now())
    page = client.get(f"/cases/{opened.number}/").content.decode()
    assert "1 / 1 参加，达到法定数，同意 1" in page
    marks.append("只作参考" in page)
    marks.append("结果只是意见" in client.get("/institutions/poll/").content.decode())
    marks.append(Case.objects.get(id=opened.id).kernel().blocks["tally"]["advisory"])
    assert marks == [advisory] * 4


@pytest.mark.parametrize("name", SHIPPED)
def test_6_no_shipped_ballot_decides_what_owners_decide_in_the_recognised_system(name: str) -> None:
    ballots = [s.ballot for i in shipped(name).institutions.values() for s in i.stages.values() if s.ballot]
    assert [b.source for b in ballots if ("业主" in b.source or "二百七十八" in b.source) and not b.advisory] == []


# 7. No decision without quorum or on an unannounced item.


@pytest.mark.parametrize("name", SHIPPED)
def test_7_every_shipped_vote_and_meeting_has_a_quorum_and_announces_what_it_decides(name: str) -> None:
    pack = shipped(name)
    for institution in pack.institutions.values():
        for stage in institution.stages.values():
            if stage.meeting is not None:
                names = {"present": "int", "roll": "int"}
                counts = [
                    bool(expression.evaluate(stage.meeting.quorum, names, {"present": n, "roll": 10}))
                    for n in (0, 1, 10)
                ]
                assert counts == [False, False, True], f"{institution.name}/{stage.name}: {stage.meeting.quorum}"
                assert stage.meeting.agenda not in stage.acts[stage.meeting.decides].needs, (
                    "announced before, not on the spot"
                )
            if stage.ballot is not None:
                assert not ballots.tally(stage.ballot, [], 10).quorum
    codes = {f.code for f in check_files(read_folder(PACKS, name), name)[1]}
    assert not codes & {"unannounced", "no-quorum"}


def test_7_a_meeting_without_quorum_or_with_another_item_decides_nothing(db: None) -> None:
    town = City("nenjiang", nenjiang.AREAS, nenjiang.POSTS, ["housing"])
    recurring.open_due(moment("2026-01-05 09:00"))
    meeting = Case.objects.get(institution="coordination", external__startswith="2026-Q1")
    agenda = {"agenda": ["扫雪分片"], "held_on": "2026-01-15", "roll": 11, "unfinished": "无"}
    town.act("yu", meeting, "announce", moment("2026-01-08 10:00"), **agenda)
    day = moment("2026-01-15 15:00")
    town.act("yu", meeting, "brief", day, briefing="四季度共建十二次。")
    assert town.refused("yu", meeting, "resolve", day, present=5, resolutions=["扫雪分片：铁路"]) == "no_quorum"
    assert town.refused("yu", meeting, "resolve", day, present=8, resolutions=["换门牌：社区"]) == "not_announced"
    assert not Case.objects.filter(parent=meeting).exists(), "nothing came of either"
    town.act("yu", meeting, "resolve", day, present=8, resolutions=["扫雪分片：铁路"])
    assert Case.objects.filter(parent=meeting).count() == 1


def test_7_a_vote_without_quorum_is_void_whatever_the_majority() -> None:
    vote = Ballot(
        {"agree": Text("同意", "For")}, "choice", "roll", "item", "voted * 3 >= roll * 2", "agree * 2 > voted", "test"
    )
    everybody = [ballots.Vote(str(n), "agree") for n in range(6)]
    assert not ballots.tally(vote, everybody, 10).passed and ballots.tally(vote, everybody, 9).passed


# 8. Nothing personal is published. (tests/web/test_leaks.py searches everything that anybody can get.)


def test_8_pages_and_doors_without_sign_in_show_nothing_that_was_written(cast: Cast) -> None:
    planted = {"text": "密语甲：床头有药", "address": "密语乙：三单元 402", "category": "lighting"}
    lamp = cast.opened(planted, timezone.now(), reporter=ledger.Reporter(name="密语丙", phone="19987654321"))
    cast.act("wang", lamp.id, "remark", timezone.now(), note="密语丁：家里有病人")
    cast.act("wang", lamp.id, "solve", timezone.now(), answer="密语戊：已上门")
    anybody = Client()
    pages = ["/", "/institutions/", "/institutions/request/", f"/cases/{lamp.number}/", "/api/v1/cases", "/my/"]
    pages += [f"/open311/v2/requests.{f}" for f in ("json", "xml")] + [f"/open311/v2/requests/{lamp.number}.json"]
    bodies = [anybody.get(p, follow=True).content.decode() for p in pages]
    bodies.append(anybody.post("/follow/", {"number": str(lamp.number)}, follow=True).content.decode())
    assert any(str(lamp.number) in body for body in bodies), "the case must be there, or nothing could leak"
    for body in bodies:
        assert "密语" not in body and "19987654321" not in body


# 9. What the system knows is not asked again.


@pytest.mark.parametrize("name", SHIPPED)
def test_9_no_institution_asks_twice_for_what_was_written(name: str) -> None:
    pack = shipped(name)
    found = [f for f in check_files(read_folder(PACKS, name), name)[1] if f.code == "asked-twice"]
    assert not found or pack.allows or all(i.allows for i in pack.institutions.values()), found


def test_9_a_pack_that_asks_again_is_told() -> None:
    files = read_folder(PACKS, "changzhou")
    path = "changzhou/request/institution.yaml"
    before = b"        needs: [answer]\n        may: [work_photos]\n        answers: reporter\n        result: solved\n"
    assert before in files[path]
    files[path] = files[path].replace(before, before.replace(b"needs: [answer]", b"needs: [answer, category]"))
    assert "asked-twice" in {f.code for f in check_files(files, "changzhou")[1]}


def test_9_a_resident_who_is_known_is_not_asked_who_and_where(cast: Cast) -> None:
    client = Client(headers={"accept-language": "zh-CN"})
    client.force_login(cast.accounts["li"])
    cast.lamp(timezone.now())
    screens = {}
    for who in (client, Client(headers={"accept-language": "zh-CN"})):
        assert (
            who.post("/report/request/", {"text": "树枝挡住了路灯", "category": "greening", "go": "1"}).status_code
            == 302
        )
        where = who.get("/report/request/where/").content.decode()
        who.post("/report/request/where/", {**dict.fromkeys(("at_street",), "320402001000"), **PLACE, "go": "1"})
        screens[who] = where, who.get("/report/request/who/", follow=True).content.decode()
    known, stranger = screens.values()
    assert 'value="320402001001001" selected' in known[0] and "selected" not in _places(stranger[0])
    assert 'name="phone"' in stranger[1] and 'name="phone"' not in known[1]


def _places(page: str) -> str:
    return "".join(re.findall(r'<option value="3204[^>]*>', page))


def test_9_a_called_unit_gets_what_was_written_and_need_not_ask(cast: Cast) -> None:
    lamp = cast.lamp()
    for key in ("wang", "chen"):
        cast.act(key, lamp.id, "pass_up", NOW, reason="要部门")
    called = cast.act("zhou", lamp.id, "whistle", NOW, units=["power"], reason="请修")
    child, parent = Case.objects.get(id=next(iter(called.case.children))), Case.objects.get(id=lamp.id)
    passed = runtime().pack.institutions["request"].stages["joint"].calls
    assert passed is not None and {"text", "category"} <= set(passed.passes)
    assert {n: child.fields[n] for n in ("text", "category")} == {n: parent.fields[n] for n in ("text", "category")}


def test_9_a_rating_is_never_asked_twice(cast: Cast) -> None:
    lamp = cast.lamp()
    cast.act("wang", lamp.id, "solve", NOW, answer="修好了")
    cast.act("li", lamp.id, "confirm", NOW, contacted="yes", solved="solved", satisfied="satisfied")
    rating = {"reached": "yes", "contacted": "yes", "solved": "solved", "satisfied": "satisfied"}
    again = ledger.act(lamp.id, "revisit", rating, cast.id("wu"), NOW + timedelta(hours=1))
    assert isinstance(again, ledger.Refusal)


# 10. Every path has a person, phone and paper equivalent.


@pytest.mark.parametrize("name", SHIPPED)
def test_10_what_a_resident_does_online_somebody_can_do_for_them(name: str) -> None:
    pack = shipped(name)
    for institution in pack.institutions.values():
        raiser = institution.parties[institution.raised_by]
        if raiser.who != "person":
            continue
        assert set(institution.open.by) & set(institution.roles), f"{institution.name}: nobody registers it by phone"
        for stage in institution.stages.values():
            here = institution.acts_at(stage.name)
            for act in here.values():
                if institution.raised_by in act.by:
                    assert _by_staff(institution, act, here.values()), f"{institution.name}/{stage.name}/{act.name}"


def _by_staff(institution: Institution, act: Act, others: Iterable[Act]) -> bool:
    """Some act here may be done by a role or the holder: the same one, one to the same stage, or the same reopening."""
    staff = {*institution.roles, "holder"}

    def same(other: Act) -> bool:
        return other.name == act.name or other.to == act.to or (act.counts is not None and other.counts == act.counts)

    return any(set(o.by) & staff and same(o) for o in others)


def test_10_every_page_for_residents_names_a_phone(cast: Cast) -> None:
    lamp = cast.lamp(timezone.now())
    for page in ("/", "/report/request/", "/follow/", f"/c/{lamp.secret}/", "/institutions/"):
        assert 'href="tel:12345"' in Client().get(page, follow=True).content.decode(), page


def test_10_every_page_names_the_phone_and_prints(cast: Cast) -> None:
    """Whoever looks, whatever page of the site: the number to ring stands on it, and it has a style for paper."""
    lamp = cast.lamp(timezone.now())
    known = {"number": [str(lamp.number)], "secret": [lamp.secret], "name": ["request"], "audience": ["public"]}
    shown = set()
    for key in ("", "li", "wang", "chen", "zhou", "zhao", "xu"):
        client = Client(headers={"accept-language": "zh-CN"})
        if key:
            client.force_login(cast.accounts[key])
        for address in addresses(known):
            answer = client.get(address)
            page = "" if answer.streaming else answer.content.decode(errors="replace")
            if answer.status_code == 200 and "<!doctype html>" in page[:200].lower():
                shown.add(address)
                assert 'href="tel:12345"' in page and "print.css" in page, f"{key or 'anybody'}: {address}"
    assert len(shown) > 25, shown


@pytest.mark.parametrize("name", SHIPPED)
def test_10_what_residents_raise_can_be_raised_on_paper_and_taken_down(db: None, name: str) -> None:
    publish(name)
    pack = runtime().pack
    raised = [i for i in pack.institutions.values() if i.public and i.parties[i.raised_by].who == "person"]
    assert raised or name == "national"  # which has only what others call
    for institution in raised:
        page = Client(headers={"accept-language": "zh-CN"}).get(f"/institutions/{institution.name}/?paper=1")
        paper = page.content.decode()
        assert page.status_code == 200 and "工作人员" in paper
        for field in (institution.fields[n] for n in institution.open.needs):
            assert field.title.zh in paper, f"{institution.name}: the form lacks {field.title.zh}"
        assert 'href="?paper=1"' in Client().get(f"/institutions/{institution.name}/").content.decode()


# 13. History is dated, never overwritten.


def test_13_a_renamed_area_keeps_its_old_name_for_the_old_days(cast: Cast) -> None:
    before = area("320402001001")
    row = {"code": "320402001001", "name": "甲一新村社区", "kind": "community", "parent": "320402001000"}
    assert places.import_areas([(2, {**row, "lat": "", "lng": "", "valid_from": "2026-03-01"})])[1:] == (1, [])
    rows = list(Area.objects.filter(code="320402001001").order_by("valid_from"))
    assert [(r.name, r.valid_to) for r in rows] == [("甲一社区", date(2026, 2, 28)), ("甲一新村社区", None)]
    assert rows[0].pk == before.pk and rows[0].successor == rows[1]
    assert area(GRID_A).parent == rows[1]
    lamp = cast.lamp()  # and its people still hold their duties there
    assert cast.act("wang", lamp.id, "pass_up", NOW, reason="要社区").case.stage == "collected"
    assert cast.act("chen", lamp.id, "pass_up", NOW, reason="要镇街").case.stage == "raised"


def test_13_an_ended_duty_stays_and_what_was_done_under_it_too(cast: Cast) -> None:
    lamp = cast.lamp()
    cast.act("wang", lamp.id, "pass_up", NOW, reason="要社区")
    duty = cast.people["wang"].duties.get()
    people.end_duty(duty, NOW.date())
    assert cast.people["wang"].duties.get().ends == NOW.date()
    assert str(Entry.objects.get(case_id=lamp.id, act="pass_up").by) == cast.id("wang")


def test_13_nothing_in_the_product_edits_or_deletes_an_entry() -> None:
    forbidden = (
        "UPDATE ledger_entry",
        "DELETE FROM ledger_entry",
        "Entry.objects.update",
        "Entry.objects.all().delete",
    )
    for path in Path(linli.__file__).parent.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not any(words in text for words in forbidden), path
