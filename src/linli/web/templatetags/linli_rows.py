"""Chips, clocks and the rows of lists: ``{% load linli_rows %}``.

Put together in Python, because a list draws each of them fifty times over and templates took half of a page's time.
Everything that comes from elsewhere passes through :func:`_said` or ``escape``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from html import escape
from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe

from linli.web.templatetags.linli import chinese, icon, iso, text, until, when

register = template.Library()

Part = Mapping[str, Any]
_TONES = {"done": "check", "late": "alert-triangle", "warn": "clock"}
_CLOCKS = {"overdue": "alert-triangle", "paused": "pause", "met": "check", "soon": "hourglass"}


@register.simple_tag
def chip(shown: Part) -> SafeString:
    """A state in a word or two: ``{label words, tone: "" | active | done | warn | late, icon}``.

    Without an icon one is chosen by the tone, so that colour is never alone.
    """
    tone = shown.get("tone", "")
    name = shown.get("icon") or _TONES.get(tone, "dot")
    return _html(f'<span class="chip {escape(tone)}">{icon(name)}{_said(shown["label"])}</span>')


@register.simple_tag
def clock(shown: Part | None, now: datetime) -> SafeString:
    """``{state: ok | soon | overdue | paused | met, due moment, name words}`` as the time left; nothing for None."""
    if not shown:
        return _html("")
    state = shown["state"]
    if state == "paused":
        left = "计时已暂停" if chinese() else "Clock paused"
    elif state == "met":
        left = "按时完成" if chinese() else "In time"
    else:
        due = shown["due"]
        left = f'<time datetime="{iso(due)}" title="{when(due, now)}">{until(due, now)}</time>'
    name = f"{_said(shown['name'])} " if shown.get("name") else ""
    return _html(f'<span class="clock {state}">{icon(_CLOCKS.get(state, "clock"))}{name}{left}</span>')


@register.simple_tag(takes_context=True)
def case_row(context: template.Context, row: Part) -> SafeString:
    """A case in a list: ``{url, number, text, category, place, opened moment, stage (a chip), clock, holder}``.

    The context has ``now``; ``bulk`` in it puts a box before each for choosing several.
    """
    now, number, holder = context["now"], row.get("number"), _said(row.get("holder"))
    meta = f'<span class="number">{number}</span>' if number else ""
    meta += _span(row.get("category")) + _span(row.get("place"), "map-pin")
    meta += f"<span>{when(row['opened'], now)}</span>" if row.get("opened") else ""
    meta += f'<span class="holder">{icon("user")}{holder}</span>' if holder else ""
    state = chip(row["stage"]) if row.get("stage") else ""
    state += f'<span class="case-holder">{holder}</span>' if holder else ""
    return _html(f"""<article class="case{_late(row)}">
  <div class="case-main">{_pick(number) if context.get("bulk") else ""}
    <h3 class="case-title"><a href="{escape(row["url"])}">{_said(row["text"])}</a></h3>
    <p class="case-meta">{meta}</p>
  </div>
  <div class="case-state">{state}</div>
  <div class="case-clock">{clock(row.get("clock"), now)}</div>
</article>
""")


@register.simple_tag(takes_context=True)
def task(context: template.Context, row: Part) -> SafeString:
    """The same with its ``acts`` ({title, url}) one tap away, each opening its form under the row."""
    now, number = context["now"], row["number"]
    meta = _span(row.get("category")) + _span(row.get("place"), "map-pin") + f"<span>{when(row['opened'], now)}</span>"
    acts = "".join(_button(a, number, quiet=n > 0) for n, a in enumerate(row["acts"]))
    acts = f'<p class="actions">{acts}</p><div id="form-{number}"></div>' if acts else ""
    return _html(f"""<article class="task{_late(row)}">
  <div class="case-clock">{clock(row.get("clock"), now)}<span class="soft small number">{number}</span></div>
  <h3 class="task-title"><a class="case-link" href="{escape(row["url"])}">{_said(row["text"])}</a></h3>
  <p class="case-meta">{meta}</p>
  {acts}
</article>
""")


def _button(act: Part, number: int, *, quiet: bool) -> str:
    url = escape(act["url"])
    return (
        f'<a class="button{" quiet" if quiet else ""}" href="{url}" hx-get="{url}" hx-target="#form-{number}"'
        f' hx-swap="innerHTML">{_said(act["title"])}</a>'
    )


def _pick(number: Any) -> str:
    words = "选中" if chinese() else "Choose"
    return (
        f'<label class="pick"><input type="checkbox" form="bulk" name="n" value="{number}">'
        f'<span class="sr">{words} {number}</span></label>'
    )


def _late(row: Part) -> str:
    return " overdue" if row.get("clock") and row["clock"]["state"] == "overdue" else ""


def _span(value: Any, before: str = "") -> str:
    return f"<span>{icon(before) if before else ''}{_said(value)}</span>" if value else ""


def _said(value: Any) -> str:
    """The words in the active language, safe to stand in a page."""
    return escape(text(value))


def _html(drawn: str) -> SafeString:
    return mark_safe(drawn)  # noqa: S308 - see the module's first lines
