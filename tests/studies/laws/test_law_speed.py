"""Laws of many trials take seconds at most, counted in processor time so that a busy machine does not matter."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from studies.laws import law
from tests.studies.laws.tables import grid, power_law, table


def large(draws: int, cells: int, censored: float = 0.2) -> pa.Table:
    """`draws` x `cells` trials of the paper's law; the columns that a law does not read are null."""
    rng = np.random.default_rng(0)
    n = draws * cells
    seed, cell = np.repeat(np.arange(draws), cells), np.tile(np.arange(cells), draws)
    alpha, beta = 10.0 ** rng.uniform(-3, -1, cells), 10.0 ** rng.uniform(-6, -3, cells)
    factor = np.exp(0.4 * rng.normal(size=draws)[seed] + 0.2 * rng.normal(size=n))
    t2 = np.ceil(0.1 * factor / (alpha * beta)[cell]).astype(np.int64)
    budget = int(np.quantile(t2, 1 - censored))
    late = t2 > budget
    known = {
        "index": np.arange(n),
        "configuration": cell,
        "seed": seed,
        "outcome": np.where(late, "memorised", "generalised"),
        "steps": np.where(late, budget, t2 + 1000),
        "started": np.ones(n, dtype=bool),
        "t2_step": pa.array(t2, mask=late),
        "t2_lower": np.where(late, budget, t2 - 1),
        "t2_upper": pa.array(t2, mask=late),
        "t2_stayed": pa.array(t2, mask=late),
        "t2_censoring": np.where(late, "right", "exact"),
        "alpha": alpha[cell],
        "beta": beta[cell],
    }
    schema = table(power_law(grid(seeds=1))).schema
    return pa.table({field.name: known.get(field.name, pa.nulls(n, field.type)) for field in schema})


def seconds(data: pa.Table, **question: Any) -> float:
    begin = time.process_time()
    assert law(data, "t2", **question)["converged"]
    return time.process_time() - begin


@pytest.mark.parametrize("question", [{}, {"terms": ["alpha", "beta"]}, {"effect": "none"}], ids=str)
def test_a_hundred_thousand_trials_take_less_than_five_seconds(question: dict[str, Any]) -> None:
    assert seconds(large(1000, 100), **question) < 5


def test_two_hundred_draws_take_no_dense_dummies() -> None:
    assert seconds(large(200, 10), terms=["alpha", "beta"]) < 0.5
