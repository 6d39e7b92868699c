"""The places inside another one are found by their paths, not by looking at every place of a city."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from linli.people.registry import Place, Snapshot

LABELS = st.lists(st.sampled_from(["a1", "a2", "a10", "a"]), min_size=1, max_size=4).map(".".join)


@given(st.sets(LABELS, max_size=12), LABELS)
def test_inside_is_the_path_itself_and_all_below_it_and_nothing_beside(paths: set[str], path: str) -> None:
    snapshot = Snapshot(1, by_path={p: Place(p, p, "grid", p, None, None, None) for p in paths})
    below = {p for p in paths if p.startswith(f"{path}.")}
    found = snapshot.inside(path)
    assert found[0] == path and len(found) == len(set(found))
    assert set(found) == below | {path}


@given(st.sets(LABELS, max_size=12), st.lists(LABELS, max_size=3))
def test_within_is_every_place_at_or_inside_one_of_them_once_and_by_path(paths: set[str], tops: list[str]) -> None:
    snapshot = Snapshot(1, by_path={p: Place(p, p, "grid", p, None, None, None) for p in paths})
    wanted = [p for p in sorted(paths) if any(p == top or p.startswith(f"{top}.") for top in tops)]
    assert [p.path for p in snapshot.within(tops)] == wanted
