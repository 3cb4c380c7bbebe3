"""How studies share the cluster."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studies.runner.shares import shares

needs = st.lists(st.floats(0, 1), min_size=2, max_size=8)


def test_a_study_alone_gets_everything() -> None:
    assert shares([0.1]) == [1.0]


def test_what_one_study_does_not_need_goes_to_the_others() -> None:
    assert shares([1.0, 0.1, 1.0]) == pytest.approx([0.45, 0.1, 0.45])


@given(needs)
def test_nobody_gets_more_than_it_needs_nor_all_together_more_than_there_is(wanted: list[float]) -> None:
    given_ = shares(wanted)
    assert all(0 <= got <= need for got, need in zip(given_, wanted, strict=True))
    assert sum(given_) <= 1 + 1e-9


@given(needs)
def test_who_gets_less_than_it_needs_gets_as_much_as_anybody(wanted: list[float]) -> None:
    given_ = shares(wanted)
    short = [got for got, need in zip(given_, wanted, strict=True) if got < need - 1e-9]
    assert all(got >= max(given_) - 1e-9 for got in short)
    if short:
        assert sum(given_) == pytest.approx(1)
