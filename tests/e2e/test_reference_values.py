"""The reference values reproduced through the public interface: spec in, table and law out, in a real service.

Times agree to the cadence they were read at (exact ones to the step), proximal errors to the digits shown, subgradient
relative errors to 2 % and projected ones to 15 % (chatter: they depend on the horizon and on the order of summation).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from grokscale.trainers.tasks.registry import draw_of
from tests.e2e import reference_values as reference
from tests.e2e.conftest import Service
from tests.trainers.compiled_loop import subgradient_mean_l1
from tests.trainers.packs import sparse

ALPHAS = (0.01, 0.0275, 0.055, 0.1)
BETAS = (1e-5, 1e-4, 1e-3, 1e-2)
DENSE = 20_000


def spec(method: str, seeds: Any, *, alpha: Any = 0.1, beta: Any = 1e-5, **budget: Any) -> dict[str, Any]:
    return {
        "name": f"reference {method}",
        "task": {"kind": "sparse_recovery", "n": 100, "s": 5, "N": 30, "stream": "legacy"},
        "regularizer": {"kind": "l1", "beta": beta},
        "optimizer": {"kind": method, "alpha": alpha},
        "seeds": seeds,
        "budget": budget,
    }


def run(service: Service, *specs: dict[str, Any], seconds: float = 3600) -> list[tuple[str, pa.Table]]:
    with service.client() as client:
        studies = [client.submit(one) for one in specs]
        for study in studies:
            study.wait(timeout=seconds, progress=False)
        return [(study.id, study.trials()) for study in studies]


def rows(table: pa.Table) -> list[dict[str, Any]]:
    return sorted(table.to_pylist(), key=lambda row: (row["seed"], row["index"]))


def rung(row: dict[str, Any], threshold: str, which: str) -> int | None:
    import json

    crossing = json.loads(row["ladder"])[threshold][which]
    return None if crossing is None else crossing["step"]


def agrees(measured: int | None, read: int, cadence: int = 10) -> bool:
    """A time read at every step below 20,000 and at multiples of `cadence` afterwards."""
    if measured is None:
        return False
    return measured == read if read < DENSE else read - cadence < measured <= read


def test_exact_times_of_the_proximal_method(service: Service) -> None:
    [(_, table)] = run(service, spec("proximal", [0, 1, 2], max_steps=300_000))
    assert [row["t2_step"] for row in rows(table)] == list(reference.EXACT_T2_PROXIMAL)


def test_the_plateau_rule_depends_on_its_cadence(service: Service) -> None:
    budgets = [
        spec("subgradient", [1], beta=1e-3, max_steps=20_000, stop="max_steps", plateau_every=cadence)
        for cadence in reference.PLATEAU_BY_CADENCE
    ]
    found = [rows(table)[0]["t2_plateau_step"] for _, table in run(service, *budgets)]
    assert found == list(reference.PLATEAU_BY_CADENCE.values())


@pytest.mark.reference
@pytest.mark.timeout(3600)
def test_ten_seeds_of_the_published_setting(service: Service) -> None:
    [(_, table)] = run(service, spec("subgradient", 10, max_steps=1_000_000, stop="max_steps"))
    for row, run_, exact in zip(rows(table), reference.TABLE_A, reference.EXACT_T2_SUBGRADIENT, strict=True):
        assert row["outcome"] == "generalised"
        assert rung(row, "1e-2", "t1") == run_.t1_1e2
        assert rung(row, "1e-3", "t1") == run_.t1_1e3
        assert row["t2_step"] == exact
        assert agrees(rung(row, "1e-2", "t2"), run_.t2_1e2)
        assert agrees(rung(row, "1e-3", "t2"), run_.t2_1e3)
        assert row["t2_plateau_step"] == run_.plateau
        assert row["error_stop"] == pytest.approx(run_.relative_l2, rel=0.02)
        # all chatter, of alpha beta a coordinate: from step to step it swings by a tenth, and where in its swing a run
        # ends depends on the order of summation; the loop that adds as the reference did ends where that did
        swing = loop_mean_l1(run_.seed, row["steps"])
        assert f"{swing[-1]:.3e}" == f"{run_.mean_l1:.3e}"
        assert swing.min() <= row["error_stop_mean_l1"] <= swing.max()
        assert row["a_gap"] / (row["alpha"] * row["beta"]) == pytest.approx(run_.predicted, abs=0.51)
        assert 2 / row["alpha_max"] == pytest.approx(run_.sigma_max, abs=0.0051)
        assert row["error_stop"] > row["floor"]


def loop_mean_l1(seed: int, steps: int) -> np.ndarray:
    """The mean absolute error of a plain compiled loop in the published setting, after each of its last 2,000 steps."""
    trial = sparse(0, seed, n=100, s=5, N=30, stream="legacy", optimizer="subgradient", alpha=0.1, beta=1e-5)
    draw = draw_of("sparse_recovery", trial, 0)
    a0 = draw.initial(trial.config)
    return subgradient_mean_l1(np.ascontiguousarray(draw.X), draw.y, draw.a_star, a0, 0.1, 1e-5, steps, 2000)


@pytest.mark.reference
@pytest.mark.timeout(3600)
def test_the_grid_over_alpha_and_beta(service: Service) -> None:
    gap = max(run_.predicted for run_ in reference.TABLE_A[:3]) * 1e-6
    cells = [(alpha, beta) for alpha in ALPHAS for beta in BETAS]
    specs = [
        spec("subgradient", [0, 1, 2], alpha=alpha, beta=beta, max_steps=steps, stop="max_steps", plateau_every=100)
        for alpha, beta in cells
        for steps in [min(6_000_000, math.ceil(6 * gap / (alpha * beta)))]
    ]
    found = {ab: rows(table) for ab, (_, table) in zip(cells, run(service, *specs), strict=True)}
    for seed in range(3):
        cell = {ab: by_seed[seed] for ab, by_seed in found.items()}
        t2 = {ab: rung(row, "1e-2", "t2") for ab, row in cell.items()}
        products = [alpha * beta * step for (alpha, beta), step in t2.items() if step is not None]
        low, high = reference.T2_PRODUCT_RANGE[seed]
        assert round(min(products), 4) >= low
        assert round(max(products), 4) <= high
        assert slope(t2) == pytest.approx(reference.SLOPE_T2_1E2[seed], abs=0.0006)
        coarse = {ab: rung(row, "1e-1", "t2") for ab, row in cell.items()}
        assert slope(coarse) == pytest.approx(reference.SLOPE_T2_1E1[seed], abs=0.0006)
        plateaus = {ab: row["t2_plateau_step"] for ab, row in cell.items()}
        assert slope(plateaus) == pytest.approx(reference.SLOPE_PLATEAU[seed], abs=0.002)
        for beta, final in zip(BETAS, reference.FINAL_AT_TENTH[seed], strict=True):
            assert cell[0.1, beta]["error_stop"] == pytest.approx(final, rel=0.02)


def slope(times: dict[tuple[float, float], int | None]) -> float:
    """Least-squares slope of ln t on ln(alpha*beta) over the cells that were reached."""
    points = [(math.log(alpha * beta), math.log(step)) for (alpha, beta), step in times.items() if step is not None]
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)


@pytest.mark.reference
@pytest.mark.timeout(3600)
def test_methods_and_floor(service: Service) -> None:
    budget = {"max_steps": 1_000_000, "stop": "max_steps"}
    [(_, proximal), (_, projected)] = run(
        service, spec("proximal", [0, 1, 2], **budget), spec("projected", [0, 1, 2], **budget)
    )
    for row, read, final, closed in zip(
        rows(proximal),
        reference.T2_1E3_PROXIMAL,
        reference.FINAL_PROXIMAL,
        reference.CLOSED_FORM_FLOOR,
        strict=True,
    ):
        assert agrees(rung(row, "1e-3", "t2"), read)
        assert f"{row['error_stop']:.3e}" == f"{final:.3e}"
        assert f"{row['floor']:.3e}" == f"{final:.3e}"
        assert (row["floor_closed_form"] is None) == (closed is None)
        if closed is not None:
            assert f"{row['floor_closed_form']:.3e}" == f"{closed:.3e}"
    for row, read, final in zip(rows(projected), reference.T2_1E3_PROJECTED, reference.FINAL_PROJECTED, strict=True):
        assert agrees(rung(row, "1e-3", "t2"), read)
        assert row["t1_step"] == 1
        assert row["error_stop"] == pytest.approx(final, rel=0.15)


@pytest.mark.reference
@pytest.mark.timeout(3600)
def test_weight_decay_from_a_large_start_memorises_and_never_generalises(service: Service) -> None:
    one = spec("gd", [1], max_steps=15_000_000, stop="max_steps", plateau_every=100_000)
    one["regularizer"] = {"kind": "l2", "beta": 1e-5}
    one["task"]["init_scale"] = 10.0
    with service.client() as client:
        study = client.submit(one)
        study.wait(timeout=3600, progress=False)
        [row] = rows(study.trials())
        curve = client.curves(row["id"])
    assert row["outcome"] != "generalised"
    for threshold, step in reference.RIDGE_T1.items():
        assert rung(row, threshold, "t1") == step
    assert curve["test_error"][0] == pytest.approx(reference.RIDGE_INITIAL_ERROR, abs=0.05)
    assert row["error_stop"] == pytest.approx(reference.RIDGE_FINAL_ERROR, abs=5e-5)
    assert row["floor"] == pytest.approx(reference.RIDGE_FINAL_ERROR, abs=5e-5)
    assert curve["l2_norm"][-1] == pytest.approx(reference.RIDGE_FINAL_NORM, abs=5e-5)
    assert row["t2_plateau_step"] == reference.RIDGE_PLATEAU
