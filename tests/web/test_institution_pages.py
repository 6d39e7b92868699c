"""Institutions explained: stories under the words of their own stage, the longest time, every block in words."""

from __future__ import annotations

import re

from django.test import Client

from linli.drafting.scenario import play
from linli.kernel.institution import Text
from linli.ledger.definitions import runtime
from linli.web.open.institutions import stories, story
from tests.cast import Cast


def test_each_step_of_a_story_has_the_title_of_its_own_stage(cast: Cast) -> None:
    rt = runtime()
    shared = 0
    for scenario in stories(rt, "request"):
        shown = [s for s in story(rt, scenario, "zh")["steps"] if not s["by_itself"] and not s["on"]]
        played = [h for h in play(rt.pack, scenario).steps if h.case == "main" and h.who in scenario.cast]
        assert len(shown) == len(played), scenario.title
        for step, happened in zip(shown, played, strict=True):
            own = rt.pack.institutions["request"]
            name = happened.act.partition(".")[0]
            act = own.open if happened.stage is None else own.acts_at(happened.stage).get(name)
            if act is None:
                assert happened.refused and isinstance(step["act"], Text), "never the bare name of an act"
                continue
            assert step["act"] == act.title, (scenario.title, happened)
            titles = {s.acts[name].title.zh for s in own.stages.values() if name in s.acts}
            shared += len(titles) > 1
    assert shared, "some act name is shared by stages that call it differently"


def test_stories_show_what_came_by_itself_and_why_something_was_refused(cast: Cast) -> None:
    rt = runtime()
    told = [story(rt, s, "zh")["steps"] for s in stories(rt, "request")]
    assert any(s["by_itself"] for steps in told for s in steps)
    page = Client().get("/institutions/request/").content.decode()
    refused = [s["refused"] for steps in told for s in steps if s["refused"]]
    assert refused and all(r.zh in page for r in refused)


def test_the_page_says_the_longest_time_and_how_it_comes_about(cast: Cast) -> None:
    page = Client().get("/institutions/request/").content.decode()
    block = page[page.index('id="worst"') :]
    assert re.search(r"约 \d+ 天", block)
    days = [int(n) for n in re.findall(r"第 (\d+) 天", block[: block.index("</section>")])]
    assert days == sorted(days) and len(days) > 5
