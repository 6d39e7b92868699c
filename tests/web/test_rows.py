"""Rows, chips and clocks are put together in Python: nothing that somebody wrote may become markup by it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.template import Context, Template
from django.utils import translation

from linli.kernel.institution import Text

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
NASTY = "<b>\"x\" & 'y'</b>"
SAFE = "&lt;b&gt;&quot;x&quot; &amp; &#x27;y&#x27;&lt;/b&gt;"


def drawn(template: str, lang: str = "zh-hans", **context: Any) -> str:
    """The template in a language."""
    with translation.override(lang):
        return str(Template("{% load linli linli_rows %}" + template).render(Context({"now": NOW, **context})))


def row(words: Any, **more: Any) -> dict[str, Any]:
    """A row in which every text is ``words``."""
    stage = {"label": words, "tone": "active"}
    clock = {"state": "soon", "due": NOW + timedelta(hours=3), "name": words}
    known = {"url": "/cases/7/?a=1&b=2", "number": 7, "text": words, "category": words, "place": words, "opened": NOW}
    return known | {"stage": stage, "clock": clock, "holder": words, "acts": [{"title": words, "url": "/x/"}]} | more


@pytest.mark.parametrize("tag", ["case_row", "task"])
@pytest.mark.parametrize("words", [NASTY, Text(NASTY, NASTY), {"zh": NASTY, "en": NASTY}])
def test_what_people_wrote_stays_text(tag: str, words: Any) -> None:
    page = drawn(f"{{% {tag} row %}}", row=row(words), bulk=True)
    assert "<b>" not in page
    assert page.count(SAFE) >= 4
    assert 'href="/cases/7/?a=1&amp;b=2"' in page


@pytest.mark.parametrize(
    ("lang", "left", "pick"), [("zh-hans", "还剩 3 小时", "选中"), ("en", "3 hours left", "Choose")]
)
def test_a_row_speaks_the_language_of_the_page(lang: str, left: str, pick: str) -> None:
    page = drawn("{% case_row row %}", lang, row=row(Text("路灯", "Lamp")), bulk=True)
    assert all(w in page for w in (left, pick, "路灯" if lang != "en" else "Lamp"))
    assert ("Lamp" in page) == (lang == "en")


def test_a_row_shows_what_there_is_and_nothing_else() -> None:
    page = drawn("{% case_row row %}", row={"url": "/c/s/", "text": "路灯"})
    assert "路灯" in page
    assert not any(w in page for w in ("None", "<use", "<span", "<time", "checkbox", "overdue"))


@pytest.mark.parametrize(
    ("state", "words"), [("paused", "计时已暂停"), ("met", "按时完成"), ("overdue", "逾期 2 小时"), ("ok", "还剩 3 天")]
)
def test_a_clock_says_how_it_stands_in_words_and_not_by_colour_alone(state: str, words: str) -> None:
    due = NOW + (timedelta(hours=-2) if state == "overdue" else timedelta(days=3))
    page = drawn("{% clock c now %}", c={"state": state, "due": due})
    assert words in page
    assert "<use " in page
    assert drawn("{% clock c now %}", c=None) == ""


@pytest.mark.parametrize("tone", ["", "active", "done", "warn", "late"])
def test_a_chip_has_an_icon_whatever_its_tone(tone: str) -> None:
    assert "<use " in drawn("{% chip c %}", c={"label": Text("办理", "Working"), "tone": tone})
