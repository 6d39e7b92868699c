"""Two people act on one case at the same instant: one wins, the other is told, and nothing is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Event, Thread
from typing import Any

import pytest
from django.db import connection

from linli.kernel.refusal import Refusal
from linli.ledger import act as ledger
from linli.ledger import verify
from linli.ledger.act import Receipt
from linli.ledger.models import Case, Entry
from tests.cast import GRID_A2, GRID_B, NOW, Cast
from tests.web.test_case_page import enter

HOUR = timedelta(hours=1)
COLLISIONS = 200


@pytest.mark.django_db(transaction=True)
def test_of_two_hundred_collisions_under_load_each_has_one_winner(cast: Cast) -> None:
    cases = [cast.lamp() for _ in range(COLLISIONS)]
    people = {k: cast.id(k) for k in ("wang", "qian", "li")}
    stop, loads = Event(), list[Thread]()

    def load(grid: str) -> None:
        try:
            while not stop.is_set():
                cast.lamp(grid=grid)
        finally:
            connection.close()

    for grid in (GRID_A2, GRID_B):
        loads.append(Thread(target=load, args=(grid,)))
        loads[-1].start()
    gate = Barrier(2)

    def side(mine: list[tuple[str, str, dict[str, Any]]]) -> list[Receipt | Refusal]:
        try:
            found = []
            for (key, name, data), case in zip(mine, cases, strict=True):
                gate.wait()
                found.append(ledger.act(case.id, name, data, people[key], NOW + HOUR, seq=1))
            return found
        finally:
            connection.close()

    one = [("wang", "solve", {"answer": "换了灯泡"})] * COLLISIONS
    words = [("li", "add", {"addition": "又闪了"}), ("qian", "add", {"addition": "来电补充"})]
    other = [words[n % 2] for n in range(COLLISIONS)]
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(zip(*pool.map(side, (one, other)), strict=True))
    stop.set()
    for thread in loads:
        thread.join()

    for pair in outcomes:
        lost = [o for o in pair if isinstance(o, Refusal)]
        assert len(lost) == 1 and lost[0].code == "changed", pair
        assert "您填的内容还在" in lost[0].change.zh
        assert any(act in lost[0].says.zh for act in ("solve", "add")), "told what happened"
    ids = [c.id for c in cases]
    assert Entry.objects.filter(case__in=ids).count() == 2 * COLLISIONS
    assert Case.objects.count() > COLLISIONS, "there was load beside it"
    assert verify.verify(NOW + 2 * HOUR).faults == []


def test_whoever_came_second_gets_their_words_back(cast: Cast) -> None:
    lamp = cast.lamp()
    chen = enter(cast, "wang")
    page = chen.get(f"/cases/{lamp.number}/")
    assert 'name="seq" value="1"' in page.content.decode()
    cast.act("li", lamp.id, "add", NOW + HOUR, addition="昨晚又灭了")
    sent = {"seq": "1", "answer": "换了灯泡，等天黑看看，还要再补两句"}
    again = chen.post(f"/cases/{lamp.number}/acts/solve/", sent)
    text = again.content.decode()
    assert again.status_code == 422 and "等天黑看看，还要再补两句" in text and "昨晚又灭了" in text
