"""Tables of many trials, and the bootstrap by full refits that the one-step bootstrap is held against."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa

from grokscale.studies.laws import Request
from grokscale.studies.laws.inference import clusters
from grokscale.studies.laws.models.model_frame import model_frame
from grokscale.studies.laws.models.models import fit_model
from tests.studies.laws.tables import grid, power_law, table


def large(draws: int, cells: int, censored: float = 0.2, sigma: float = 0.2) -> pa.Table:
    """`draws` x `cells` trials of the paper's law; of the columns that a law does not read only `a_gap` has values."""
    rng = np.random.default_rng(0)
    n = draws * cells
    seed, cell = np.repeat(np.arange(draws), cells), np.tile(np.arange(cells), draws)
    alpha, beta = 10.0 ** rng.uniform(-3, -1, cells), 10.0 ** rng.uniform(-6, -3, cells)
    level = 0.4 * rng.normal(size=draws)
    t2 = np.ceil(0.1 * np.exp(level[seed] + sigma * rng.normal(size=n)) / (alpha * beta)[cell]).astype(np.int64)
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
        "a_gap": np.exp(level + 0.3 * rng.normal(size=draws))[seed],
    }
    schema = table(power_law(grid(seeds=1, a_gap=1.0))).schema
    return pa.table({field.name: known.get(field.name, pa.nulls(n, field.type)) for field in schema})


def refits(data: pa.Table, times: int, seed: int = 0) -> np.ndarray:
    """Return |t| of the exponent (M2, CR2) over refits to draws drawn with replacement, shape (times,)."""
    seeds = data.column("seed").to_numpy()
    rows = {draw: np.flatnonzero(seeds == draw) for draw in np.unique(seeds)}
    rng = np.random.default_rng(seed)
    centre, _ = _exponent(data)
    found = []
    for _ in range(times):
        chosen = [rows[draw] for draw in rng.choice([*rows], size=len(rows))]
        again = data.take(np.concatenate(chosen))
        relabelled = np.repeat(np.arange(len(chosen)), [len(one) for one in chosen])
        again = again.set_column(again.schema.get_field_index("seed"), "seed", pa.array(relabelled))
        value, se = _exponent(again)
        found.append(abs(value - centre) / se)
    return np.array(found)


def _exponent(data: pa.Table) -> tuple[float, float]:
    """Return the estimate and its standard error."""
    rows = model_frame(data, Request())
    fitted = fit_model("M2", rows, rows.rows.intercepts).fitted
    return float(fitted.fit.slopes[0]), math.sqrt(clusters.robust_covariance(fitted.clusters)[0, 0])
