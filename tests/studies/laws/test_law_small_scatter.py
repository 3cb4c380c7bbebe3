"""Laws of deterministic runs, whose times scatter by next to nothing within draws, with draws too slow to be seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from grokscale.studies.laws import Request, fit_family, law
from tests.studies.laws.tables import Row, censor, crossing, grid, power_law, table, times
from tests.trainers.packs import outcomes, pack, sparse

PAPER = "1/(alpha*beta)"


def trained(part: float) -> list[Row]:
    """Twenty draws of the published setting at beta = 1e-5, 2e-5 and 4e-5 times `part`: the slowest are censored."""
    cells = [(beta, seed) for beta in (1e-5, 2e-5, 4e-5) for seed in range(20)]
    trials = [
        sparse(i, seed, n=100, s=5, N=30, stream="legacy", beta=beta * part) for i, (beta, seed) in enumerate(cells)
    ]
    study = replace(pack(trials, max_steps=round(200_000 / part)), engine="fast_forward")
    ended = outcomes(study)
    rows = []
    for trial in trials:
        t2 = ended[trial.index].t2
        assert t2 is not None
        known = crossing("t2", t2.censoring, t2.step, lower=t2.lower, upper=t2.upper)
        cell = {"configuration": trial.index // 20, "seed": trial.seed, "alpha": 0.1, "beta": trial.config["beta"]}
        rows.append(cell | known | {"outcome": ended[trial.index].outcome, "steps": ended[trial.index].steps})
    return [row | {"a_gap": ended[i].theory["a_gap"]} for i, row in enumerate(rows)]


@pytest.mark.parametrize(
    "part", [pytest.param(1.0, marks=pytest.mark.slow), pytest.param(0.1, marks=pytest.mark.slow), 0.01]
)
def test_a_real_study_with_a_slow_draw_has_its_law(part: float) -> None:
    rows = trained(part)
    assert any(row["t2_censoring"] == "right" for row in rows)
    found, fixed = (law(table(rows), "t2", effect=effect) for effect in ("draw", "fixed"))
    assert (found["intercepts"], found["converged"]) == ("random", True)
    assert found["exponent"]["value"] == pytest.approx(fixed["exponent"]["value"], abs=0.01 * fixed["exponent"]["se"])
    assert found["exponent"]["se"] == pytest.approx(fixed["exponent"]["se"], rel=1e-3)
    assert found["exponent"]["value"] == pytest.approx(1, abs=0.1 * part)
    family = fit_family(table(rows), Request(models=("M0", "M1", "M2", "M3", "M4"))).result
    assert all(model.get("converged") for model in family["models"].values())
    same = [family["models"][name]["parameters"][of]["value"] for name, of in (("M2", PAPER), ("M3", "beta"))]
    assert -same[0] == pytest.approx(same[1], abs=1e-4 * found["exponent"]["se"] + 1e-12)


def small(sigma: float, seed: int = 0) -> list[Row]:
    """Long times, so that rounding to whole steps is far below sigma; a tenth of them censored."""
    rows = power_law(
        grid((0.01, 0.1), (1e-9, 1e-8, 1e-7), seeds=12), sigma=sigma, prefactor=1e4, draw_sigma=0.4, seed=seed
    )
    return censor(rows, int(np.quantile(times(rows), 0.9)))


def rescaled(rows: list[Row], field: str, factor: float) -> pa.Table:
    data = table(rows)
    return data.set_column(data.column_names.index(field), field, pc.multiply(data.column(field), factor))


@pytest.mark.parametrize("sigma", [1e-2, 1e-5, 1e-9])
def test_equivalent_forms_of_a_law_agree(sigma: float) -> None:
    rows = small(sigma)
    here = law(table(rows), "t2")
    assert here["intercepts"] == "random"
    assert here["converged"]
    allowed = 1e-4 * here["exponent"]["se"] + 1e-12
    forms: list[tuple[Any, float]] = [
        (law(rescaled(rows, "alpha", 1234.5), "t2"), 1.0),
        (law(rescaled(rows, "beta", 1e-3), "t2"), 1.0),
        (law(table(rows), "t2", x="(alpha*beta)^2"), -2.0),
        (law(table(rows[::-1]), "t2"), 1.0),
    ]
    for there, power in forms:
        assert there["converged"]
        assert there["exponent"]["value"] * power == pytest.approx(here["exponent"]["value"], abs=allowed)
        assert there["sigma"] == pytest.approx(here["sigma"], rel=1e-4)
    family = fit_family(table(rows), Request(models=("M2",))).result["models"]["M2"]
    assert family["parameters"][PAPER]["value"] == pytest.approx(here["exponent"]["value"], abs=allowed)


@pytest.mark.parametrize("sigma", [1e-2, 1e-5, 1e-9])
def test_the_law_is_that_of_fixed_intercepts_where_draws_lie_far_apart(sigma: float) -> None:
    crossed = [row for row in small(sigma) if row["t2_censoring"] == "exact"]
    free, fixed = (law(table(crossed), "t2", effect=effect) for effect in ("random", "fixed"))
    assert free["exponent"]["value"] == pytest.approx(fixed["exponent"]["value"], abs=0.01 * fixed["exponent"]["se"])
    assert free["exponent"]["se"] == pytest.approx(fixed["exponent"]["se"], rel=1e-2)


@pytest.mark.parametrize("noise", ["log-normal", "Weibull", "log-logistic"])
@pytest.mark.parametrize("cells", [1, 9])
def test_a_draw_that_never_crosses_leaves_the_law_alone(noise: str, cells: int) -> None:
    rows = power_law(grid(seeds=8), sigma=0.01)
    never = crossing("t2", "right", lower=100) | {"outcome": "memorised", "steps": 100, "seed": 99}
    asked = Request(models=("M2",), noise=noise, effect="random")
    with_it, without = (
        fit_family(table(part), asked).result["models"]["M2"]
        for part in (rows + [cell | never for cell in grid(seeds=1)[:cells]], rows)
    )
    assert with_it["converged"]
    one, other = (of["parameters"][PAPER] for of in (with_it, without))
    assert one["value"] == pytest.approx(other["value"], abs=1e-3 * other["se"])
    assert one["se"] == pytest.approx(other["se"], rel=1e-3)
    assert law(table(rows + [cell | never for cell in grid(seeds=1)[:cells]]), "t2")["converged"]


def test_times_to_the_step_among_wide_brackets_are_heard() -> None:
    rng = np.random.default_rng(0)
    rows = [
        row
        if i % 2
        else row
        | crossing(
            "t2",
            "interval",
            lower=int(row["t2_step"] / rng.uniform(1.1, 3)),
            upper=int(row["t2_step"] * rng.uniform(1.1, 3)),
        )
        for i, row in enumerate(power_law(grid(betas=(1e-9, 1e-8, 1e-7)), sigma=1e-7, prefactor=10.0))
    ]
    found = law(table(rows), "t2")
    assert (found["intercepts"], found["converged"]) == ("random", True)
    low, high = found["exponent"]["ci95"]
    assert low < 1 < high
    assert found["sigma"] == pytest.approx(1e-7, rel=0.3)
