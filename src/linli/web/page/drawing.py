"""A CaseView as the partials take it: title, rail, facts, photos, timeline, called units. Asks no database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django.utils.safestring import SafeString, mark_safe

from linli.drafting.diagram import diagram
from linli.kernel.calendar import SHANGHAI
from linli.kernel.institution import Text
from linli.kernel.refusal import title_of
from linli.ledger.definitions import runtime
from linli.ledger.history import Fact, Happened, Sent
from linli.ledger.view import CaseView, ChildView
from linli.web.page import attachments, clocks, nav, rows
from linli.web.page.forms import SHORT_TEXT
from linli.web.page.request import lang

CHANNELS = {
    "in_app": Text("站内消息", "in Linli"),
    "sms": Text("短信", "text message"),
    "email": Text("电子邮件", "e-mail"),
    "chat": Text("微信", "WeChat"),
}
CHILD_ENDED = "child_ended"


def page(view: CaseView, now: datetime, secret: str | None = None) -> dict[str, Any]:
    """Everything ``linli/page/case.html`` shows besides the acts; ``secret`` for whoever follows by the secret link."""
    rt = runtime()
    seen = {f.name: f.raw for f in view.facts}
    return {
        "case": view.case,
        "view": view,
        "secret": secret,
        "heading": rows.headline(rt, view.institution, seen, 80),
        "chip": rows.stage_chip(rt, view.institution, view.case),
        "rail": rail(view, now),
        "promises": promises(view, now),
        "facts": opening(view),
        "is_raised": is_raised(view),
        "photos": photos(view.facts, secret),
        "contact": contact(view),
        "events": timeline(view, secret),
        "reminded": reminded(view),
        "children": [child(c) for c in view.children],
        "called": called(view),
        "outcome": outcome(view),
    }


def rail(view: CaseView, now: datetime) -> dict[str, Any]:
    """Stages been, the one it stands at with its holder and clock, and those that may come next."""
    stages = view.institution.stages
    arrived: dict[Text, Happened] = {}
    for event in view.happened:
        if event.to is not None:
            arrived[event.to] = event
    done = [stages[n].title for n in view.been if n != view.case.stage]
    if view.case.ended:
        done.append(view.stage)
    here = (
        None if view.case.ended else {"label": view.stage, "holder": _holder(view), "clock": clocks.of_stage(view, now)}
    )
    if here and view.stands_in:
        here["note"] = Text("岗位空缺，由上一级代办。", "The post is vacant; the level above stands in.")
    ways: dict[Text, list[Text]] = {}
    for act, stage in view.next:
        ways.setdefault(stage, []).append(act)
    return {
        "done": [{"label": t, "when": arrived[t].at if t in arrived else None} for t in done],
        "here": here,
        "next": [{"label": stage, "note": _any_of(acts)} for stage, acts in ways.items()],
    }


def _any_of(acts: list[Text]) -> Text:
    return Text("“" + "”或“".join(a.zh for a in acts) + "”之后", "after " + " or ".join(f"“{a.en}”" for a in acts))


def _holder(view: CaseView) -> Text | None:
    if view.holder is None:
        return None
    names = "、".join(view.holder_people)
    tail = f"（{names}）" if names else ""
    place = view.unit if view.unit and not view.holder_place else view.holder_place
    en = f"{view.holder.en}, {place}" if place else view.holder.en
    return Text(f"{place} {view.holder.zh}{tail}".strip(), f"{en} ({', '.join(view.holder_people)})" if names else en)


def promises(view: CaseView, now: datetime) -> list[dict[str, Any]]:
    """The named clocks (the promise), with the date they had before an extension."""
    own = [c for c in view.clocks if c.name in view.institution.clocks]
    return [
        {
            "name": c.name,
            "title": c.title,
            "last": clocks.last_day(c.due) if c.state != "paused" else None,
            "clock": clocks.drawn(c, now, named=True),
            "first": clocks.last_day(c.first_due) if c.first_due != c.due else None,
        }
        for c in own
    ]


def outcome(view: CaseView) -> list[dict[str, Any]]:
    """How it came out and under which level it counts."""
    found: list[dict[str, Any]] = []
    if view.result:
        found.append({"label": Text("办理结果", "Result"), "value": view.result})
    if view.tier:
        found.append({"label": Text("办结层级", "Solved at"), "value": view.tier})
    return [*found, *vote(view)]


ADVICE = Text("法律规定由别处决定，这里的表决只作参考", "the law takes this decision elsewhere: this vote is advice")


def vote(view: CaseView) -> list[dict[str, Any]]:
    """A vote's count, and that it is advice where the law takes the decision elsewhere (red line 6)."""
    ballots = [s.ballot for s in view.institution.stages.values() if s.ballot]
    here = view.institution.stages[view.case.stage].ballot
    count = view.case.state["blocks"].get("tally")
    if not ballots or not (count or here):
        return []
    found: list[dict[str, Any]] = []
    if count:
        zh = f"{count['voted']} / {count['roll']} 参加，" + (
            "达到法定数" if count["quorum"] else "没有达到法定数，表决无效"
        )
        en = f"{count['voted']} of {count['roll']} took part, " + ("a quorum" if count["quorum"] else "no quorum: void")
        titles = {name: text for b in ballots for name, text in b.options.items()}
        parts = [(titles.get(n, Text(n, n)), v) for n, v in count["votes"].items()]
        zh, en = (
            "，".join([zh, *(f"{t.zh} {v}" for t, v in parts)]),
            ", ".join([en, *(f"{t.en} {v}" for t, v in parts)]),
        )
        found.append({"label": Text("表决", "Vote"), "value": Text(zh, en)})
    if count["advisory"] if count else here and here.advisory:
        found.append({"label": Text("效力", "Force"), "value": ADVICE})
    return found


def opening(view: CaseView) -> list[dict[str, Any]]:
    """What the matter is about, ruled like a form; photos are shown apart."""
    began = Text("反映时间", "Reported") if is_raised(view) else Text("开始时间", "Begun")
    first = [
        {"label": Text("地点", "Place"), "value": " ".join(view.place[-3:])},
        {"label": began, "moment": view.case.reported},
    ]
    if view.unit:
        first.insert(0, {"label": Text("承办单位", "Unit"), "value": view.unit})
    return [*facts(view.facts), *first]


def is_raised(view: CaseView) -> bool:
    """A person raised it; other matters are begun by an office, a case or the calendar."""
    return view.institution.parties[view.institution.raised_by].who == "person"


def facts(found: Iterable[Fact]) -> list[dict[str, Any]]:
    """Facts that are words; files are left out."""
    return [{"label": f.title, "value": _value(f)} for f in found if f.type != "files"]


def _value(fact: Fact) -> Any:
    if fact.type == "point" and isinstance(fact.raw, dict):
        lat, lng = fact.raw["lat"], fact.raw["lng"]
        return Text(f"北纬 {lat:.5f}，东经 {lng:.5f}", f"{lat:.5f} N, {lng:.5f} E")
    return fact.words


def photos(found: Iterable[Fact], secret: str | None) -> list[dict[str, Any]]:
    """All photos among the facts."""
    ids = [(i, f.title) for f in found if f.type == "files" and isinstance(f.raw, list) for i in f.raw]
    shown = attachments.gallery([i for i, _ in ids], secret)
    many = len(ids) > 1
    for n, (picture, (_, title)) in enumerate(zip(shown, ids, strict=True), 1):
        picture["alt"] = Text(f"{title.zh} {n}", f"{title.en} {n}") if many else title
    return shown


def contact(view: CaseView) -> list[dict[str, Any]]:
    """Name and phone of who raised it, masked until a purpose is stated; the view leaves it out for non-handlers."""
    if not view.contact:
        return []
    found: list[dict[str, Any]] = [
        {"label": Text("姓名", "Name"), "value": view.contact["name"] or Text("未留", "Not given")}
    ]
    phone, email, is_open = view.contact["phone"], view.contact["email"], view.contact_until is not None
    if phone:
        found.append({"label": Text("电话", "Phone"), "value": phone, "url": f"tel:{phone}" if is_open else ""})
    if email:
        found.append({"label": Text("电子邮件", "E-mail"), "value": email, "url": f"mailto:{email}" if is_open else ""})
    return found


def timeline(view: CaseView, secret: str | None) -> list[dict[str, Any]]:
    """What happened, newest first. What the opening said stands in the head of the page, unless it changed since."""
    head = {f.name: f.raw for f in view.facts}
    news = [e for e in reversed(view.happened) if "@" not in e.act]
    return [_event(view, e, head if e.seq == 1 else {}, secret) for e in news]


def reminded(view: CaseView) -> Text | None:
    """How often and when last the holder was reminded, for those who handle the case; a line instead of many."""
    times = [e.at.astimezone(SHANGHAI) for e in view.happened if "@" in e.act]
    if not times or view.clearance not in ("handler", "supervisor"):
        return None
    last = f"{times[-1]:%m-%d %H:%M}"
    return Text(
        f"时限将到，已提醒办理人 {len(times)} 次，最近一次 {last}。", f"Reminded {len(times)} times, last {last}."
    )


def _event(view: CaseView, event: Happened, head: Mapping[str, Any], secret: str | None) -> dict[str, Any]:
    told = [f for f in event.facts if f.name not in head or head[f.name] != f.raw]
    text = next((f for f in told if _is_said(view, f)), None)
    others = [f for f in told if f is not text]
    late = event.is_clock and event.seq > 1  # what the calendar opens is not late
    icon = (
        "clock"
        if late
        else "message"
        if event.is_answer
        else "edit"
        if event.seq == 1
        else "arrow-right"
        if event.to
        else "dot"
    )
    return {
        "act": event.title,
        "who": event.person or _by(view, event),
        "role": event.role if event.person else None,
        "when": event.at,
        "text": text.words if text else None,
        "tone": "late" if late else "answer" if event.is_answer else "active" if event.to else "",
        "icon": icon,
        "facts": _moved(event) + facts(others),
        "photos": photos(others, secret),
        "messages": [message(view, m) for m in event.messages],
    }


def _is_said(view: CaseView, fact: Fact) -> bool:
    """Words that speak for themselves; a short one (an hour, a number) means nothing without its label."""
    most = view.institution.fields[fact.name].max if fact.name in view.institution.fields else None
    return fact.type == "text" and (most is None or most > SHORT_TEXT)


def _by(view: CaseView, event: Happened) -> Text:
    """Who did it, where it was nobody: the system, or what was called for each line."""
    if event.is_clock and event.seq == 1:
        return Text("系统自动登记", "by the system")
    if event.act == CHILD_ENDED:
        return Text("", "")
    if event.role == title_of(view.institution, "children") and not any(c.code for c in view.children):
        return Text("每一件都办结了", "each of them is closed")
    return event.role


def _moved(event: Happened) -> list[dict[str, Any]]:
    return [{"label": Text("转到", "Now at"), "value": event.to}] if event.to and event.seq > 1 else []


def message(view: CaseView, row: Sent) -> dict[str, Any]:
    """One message with whether it arrived."""
    return {
        "to": title_of(view.institution, row.to),
        "channel": CHANNELS.get(row.channel, Text(row.channel, row.channel)),
        "state": row.state if row.state in ("delivered", "failed") else "queued",
        "when": row.delivered or row.created,
        "reason": row.error,
    }


def child(view: ChildView) -> dict[str, Any]:
    """A called unit: who, leading or not, where it stands; linked for those who may open it."""
    return {
        "unit": view.unit,
        "lead": view.lead,
        "chip": {"label": view.result or view.stage, "tone": "active" if view.open else "done"},
        "due": clocks.last_day(view.due) if view.open else None,
        "url": nav.case_address(view.case.number) if view.case else "",
        "code": view.code,
    }


def called(view: CaseView) -> Text:
    """What the list of called cases is: units, or the lines that each became a case of their own."""
    if any(c.code for c in view.children):
        return Text("一起办的单位", "Units called")
    kinds, known = (
        {s.calls.institution for s in view.institution.stages.values() if s.calls},
        runtime().pack.institutions,
    )
    titles = [known[k].title for k in kinds if k in known]
    return titles[0] if len(titles) == 1 else Text("分出来的事项", "What it was divided into")


def picture(view: CaseView, now: datetime) -> SafeString:
    """The institution's diagram with this case in it."""
    place = (view.institution.name, view.institution.version, view.case.stage, view.been)
    return _drawn(runtime().registry, *place, lang(), now.astimezone(SHANGHAI).date())


@lru_cache(maxsize=256)
def _drawn(
    registry: int, name: str, version: str, here: str, been: tuple[str, ...], language: str, day: date
) -> SafeString:
    """``registry`` is in the key because another pack may have other limits."""
    rt = runtime()
    drawn = diagram(rt.pack, rt.institution(name, version), language, day, here=here, been=been)
    return mark_safe(drawn)  # noqa: S308 — the diagram escapes every word of the definition
