"""“Why?” asked of a case: the rule's own line, the dated value, its source, and what would change it; to everybody
only what their page shows them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

import linli
from linli.drafting.why import Why
from linli.kernel.calendar import SHANGHAI
from linli.kernel.refusal import Refusal
from linli.ledger import act as ledger
from linli.ledger import due, visible, why, why_act
from linli.ledger import view as views
from linli.ledger.models import Case
from linli.ledger.why_ask import Asking
from linli.people import acts as people
from linli.people import registry
from linli.places.dispatch import import_dispatch
from tests.cast import NOW, Cast, area

PACKS = Path(linli.__file__).parent / "packs"
HOUR = timedelta(hours=1)
WHISTLE = "title: {zh: 吹哨，请单位一起办, en: Whistle to the units}"


def at(month: int, day: int, hour: int = 9) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=SHANGHAI)


def page(cast: Cast, key: str | None, case: str, now: datetime) -> tuple[views.CaseView, visible.Viewer]:
    """The case as ``key`` sees it; None is whoever holds the secret link."""
    who = visible.viewer(cast.id(key), registry.fresh(), now) if key else visible.ANYBODY
    return views.view(Case.objects.get(id=case), who, now, as_reporter=key is None), who


def asked(cast: Cast, key: str | None, case: str, what: str, now: datetime) -> Why:
    found, who = page(cast, key, case, now)
    return why.answer(found, who, now, what, as_reporter=key is None)


def line(answer: Why) -> str:
    """The text of the line that the rule names."""
    assert answer.rule is not None, answer
    return (PACKS / answer.rule.mark.file).read_text(encoding="utf-8").splitlines()[answer.rule.mark.line - 1].strip()


def told(answer: Why, kind: str) -> list[str]:
    return [s.says.zh for s in answer.steps if s.kind == kind]


@pytest.fixture
def story(cast: Cast) -> str:
    """Raised before the Spring Festival, at the street, extended, paused and resumed."""
    case = cast.lamp(at(2, 10, 20)).id
    cast.act("wang", case, "pass_up", at(2, 11), reason="要换线")
    cast.act("chen", case, "pass_up", at(2, 12), reason="没有人手")
    cast.act("zhou", case, "extend", at(2, 12, 10), delay="过年没有材料", until="2026-03-10")
    cast.act("xu", case, "extend.agree", at(2, 12, 11))
    cast.act("zhou", case, "pause", at(2, 12, 12), addition="请说清楚哪一盏")
    cast.act("li", case, "resume", at(2, 13, 12), addition="门口那盏")
    return case


def test_a_promise_tells_days_counted_extension_pause_and_what_could_still_move_it(cast: Cast, story: str) -> None:
    answer = asked(cast, "zhou", story, "clock:promise", at(2, 14))
    assert answer.asks.zh == "“答复承诺”为什么最晚是 2026年3月11日 24:00？"
    assert line(answer) == "limit: promise_limit"
    assert answer.value is not None and (answer.value.amount, answer.value.unit) == (10, "working_day")
    assert answer.value.parameter == "promise_limit" and answer.source == answer.value.source
    assert told(answer, "extended")[0].endswith("原定 3月2日 24:00，延长到 3月10日 24:00，理由：过年没有材料。")
    assert "还剩 14 个工作日" in told(answer, "paused")[0]
    assert told(answer, "resumed")[0].endswith("到 3月11日 24:00。")
    assert len(told(answer, "notice")) == 1, "one notice is named once"
    changes = "".join(c.zh for c in answer.changes)
    assert "须督查员同意，最多 1 次，已用 1 次" in changes and "继续计时" not in changes
    clock = page(cast, "zhou", story, at(2, 14))[0].clock("promise")
    assert clock is not None and clock.due == datetime(2026, 3, 12, tzinfo=SHANGHAI)


def test_a_stage_names_its_own_limit_and_what_happens_when_it_runs_out(cast: Cast) -> None:
    case = cast.lamp(NOW).id
    answer = asked(cast, "wang", case, "clock:stage", NOW + HOUR)
    assert line(answer) == "within: grid_limit" and answer.rule is not None and answer.rule.stage == "found"
    assert "到期没有办完的，系统自动“解决不了，报社区”" in answer.rule.says.zh
    due.sweep(NOW + 30 * HOUR)
    after = asked(cast, "chen", case, "clock:stage", NOW + 30 * HOUR)
    assert after.rule is not None and after.rule.stage == "collected"


def test_a_clock_that_stopped_can_still_be_asked_and_changes_no_more(cast: Cast) -> None:
    case = cast.lamp(NOW).id
    cast.act("wang", case, "solve", NOW + HOUR, answer="好了")
    answer = asked(cast, "wang", case, "clock:promise", NOW + 2 * HOUR)
    assert told(answer, "stopped") and "停止" in answer.says.zh and not answer.changes
    with pytest.raises(LookupError):
        asked(cast, "wang", case, "clock:pause", NOW + 2 * HOUR)


def test_a_reason_that_the_page_hides_is_in_no_answer(cast: Cast) -> None:
    case = cast.lamp(NOW).id
    cast.act("wang", case, "pass_up", NOW + HOUR, reason="内部理由")
    cast.act("chen", case, "pass_up", NOW + HOUR, reason="内部理由")
    cast.act("zhou", case, "whistle", NOW + 2 * HOUR, units=["power", "housing"], reason="内部吹哨理由")
    now = NOW + 3 * HOUR
    assert "内部吹哨理由" in asked(cast, "zhou", case, "unit:power", now).says.zh
    for key in ("li", None):
        found, who = page(cast, key, case, now)
        every = why.answers(found, who, now, as_reporter=key is None)
        names = {asked(cast, key, case, f"act:{a}", now).what for a in ("extend", "escalate", "supervise")}
        assert len(every) >= 4 and names
        words = repr(every) + repr([asked(cast, key, case, f"act:{a}", now) for a in ("extend", "escalate")])
        assert "内部" not in words
        assert not any(p.name in words for k, p in cast.people.items() if k not in ("li", "stranger")), "no names"


def test_the_holder_is_told_from_role_to_post_to_person(cast: Cast) -> None:
    case = cast.lamp(NOW).id
    answer = asked(cast, "chen", case, "holder", NOW)
    assert line(answer) == "holder: grid_worker"
    assert told(answer, "held") == ["现在是：甲一第一网格 网格员（王晓燕，2022-01-01 起任职）。"]
    assert told(asked(cast, None, case, "holder", NOW), "held") == ["现在是：甲一第一网格 网格员。"]


def test_a_vacancy_is_climbed_step_by_step(cast: Cast) -> None:
    people.end_duty(cast.people["wang"].duties.get(), (NOW - timedelta(days=1)).date())
    case = cast.lamp(NOW).id
    answer = asked(cast, "chen", case, "holder", NOW)
    assert told(answer, "vacant") == ["甲一第一网格 网格员现在没有可以办理的人，往上一级找。"]
    assert "甲一社区 社区工作者，代网格员" in told(answer, "held")[0]


def test_who_is_complained_of_is_told_to_supervisors_only(cast: Cast) -> None:
    case = cast.opened({"text": "态度恶劣", "category": "lighting", "accused": ["community-a"]}).id
    seen = {k: asked(cast, k, case, "holder", NOW) for k in ("xu", "zhou")}
    assert told(seen["xu"], "withdrawn") and not told(seen["zhou"], "withdrawn")
    assert told(seen["zhou"], "vacant"), "passed over, without saying why"
    assert "被反映" not in repr(seen["zhou"])


def test_a_called_unit_learns_who_called_it_and_nothing_of_the_case_above(cast: Cast) -> None:
    case = cast.lamp(NOW).id
    cast.act("wang", case, "pass_up", NOW + HOUR, reason="内部理由")
    cast.act("chen", case, "pass_up", NOW + HOUR, reason="内部理由")
    cast.act("zhou", case, "whistle", NOW + 2 * HOUR, units=["power", "housing"], reason="内部吹哨理由")
    power = Case.objects.get(parent_id=case, unit__endswith="power")
    answer = asked(cast, "zhao", str(power.id), "holder", NOW + 3 * HOUR)
    assert told(answer, "called") == [
        "2026年3月2日 22:10 镇街“吹哨，请单位一起办”时点了这个单位，排在第一位，由它牵头。"
    ]
    assert "周永明" not in repr(answer) and "内部" not in repr(answer)


@pytest.mark.parametrize(
    ("key", "act", "data", "code", "written"),
    [
        ("chen", "solve", {"answer": "x"}, "not_yours", "by: grid_worker"),
        ("wang", "solve", {}, "incomplete", "needs: [answer]"),
        ("zhou", "whistle", {"units": ["power"], "reason": "x"}, "not_here", WHISTLE),
        ("wang", "resume", {}, "not_paused", "does: resume"),
    ],
)  # fmt: skip
def test_a_refusal_names_the_line_it_rests_on(
    cast: Cast, key: str, act: str, data: dict[str, object], code: str, written: str
) -> None:
    case = cast.lamp(NOW).id
    refusal = ledger.act(case, act, data, cast.id(key), NOW)
    assert isinstance(refusal, Refusal) and refusal.code == code
    found, who = page(cast, key, case, NOW)
    answer = why_act.of_refusal(Asking(found, who, NOW), act, refusal)
    assert line(answer) == written
    assert answer.says == refusal.says and answer.changes == (refusal.change,)


def test_too_often_waiting_and_the_same_person(cast: Cast, story: str) -> None:
    now = at(2, 14)
    often = asked(cast, "zhou", story, "act:extend", now)
    assert line(often) == "at_most: 1" and len(told(often, "done")) == 1
    case = cast.lamp(NOW).id
    cast.act("wang", case, "pass_up", NOW, reason="x")
    cast.act("chen", case, "extend", NOW, delay="x", until="2026-03-20")
    assert line(asked(cast, "chen", case, "act:extend", NOW)) == "approves: supervisor"
    for duty, code in (("community_officer", "320402001001"), ("reviewer", "320402001000")):
        people.give_duty(cast.people["charlie"], duty, NOW.date(), area(code), None)
    cast.act("charlie", case, "solve", NOW + HOUR, answer="好了", result="solved")
    barred = asked(cast, "charlie", case, "act:revisit", NOW + 2 * HOUR)
    assert "never:" in line(barred) and "办过这件事的人" in (barred.rule.says.zh if barred.rule else "")


def test_what_is_not_offered_is_listed_with_who_may_do_it(cast: Cast) -> None:
    case = cast.lamp(NOW).id
    found, who = page(cast, "chen", case, NOW)
    barred = {w.what.removeprefix("act:"): w for w in why_act.barred(Asking(found, who, NOW))}
    offered = {a.name for a in found.acts}
    assert barred and not offered & set(barred)
    assert "网格员可以做，这里就是：甲一第一网格 网格员（王晓燕，2022-01-01 起任职）。" in told(barred["solve"], "post")
    assert told(barred["solve"], "you") == ["您的职务：甲一社区 社区工作者。"]
    everything = set(found.institution.acts_at(found.case.stage))
    silent = {n for n, a in found.institution.acts_at(found.case.stage).items() if set(a.by) <= why_act.SYSTEM_ONLY}
    assert everything - silent == offered | set(barred), "every act is offered or explained"


def test_what_cannot_be_asked_is_a_lookup_error(cast: Cast) -> None:
    case = cast.lamp(NOW).id
    for what in ("", "clock:", "clock:nothing", "unit:power", "unit:x", "act:nothing", "holders", "weather"):
        with pytest.raises(LookupError):
            asked(cast, "wang", case, what, NOW)


def test_a_shorter_limit_names_what_singled_the_case_out(cast: Cast) -> None:
    case = cast.opened({"text": "水管爆了", "category": "lighting", "urgency": "emergency"}).id
    mine, theirs = (asked(cast, key, case, "clock:stage", NOW) for key in (None, "wang"))
    assert theirs.value is not None and "“急缓程度”为“紧急”的，30 分钟内" in theirs.value.says.zh
    assert theirs.value.mark.line > 1 and theirs.value.amount == 30
    assert mine.value is not None and mine.value.says.zh == "30 分钟，自 2022-01-01 起施行", (
        "graded by staff, for staff"
    )


def test_an_extension_while_the_clocks_stand_is_told_once(cast: Cast) -> None:
    case = cast.lamp(at(2, 10, 20)).id
    cast.act("wang", case, "pass_up", at(2, 11), reason="要换线")
    cast.act("chen", case, "pause", at(2, 11, 10), addition="请说清楚哪一盏")
    cast.act("chen", case, "extend", at(2, 11, 11), delay="过年", until="2026-03-10")
    cast.act("xu", case, "extend.agree", at(2, 11, 12))
    answer = asked(cast, "chen", case, "clock:promise", at(2, 11, 13))
    assert len(told(answer, "paused")) == 1 and len(told(answer, "extended")) == 1
    assert answer.says.zh.startswith("现在暂停计时")


def test_a_merged_case_can_be_asked_everything(cast: Cast) -> None:
    first, second = cast.lamp(NOW), cast.lamp(NOW)
    cast.act("wang", second.id, "pass_up", NOW + HOUR, reason="x")
    cast.act("chen", second.id, "merge", NOW + HOUR, same_as=str(first.number))
    found, who = page(cast, "chen", second.id, NOW + 2 * HOUR)
    assert found.case.stage == "merged"
    every = why.answers(found, who, NOW + 2 * HOUR)
    assert {"clock:stage", "clock:promise", "holder"} <= {w.what for w in every}
    answer = asked(cast, "chen", second.id, "act:answer_too", NOW + 2 * HOUR)
    assert "不由人做" in (answer.rule.says.zh if answer.rule else "")


def test_a_called_unit_is_told_by_the_catalogue_of_that_day(cast: Cast) -> None:
    line = {
        "category": "lighting", "area": "320402000000", "unit": "power", "rank": "1", "owner": "command",
        "source": "区城市管理职责清单第 14 项", "valid_from": "2024-01-01", "valid_to": "",
    }  # fmt: skip
    import_dispatch([(2, line)], ["lighting"])
    case = cast.lamp(NOW).id
    cast.act("wang", case, "pass_up", NOW + HOUR, reason="x")
    cast.act("chen", case, "pass_up", NOW + HOUR, reason="x")
    cast.act("zhou", case, "whistle", NOW + 2 * HOUR, units=["power", "housing"], reason="一起去")
    import_dispatch([(2, line | {"valid_from": "2026-03-03", "source": "后来的清单"})], ["lighting"])
    registry.fresh()
    power, housing = (asked(cast, "zhou", case, f"unit:{u}", NOW + 30 * HOUR) for u in ("power", "housing"))
    assert power.source == "区城市管理职责清单第 14 项" and "由区城运中心维护" in told(power, "catalogue")[0]
    assert told(housing, "catalogue") == ["派单目录里这一类写的是供电公司，没有写它。"]
    assert housing.source != power.source
