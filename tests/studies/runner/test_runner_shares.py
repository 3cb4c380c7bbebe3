"""How studies share the cluster."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from grokscale.studies.resources import Resources, slots, total
from grokscale.studies.runner.shares import Claim, Grant, share_out

ONE = Resources(1)


def claim(packs: int, running: int = 0, since: float = 0.0, pack: Resources = ONE) -> Claim:
    return Claim(pack, packs, running, since)


def keeps(claims: list[Claim], nodes: list[Resources]) -> list[int]:
    return [grant.keep for grant in share_out(claims, nodes)]


claims = st.lists(
    st.builds(
        Claim,
        st.builds(Resources, st.integers(1, 4), st.integers(0, 2)),
        st.integers(0, 9),
        st.integers(0, 3),
        st.floats(0, 9),
    ),
    min_size=1,
    max_size=6,
)
clusters = st.lists(st.builds(Resources, st.integers(0, 8), st.integers(0, 3)), max_size=4)


def test_a_study_alone_gets_what_it_can_use_and_no_more() -> None:
    assert keeps([claim(9)], [Resources(6)]) == [6]
    assert keeps([claim(2)], [Resources(6)]) == [2]


def test_two_studies_on_three_places_use_all_three() -> None:
    assert sorted(keeps([claim(9), claim(9)], [Resources(3)])) == [1, 2]


def test_what_one_study_does_not_need_goes_to_the_others() -> None:
    assert keeps([claim(9), claim(1), claim(9)], [Resources(7)]) == [3, 1, 3]


def test_a_study_that_comes_takes_its_share_from_one_that_runs() -> None:
    assert share_out([claim(9, running=4), claim(9, since=1.0)], [Resources(4)]) == [Grant(2, 2), Grant(2, 2)]


def test_nobody_gives_up_a_pack_for_nothing() -> None:
    assert keeps([claim(9, running=1), claim(9, running=2)], [Resources(3)]) == [1, 2]


def test_who_waits_gets_the_next_place_and_nobody_loses_one() -> None:
    three = [claim(9, running=1), claim(9, running=1), claim(9, since=5.0)]
    assert share_out(three, [Resources(2)]) == [Grant(0, 1), Grant(0, 1), Grant(0, 0)]
    # the first one's pack ends: its place is for the one that waits, and it waits itself
    later = [claim(9, since=6.0), claim(9, running=1), claim(9, since=5.0)]
    assert share_out(later, [Resources(2)]) == [Grant(0, 0), Grant(0, 1), Grant(1, 1)]


def test_a_pack_never_stands_on_two_nodes() -> None:
    assert keeps([claim(9, pack=Resources(4))], [Resources(6), Resources(6)]) == [2]


def test_a_study_on_gpus_leaves_the_cpus_to_others() -> None:
    assert keeps([claim(9, pack=Resources(1, 1)), claim(99)], [Resources(16, 2)]) == [2, 14]


@given(claims, clusters)
def test_nobody_gets_more_than_it_needs_nor_all_together_more_than_there_is(
    asked: list[Claim], nodes: list[Resources]
) -> None:
    found = keeps(asked, nodes)
    used = total(Resources(n * c.pack.cpus, n * c.pack.gpus) for n, c in zip(found, asked, strict=True))
    assert used.cpus <= total(nodes).cpus
    assert used.gpus <= total(nodes).gpus
    assert all(n <= min(c.packs, slots(nodes, c.pack)) for n, c in zip(found, asked, strict=True))


@given(st.lists(st.builds(claim, st.integers(0, 9), st.integers(0, 3)), min_size=1, max_size=6), st.integers(0, 12))
def test_no_place_is_left_while_somebody_can_use_it(asked: list[Claim], cpus: int) -> None:
    assert sum(keeps(asked, [Resources(cpus)])) == min(cpus, sum(c.packs for c in asked))


@given(st.lists(st.builds(claim, st.integers(1, 9), st.integers(0, 3)), min_size=1, max_size=6), st.integers(1, 12))
def test_nobody_has_a_second_pack_while_somebody_has_none(asked: list[Claim], cpus: int) -> None:
    found = keeps(asked, [Resources(cpus)])
    assert min(found) >= 1 or max(found) <= 1
