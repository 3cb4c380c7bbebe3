"""Crossings of imported runs: what may be said of one, in which units, and what outcome it makes."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, get_args

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokscale import crossings
from grokscale.studies.imports.outcomes import TABLE, derive
from grokscale.studies.laws import law
from grokscale.trainers.trial import Censoring, OutcomeWord
from tests.studies.imports.runs import Row, read, refused

RUN: Row = {"seed": 0, "lr": 0.1, "weight_decay": 0.1}
PARTS = ("step", "lower", "upper", "censoring", "stayed")


def t2(cells: Row, **said: Any) -> tuple:
    """The parts of t2 and the outcome of one run."""
    row = read([RUN | cells], **said).trials.to_pylist()[0]
    return *(row[f"t2_{part}"] for part in PARTS), row["outcome"]


def said(step: Any = None, lower: Any = None, upper: Any = None, censoring: str | None = None, **more: Any) -> Row:
    return {"t2_step": step, "t2_lower": lower, "t2_upper": upper, "t2_censoring": censoring} | more


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ({"t2_step": 70}, (70, 69, 70, "exact", 70, "generalised")),
        ({"t2_step": 0}, (0, -1, 0, "left", 0, "generalised")),
        ({"t2_step": None, "steps": 90}, (None, 90, None, "right", None, "not_memorised")),
        ({"t2_step": None, "steps": 90, "t1_step": 3}, (None, 90, None, "right", None, "memorised")),
        ({"t2_step": None, "outcome": "diverged"}, (None, None, None, None, None, "diverged")),
        ({"t2_step": None, "steps": 9, "outcome": "failed"}, (None, None, None, None, None, "failed")),
        (said(censoring="exact", upper=7), (7, 6, 7, "exact", 7, "generalised")),
        (said(censoring="exact", step=7, lower=6, upper=7), (7, 6, 7, "exact", 7, "generalised")),
        (said(censoring="interval", lower=5, upper=9), (None, 5, 9, "interval", 9, "generalised")),
        (said(censoring="left", upper=9), (None, -1, 9, "left", 9, "generalised")),
        (said(censoring="right", lower=9), (None, 9, None, "right", None, "not_memorised")),
        (said(censoring="right", steps=9), (None, 9, None, "right", None, "not_memorised")),
        (said(censoring="infeasible", lower=9), (None, 9, None, "infeasible", None, "infeasible")),
        (said(censoring="stalled", steps=9), (None, 9, None, "stalled", None, "stalled")),
        (said(censoring="pruned", lower=9), (None, 9, None, "right", None, "pruned")),
        (said(censoring="pruned"), (None, None, None, None, None, "pruned")),
        (said(censoring="cancelled"), (None, None, None, None, None, "cancelled")),
        (said(censoring="right", lower=9, outcome="pruned"), (None, 9, None, "right", None, "pruned")),
        (said(step=7, t2_stayed=11), (7, 6, 7, "exact", 11, "generalised")),
        (said(step=7, t2_stayed=None), (7, 6, 7, "exact", None, "generalised")),
    ],
)
def test_what_the_cells_of_a_run_say(cells: Row, found: tuple) -> None:
    assert t2(cells) == found


@pytest.mark.parametrize(
    ("cells", "column", "why"),
    [
        ({"t2_step": None}, "t2_step", "missing, and steps is too; accepted: the time, or steps"),
        (said(lower=3, upper=4), "t2_censoring", "missing; accepted: exact, interval, left, right"),
        (said(), "t2_censoring", "missing; accepted: exact, interval"),
        (said(censoring="grokked"), "t2_censoring", "'grokked' is refused; accepted: exact, interval"),
        (said(censoring="exact"), "t2_upper", "missing, and the run is said to have crossed"),
        (said(censoring="exact", step=7, upper=8), "t2_step", "7 is not the upper end"),
        (said(censoring="exact", lower=3, upper=8), "t2_lower", "3 is more than 1 before an exact time; use interval"),
        (said(censoring="interval", upper=8), "t2_lower", "missing; accepted: the last time at which it had not"),
        (said(censoring="interval", lower=8, upper=8), "t2_lower", "8 is not before the upper end"),
        (said(censoring="interval", step=5, lower=4, upper=8), "t2_step", "5 is said of an interval"),
        (said(censoring="right"), "t2_lower", "missing; accepted: the last time at which it had not crossed, or steps"),
        (said(censoring="right", lower=3, upper=4), "t2_upper", "4, but the run is said not to have crossed"),
        (said(censoring="right", lower=3, step=4), "t2_step", "4, but the run is said not to have crossed"),
        (said(censoring="diverged", step=4), "t2_step", "4, but the run is said not to have crossed"),
        (said(step=7, t2_stayed=6), "t2_stayed", "6 is before the crossing"),
        (said(step=7, outcome="memorised"), "outcome", "'memorised', but the crossings say generalised"),
        (said(step=7, outcome="diverged"), "outcome", "'diverged', but the crossings say generalised"),
        (said(step=7, outcome="finished"), "outcome", "'finished' is refused; accepted: generalised, memorised"),
        (said(lower=-2, upper=7, censoring="interval"), "t2_lower", "-2 is refused; accepted: a whole number from -1"),
        (said(step=7, t1_censoring="diverged"), "t1_censoring", "'diverged' is refused; accepted: exact"),
    ],
)
def test_what_contradicts_itself_is_refused_by_its_reason(cells: Row, column: str, why: str) -> None:
    assert refused([RUN | cells])[f"/rows/0/{column}"].startswith(f"row 1, {column}: {why}")


def test_every_outcome_and_every_censoring_stand_in_the_table() -> None:
    assert {rule.outcome for rule in TABLE} == {*get_args(OutcomeWord)}
    assert {*get_args(Censoring)} <= {word for rule in TABLE for word in rule.t2}
    for rule in TABLE:
        for one in rule.t2:
            for other in rule.t1 or (*get_args(Censoring), ""):
                words = [pa.array([word]).to_numpy(zero_copy_only=False) for word in (one, other)]
                assert derive(*words).tolist() == [rule.outcome]


@given(
    step=st.integers(1, 5000),
    steps=st.sampled_from([Fraction(391), Fraction(3125, 8), Fraction(1, 64), Fraction(1, 10), Fraction(7, 2)]),
)
def test_a_time_that_is_exact_in_units_is_the_bracket_of_steps_that_it_covers(step: int, steps: Fraction) -> None:
    found = t2({"t2_step": step}, steps_per_unit=float(steps))
    lower, upper = math.floor((step - 1) * steps), math.ceil(step * steps)
    exact = upper - lower <= 1
    assert found[:4] == (upper if exact else None, lower, upper, "exact" if exact else "interval")


def test_epochs_become_steps_and_leave_the_exponent_alone() -> None:
    rows = [
        {"seed": seed, "lr": lr, "weight_decay": wd, "t2_step": round((20 + seed) / (lr * wd)), "steps": 10**6}
        for seed in range(3)
        for lr in (0.01, 0.03, 0.1)
        for wd in (0.1, 0.3)
    ]
    epochs, steps = read(rows, steps_per_unit=391), read(rows)
    assert epochs.trials.column("steps").to_pylist() == [391 * 10**6] * 18
    assert epochs.trials.column("t2_censoring").unique().to_pylist() == ["interval"]
    one, other = (law(one.trials, "t2") for one in (steps, epochs))
    assert other["exponent"]["value"] == pytest.approx(one["exponent"]["value"], abs=2e-3)
    assert other["prefactor"]["value"] == pytest.approx(391 * one["prefactor"]["value"], rel=2e-3)


def test_what_crossings_makes_of_logged_curves_is_a_row() -> None:
    logged = [0, 10, 20, 30, 40]
    made = crossings(logged, [1, 0.5, 1e-3, 1e-3, 1e-3], [1, 1, 1, 1e-3, 1e-3])
    row = read([RUN | made]).trials.to_pylist()[0]
    assert {name: row[name] for name in made} == made
    assert (row["outcome"], row["delay_lower"], row["delay_upper"], row["delay_censoring"]) == (
        "generalised",
        0,
        20,
        "interval",
    )


def test_a_ladder_comes_as_text_or_as_an_object_and_serves_laws() -> None:
    ladder = {"1e-1": {"t1": None, "t2": {"step": 5, "lower": 4, "upper": 5, "censoring": "exact", "stayed": 5}}}
    found = read([RUN | {"t2_step": 7, "ladder": ladder}], media="application/json")
    assert found.trials.column("ladder").to_pylist() == [
        '{"1e-1": {"t1": null, "t2": {"step": 5, "lower": 4, "upper": 5, "stayed": 5, "censoring": "exact"}}}'
    ]
    for bad in ("[]", "{", '{"x": {"t1": null, "t2": null}}', '{"1": {"t1": 3, "t2": null}}'):
        assert refused([RUN | {"t2_step": 7, "ladder": bad}])["/rows/0/ladder"].startswith("row 1, ladder: ")


def test_every_kind_of_censored_run_is_counted_by_its_word() -> None:
    rows = [
        {
            "seed": s,
            "lr": lr,
            "weight_decay": wd,
            **said(censoring="interval", lower=int(9 / (lr * wd)), upper=int(10 / (lr * wd))),
        }
        for s in range(3)
        for lr in (0.01, 0.1)
        for wd in (0.1, 0.3)
    ]
    for i, word in enumerate(("left", "right", "infeasible", "stalled", "diverged", "pruned", "failed", "cancelled")):
        ends = {"left": {"upper": 9}, "right": {"lower": 400}}.get(
            word, {"lower": 400} if word in ("infeasible", "stalled") else {}
        )
        rows.append({"seed": i % 3, "lr": 0.02, "weight_decay": 0.1 + i, **said(censoring=word, **ends)})
    counted = law(read(rows).trials, "t2")["censored"]
    assert counted == {
        "left": 1,
        "interval": 12,
        "right": 1,
        "infeasible": 1,
        "stalled": 1,
        "diverged": 1,
        "pruned": 1,
        "failed": 1,
        "cancelled": 1,
        "pending": 0,
    }
