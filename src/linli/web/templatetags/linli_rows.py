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

from linli.web.language import chinese
from linli.web.templatetags.linli import icon, iso, until_in, when_in, words_of

register = template.Library()

Part = Mapping[str, Any]
_TONES = {"done": "check", "late": "alert-triangle", "warn": "clock"}
_CLOCKS = {"overdue": "alert-triangle", "paused": "pause", "met": "check", "soon": "hourglass"}


@register.simple_tag
def chip(shown: Part) -> SafeString:
    """A state in a word or two: ``{label words, tone: "" | active | done | warn | late, icon}``.

    Without an icon one is chosen by the tone, so that colour is never alone.
    """
    return _html(_chip(shown, chinese()))


@register.simple_tag
def clock(shown: Part | None, now: datetime) -> SafeString:
    """``{state: ok | soon | overdue | paused | met, due moment, name words}`` as the time left; nothing for None."""
    return _html(_clock(shown, now, chinese()))


@register.simple_tag(takes_context=True)
def case_row(context: template.Context, row: Part) -> SafeString:
    """A case in a list: ``{url, number, text, category, place, opened moment, stage (a chip), clock, holder}``.

    The context has ``now``; ``bulk`` in it puts a box before each for choosing several.
    """
    now, number, zh = context["now"], row.get("number"), chinese()
    holder = _said(row.get("holder"), zh)
    meta = f'<span class="number">{number}</span>' if number else ""
    meta += _where(row, now, zh)
    meta += f'<span class="holder">{icon("user")}{holder}</span>' if holder else ""
    state = _chip(row["stage"], zh) if row.get("stage") else ""
    state += f'<span class="case-holder">{holder}</span>' if holder else ""
    return _html(f"""<article class="case{_late(row)}">
  <div class="case-main">{_pick(number, zh) if context.get("bulk") else ""}
    <h3 class="case-title"><a href="{escape(row["url"])}">{_said(row["text"], zh)}</a></h3>
    <p class="case-meta">{meta}</p>
  </div>
  <div class="case-state">{state}</div>
  <div class="case-clock">{_clock(row.get("clock"), now, zh)}</div>
</article>
""")


@register.simple_tag(takes_context=True)
def task(context: template.Context, row: Part) -> SafeString:
    """The same with its ``acts`` ({title, url}) one tap away, each opening its form under the row."""
    now, number, zh = context["now"], row["number"], chinese()
    acts = "".join(_button(a, number, zh, quiet=n > 0) for n, a in enumerate(row["acts"]))
    acts = f'<p class="actions">{acts}</p><div id="form-{number}"></div>' if acts else ""
    left = _clock(row.get("clock"), now, zh)
    return _html(f"""<article class="task{_late(row)}">
  <div class="case-clock">{left}<span class="soft small number">{number}</span></div>
  <h3 class="task-title"><a class="case-link" href="{escape(row["url"])}">{_said(row["text"], zh)}</a></h3>
  <p class="case-meta">{_where(row, now, zh)}</p>
  {acts}
</article>
""")


# Here whether the language is Chinese is handed down: Django finds out anew each time, 500 times for a long list.


def _chip(shown: Part, zh: bool) -> str:
    tone = shown.get("tone", "")
    name = shown.get("icon") or _TONES.get(tone, "dot")
    return f'<span class="chip {escape(tone)}">{icon(name)}{_said(shown["label"], zh)}</span>'


def _clock(shown: Part | None, now: datetime, zh: bool) -> str:
    if not shown:
        return ""
    state = shown["state"]
    if state == "paused":
        left = "计时已暂停" if zh else "Clock paused"
    elif state == "met":
        left = "按时完成" if zh else "In time"
    else:
        due = shown["due"]
        left = f'<time datetime="{iso(due)}" title="{when_in(due, now, zh)}">{until_in(due, now, zh)}</time>'
    name = f"{_said(shown['name'], zh)} " if shown.get("name") else ""
    return f'<span class="clock {state}">{icon(_CLOCKS.get(state, "clock"))}{name}{left}</span>'


def _where(row: Part, now: datetime, zh: bool) -> str:
    """Category, place and when it was raised."""
    opened = f"<span>{when_in(row['opened'], now, zh)}</span>" if row.get("opened") else ""
    return _span(row.get("category"), zh) + _span(row.get("place"), zh, "map-pin") + opened


def _button(act: Part, number: int, zh: bool, *, quiet: bool) -> str:
    url = escape(act["url"])
    return (
        f'<a class="button{" quiet" if quiet else ""}" href="{url}" hx-get="{url}" hx-target="#form-{number}"'
        f' hx-swap="innerHTML">{_said(act["title"], zh)}</a>'
    )


def _pick(number: Any, zh: bool) -> str:
    words = "选中" if zh else "Choose"
    return (
        f'<label class="pick"><input type="checkbox" form="bulk" name="n" value="{number}">'
        f'<span class="sr">{words} {number}</span></label>'
    )


def _late(row: Part) -> str:
    return " overdue" if row.get("clock") and row["clock"]["state"] == "overdue" else ""


def _span(value: Any, zh: bool, before: str = "") -> str:
    return f"<span>{icon(before) if before else ''}{_said(value, zh)}</span>" if value else ""


def _said(value: Any, zh: bool) -> str:
    """The words in the active language, safe to stand in a page."""
    return escape(words_of(value, zh))


def _html(drawn: str) -> SafeString:
    return mark_safe(drawn)  # noqa: S308 - see the module's first lines
