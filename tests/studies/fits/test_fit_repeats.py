"""One row a run, whatever it is listed under: which stays, and which are counted out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from grokscale.studies.fits.repeats import Once, once
from grokscale.studies.laws.rows.responses import observe
from tests.studies.laws.tables import Row, crossing, table


def run(t2: Row, **more: Any) -> Row:
    return {"configuration": 0, "seed": 0, "alpha": 0.1, "beta": 1e-5, "steps": 10**6, **t2, **more}


def chosen(*rows: Row, held_against: tuple[int, ...] = ()) -> Once:
    data = table(rows)
    against = np.array(held_against or (0,) * len(rows), dtype=np.intp)
    return once(data, observe(data, "t2", None), against)


EXACT = run(crossing("t2", "exact", 500))
NARROW = run(crossing("t2", "interval", lower=450, upper=520))
WIDE = run(crossing("t2", "interval", lower=100, upper=900))
EARLY = run(crossing("t2", "right", lower=200), outcome="memorised", steps=200)
LATE = run(crossing("t2", "right", lower=400), outcome="memorised", steps=400)
INFEASIBLE = run(crossing("t2", "infeasible", lower=300), outcome="infeasible", steps=300)
STALLED = run(crossing("t2", "stalled", lower=300), outcome="stalled", steps=300)
FAILED = run({}, outcome="failed")
PENDING = run({}, outcome=None, steps=None)


@pytest.mark.parametrize(
    ("more", "less"),
    [
        (EXACT, NARROW),
        (NARROW, WIDE),
        (WIDE, EARLY),
        (EXACT, LATE),
        (LATE, EARLY),
        (INFEASIBLE, LATE),
        (INFEASIBLE, STALLED),
        (STALLED, EARLY),
        (EXACT, STALLED),
        (EARLY, FAILED),
        (EARLY, PENDING),
        (run(crossing("t2", "exact", 500), steps=2000), run(crossing("t2", "exact", 500), steps=1500)),
    ],
)
def test_the_row_that_says_more_stays(more: Row, less: Row) -> None:
    for rows in ((more, less), (less, more)):
        found = chosen(*rows)
        assert found.kept.tolist() == [rows[0] is more, rows[1] is more]
        assert (found.dropped, found.contradictions) == (1, 0)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (EXACT, run(crossing("t2", "exact", 501))),
        (EXACT, run(crossing("t2", "right", lower=500), outcome="memorised")),
        (NARROW, run(crossing("t2", "interval", lower=520, upper=600))),
        (EXACT, INFEASIBLE),
    ],
)
def test_of_rows_that_contradict_each_other_the_first_stays_and_they_are_counted(one: Row, other: Row) -> None:
    for rows in ((one, other), (other, one)):
        found = chosen(*rows)
        assert found.kept.tolist() == [True, False]
        assert found.contradictions == 1


@pytest.mark.parametrize("change", [{"alpha": 0.2}, {"optimizer": "gd"}, {"seed": 1}, {"data_id": "of another study"}])
def test_other_configurations_and_other_data_are_other_runs(change: Row) -> None:
    assert chosen(EXACT, EXACT | change).dropped == 0


def test_what_was_held_against_another_threshold_is_another_response() -> None:
    assert chosen(EXACT, EXACT, held_against=(0, 1)).dropped == 0


def test_a_run_that_is_listed_three_times_is_one_row() -> None:
    found = chosen(EARLY, FAILED, run(crossing("t2", "exact", 700), seed=1), EXACT, LATE)
    assert found.kept.tolist() == [False, False, True, True, False]


def test_a_bracket_and_the_step_at_its_upper_end_agree() -> None:
    assert chosen(EXACT, run(crossing("t2", "interval", lower=400, upper=500))).contradictions == 0
    assert chosen(EXACT, run(crossing("t2", "interval", lower=500, upper=600))).contradictions == 1
