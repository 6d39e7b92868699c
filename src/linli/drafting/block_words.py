"""What the typed blocks of a stage mean, in sentences: meeting, ballot, score, publication, money, slot, calendar.

Rules are said in words with the source they come from; the expression itself stands beside a ballot's rules, because
a vote must be checkable by whoever doubts it.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

from linli.drafting.condition_words import Conditions
from linli.drafting.words import SYSTEM, Words
from linli.kernel.institution import Act, Ballot, Every, Funding, Meeting, Publish, Score, Slot, Stage

_PLACES = {
    "board": ("公告栏", "the notice board"),
    "site": ("网站", "the website"),
    "meeting": ("会上", "the meeting"),
    "group": ("居民群", "the residents' group"),
    "door": ("单元门口", "the doors of the buildings"),
}
_AUDIENCES = {
    "residents": ("居民", "the residents"),
    "staff": ("工作人员", "the staff"),
    "everybody": ("所有人", "everybody"),
}
_WEEKDAYS = ("一", "二", "三", "四", "五", "六", "日")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONEY = {"pledge": ("认捐", "a pledge"), "receive": ("到账", "money received"), "spend": ("支出", "money spent")}
PUBLISHED = ("公示", "Published")


def stage_sentences(words: Words, stage: Stage, sources: bool = False) -> list[str]:
    """What the blocks of ``stage`` add, in whole sentences; ``sources`` names the law or rule behind a quorum."""
    found: list[str] = []
    if stage.meeting:
        found += _meeting(words, stage, stage.meeting, sources)
    if stage.ballot:
        found += _ballot(words, stage.ballot, sources)
    if stage.score:
        found += _score(words, stage.score)
    if stage.funding:
        found += _funding(words, stage.funding)
    if stage.slot:
        found += _slot(words, stage.slot)
    if stage.publish:
        found += _publish(words, stage, stage.publish)
    return found


def short(words: Words, stage: Stage) -> list[str]:
    """The same on a line each, for pictures: what a stage is besides somebody's work."""
    w, found = words, []
    if stage.meeting:
        quorum = Conditions(w).say(stage.meeting.quorum)
        found.append(w.say(f"会议：{quorum}才能作决定", f"Meeting: it decides when {quorum}"))
    if stage.ballot:
        rule = _rules(w, stage.ballot)[1]
        found.append(w.say(f"表决：{rule}才算通过", f"Vote: it passes when {rule}"))
    if stage.score:
        raters = w.join(w.title(r) for r in stage.score.raters)
        found.append(w.say(f"评分：{raters}", f"Rated by {raters}"))
    if stage.funding:
        found.append(w.say("记账：认捐、到账、支出", "Money: pledged, received, spent"))
    if stage.slot:
        found.append(w.say("预订场地和时间", "A place is booked for a time"))
    if stage.publish:
        found.append(w.say(f"公示{_for(w, stage.publish)}", f"Published {_for(w, stage.publish)}"))
    return found


def effect(words: Words, stage: Stage | None, act: Act) -> list[str]:
    """What an act does to the block of its stage, as clauses without a full stop."""
    w = words
    if act.does == "vote":
        return [
            w.say("一人一票，投了不能改，也不公开谁投了什么", "one vote each, cast once and never shown with a name")
        ]
    if act.does == "tally":
        return [w.say("按票数算出结果，谁来数都一样", "the votes are counted; the count can be repeated by anybody")]
    if act.does == "rate":
        return [w.say("打出的分计入本方", "the ratings count for one's own group")]
    if act.does == "score":
        return [w.say("汇总出总分和等次", "total and grade are computed")]
    if act.does == "reserve":
        return [w.say("订下这段时间", "the time is reserved")]
    if act.does == "release":
        return [w.say("订下的时间退出来", "the time is given free")]
    if act.does in _MONEY:
        zh, en = _MONEY[act.does]
        over = act.does == "spend"
        return [
            w.say(
                f"记一笔{zh}" + ("，不得超过到账的余额" if over else ""),
                f"it is entered as {en}" + (", never more than what is left of what was received" if over else ""),
            )
        ]
    return []


def tally_result(words: Words, stage: Stage | None, act: Act, results: list[str]) -> str | None:
    """A tally with two results: the first when the vote passed, the second when it did not."""
    if act.does != "tally" or len(results) != 2 or stage is None or stage.ballot is None:
        return None
    return words.say(
        f"通过的，结果记为{results[0]}；没有通过的，结果记为{results[1]}",
        f"the result is {results[0]} if it passed and {results[1]} if not",
    )


def guard(words: Words, act: Act) -> list[str]:
    """The condition of an act, and what somebody reads while it does not hold. The clock and called units ask none."""
    w = words
    if not act.when:
        return []
    said, name = Conditions(w).say(act.when), w.quote(act.title.in_(w.lang))
    found = [w.say(f"{said}，才能{name}", f"{name} is possible only when {said}")]
    if act.or_else:
        why = act.or_else.in_(w.lang)
        found[0] += w.say(f"；否则不予办理，并说明：“{why}”", f"; until then it is refused with: “{why}”")
    if any(r in SYSTEM for r in act.by):
        found.append(w.say("由系统自动办的，不看这一条", "What the system does by itself does not ask this"))
    return [s if s.endswith(("”", "。", ".")) else s + w.say("。", ".") for s in found]


# --- blocks


def _source(w: Words, source: str, shown: bool) -> str:
    return w.say(f"（依据：{source}）", f" (source: {source})") if shown else ""


def _meeting(w: Words, stage: Stage, meeting: Meeting, sources: bool) -> list[str]:
    agenda, lines = w.fields([meeting.agenda]), w.fields([meeting.resolutions])
    act = stage.acts.get(meeting.decides)
    decide = w.quote(act.title.in_(w.lang)) if act else meeting.decides
    quorum, source = Conditions(w).say(meeting.quorum), _source(w, meeting.source, sources)
    return [
        w.say(
            f"本环节开会。议题以公布的{agenda}为准，没有公布的议题不能作决定。",
            f"A meeting is held here. Only what was announced in {agenda} may be decided.",
        ),
        w.say(f"{quorum}，才能{decide}{source}。", f"{decide} needs a quorum: {quorum}{source}."),
        w.say(
            f"决定逐条记入{lines}，每条写明对应的议题。",
            f"Each decision is a line of {lines} and begins with its item.",
        ),
    ]


def _rules(w: Words, ballot: Ballot) -> tuple[str, str]:
    """Quorum and pass rule in words."""
    titles = {n: w.quote(t.in_(w.lang)) for n, t in ballot.options.items()}
    nouns = {n: w.say(f"{t}票", f"the number of votes for {t}") for n, t in titles.items()}
    nouns |= {f"share_{n}": w.say(f"{t}的份额", f"the shares for {t}") for n, t in titles.items()}
    nouns |= {"voted": w.say("参加表决的人数", "the number who voted")}
    nouns |= {"roll": w.say("有表决权的人数", "the number entitled")}
    said = Conditions(w, nouns)
    return said.say(ballot.quorum), said.say(ballot.passes)


def _ballot(w: Words, ballot: Ballot, sources: bool) -> list[str]:
    quorum, passes = _rules(w, ballot)
    options = w.join((w.quote(t.in_(w.lang)) for t in ballot.options.values()), "or")
    found = [
        w.say(
            f"本环节表决{w.fields([ballot.item])}，这一项要事先公布，没有公布的不能表决。",
            f"A vote is taken here on {w.fields([ballot.item])}, which must have been announced.",
        ),
        w.say(
            f"有表决权的人数见{w.fields([ballot.roll])}，一人一票，可选：{options}。",
            f"{w.fields([ballot.roll])} says how many are entitled; everybody has one vote: {options}.",
        ),
        w.say(
            f"{quorum}，表决才有效（算式：{ballot.quorum}）。",
            f"The vote is valid when {quorum} (rule: {ballot.quorum}).",
        ),
        w.say(f"{passes}，就是通过（算式：{ballot.passes}）。", f"It passes when {passes} (rule: {ballot.passes})."),
    ]
    if sources:
        found.append(w.say(f"依据：{ballot.source}。", f"Source: {ballot.source}."))
    if ballot.advisory:
        found.append(
            w.say(
                "法律规定这类事项由别处决定，这次表决的结果只是意见。",
                "The law takes this decision elsewhere: the result of this vote is advice.",
            )
        )
    return found


def _score(w: Words, score: Score) -> list[str]:
    indicators = w.join(f"{w.quote(i.title.in_(w.lang))}{w.say('', ' ')}{i.weight}%" for i in score.indicators.values())
    raters = w.join(w.say(f"{w.role(r)}占 {n}%", f"{w.role(r)} {n}%") for r, n in score.raters.items())
    grades = w.say("，", ", ").join(
        w.say(f"{g.least} 分及以上为{w.quote(g.title.zh)}", f"{w.quote(g.title.en)} from {g.least}")
        if g.least
        else w.say(f"其余为{w.quote(g.title.zh)}", f"{w.quote(g.title.en)} below")
        for g in sorted(score.grades.values(), key=lambda g: -g.least)
    )
    return [
        w.say(f"评分项目和比重：{indicators}；每项 0 到 100 分。", f"Rated from 0 to 100, by weight: {indicators}."),
        w.say(f"各方比重：{raters}。", f"The raters' weights: {raters}.") if len(score.raters) > 1 else "",
        w.say(
            "哪一方没有人打分，它的比重由打了分的各方按比例分担。",
            "Where nobody of a group has rated, the others share its weight in proportion.",
        )
        if len(score.raters) > 1
        else "",
        w.say(f"总分 {grades}。", f"Grades of the total: {grades}."),
        w.say(
            "等次供有权决定的人参考，系统不凭它对任何人作决定。",
            "A grade is a fact for those who decide; it decides nothing about anybody by itself.",
        ),
    ]


def _funding(w: Words, funding: Funding) -> list[str]:
    each = w.fields([funding.amount, funding.who])
    return [
        w.say(
            f"这里的钱分认捐、到账、支出三本账，每一笔写明{each}；没有到账的钱不能支出。",
            f"Money is entered as pledged, received or spent, each time with {each}; "
            "nothing is spent that was not received.",
        )
    ]


def _slot(w: Words, slot: Slot) -> list[str]:
    return [
        w.say(
            f"这里预订{w.fields([slot.place])}，从{w.fields([slot.start])}到{w.fields([slot.end])}。",
            f"{cap(w.fields([slot.place]))} is booked here from {w.fields([slot.start])} until {w.fields([slot.end])}.",
        )
    ]


def _publish(w: Words, stage: Stage, publish: Publish) -> list[str]:
    audience = w.say(*_AUDIENCES[publish.audience])
    known = _PLACES | {zh: (zh, en) for zh, en in _PLACES.values()}  # packs name a place by its key or in Chinese
    places = w.join(w.say(*known.get(p, (p, p))) for p in publish.places)
    found = [
        w.say(
            f"在{places}向{audience}公示{_for(w, publish)}，公示内容：{w.fields(publish.fields)}。",
            f"{w.fields(publish.fields)} {'are' if len(publish.fields) > 1 else 'is'} published to {audience} "
            f"at {places}, {_for(w, publish)}.",
        )
    ]
    act = stage.acts.get(publish.objections or "") or w.institution.anywhere.get(publish.objections or "")
    if act:
        who, name = w.actors(act), w.quote(act.title.in_(w.lang))
        found.append(
            w.say(
                f"公示期间有意见的，由{who}{name}。",
                f"Who objects is heard by {name}, done by {who}.",
            )
        )
    return found


def _for(w: Words, publish: Publish) -> str:
    limit = w.limit(publish.period)
    return w.say(f" {limit.removesuffix('内')}", limit.replace("within", "for", 1))


# --- the calendar


def recurrence(words: Words, every: Every) -> str:
    """When the calendar opens the case: 每月 1 日 9:00; on day 1 of each month at 09:00."""
    w, at = words, every.at.removeprefix("0")
    zh, en = _day(every)
    moved_zh = "，逢休息日顺延到下一个工作日" if every.calendar else ""
    moved_en = ", or on the next working day" if every.calendar else ""
    return w.say(f"{zh} {at}{moved_zh}", f"{en} at {every.at}{moved_en}")


def _day(every: Every) -> tuple[str, str]:
    day = every.day
    if every.each == "week":
        number = (day - 1 if day > 0 else 7 + day) % 7
        return f"每周{_WEEKDAYS[number]}", f"every {_DAYS[number]}"
    if every.each == "year":
        return _day_of_year(day)
    zh, en = {"month": ("每月", "each month"), "quarter": ("每季度", "each quarter")}[every.each]
    if day == -1:
        return f"{zh}最后一天", f"on the last day of {en}"
    if day < 0:
        return f"{zh}倒数第 {-day} 天", f"on day {-day} before the end of {en}"
    if every.each == "quarter" and day <= 28:
        return f"每季度第一个月 {day} 日", f"on day {day} of the first month of each quarter"
    return (f"每月 {day} 日" if every.each == "month" else f"{zh}第 {day} 天"), f"on day {day} of {en}"


def _day_of_year(day: int) -> tuple[str, str]:
    """A day that is the same date in every year by its date; others (leap years move them) by their number."""
    years = (date(2023, 1, 1), date(2024, 1, 1))
    found = {
        (y + timedelta(days=day - 1) if day > 0 else date(y.year, 12, 31) + timedelta(days=day + 1)).timetuple()[1:3]
        for y in years
    }
    if len(found) > 1:
        zh, en = (f"倒数第 {-day} 天", f"day {-day} before the end") if day < 0 else (f"第 {day} 天", f"day {day}")
        return f"每年{zh}", f"on {en} of each year"
    month, of = next(iter(found))
    name = date(2024, month, min(of, monthrange(2024, month)[1])).strftime("%B")
    return f"每年 {month} 月 {of} 日", f"on {of} {name} of each year"


def opened_by_calendar(words: Words, every: Every) -> str:
    """The whole sentence: when, by whom, and how many."""
    w, duty = words, words.pack.duties.get(every.duty)
    title = duty.title.in_(w.lang) if duty else every.duty
    levels = w.pack.levels
    places = w.join((levels[n].title.in_(w.lang) for n in (duty.at if duty else ()) if n in levels), "or")
    when, where = recurrence(w, every), places or w.say("地方", "place")
    return w.say(
        f"{when}，系统按日程自动立项：有{title}的{where}，各立一件。",
        f"The calendar opens it {when}: one case for each {where[:1].lower()}{where[1:]} that has “{title}”.",
    )


def cap(text: str) -> str:
    """The first letter as a capital."""
    return text[:1].upper() + text[1:]
