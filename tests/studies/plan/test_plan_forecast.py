"""The forecast: predictions against what theory and trials themselves say, and its warnings."""

from __future__ import annotations

import json
import math
import time
from statistics import median
from typing import Any

import numpy as np
import pytest

from grokscale.studies.packs import budget, pack
from grokscale.studies.plan import Forecast, Resources, forecast, plan
from grokscale.studies.plan.cost import cost
from grokscale.studies.plan.sample import sample
from grokscale.studies.spec import parse
from grokscale.trainers.pack import train
from grokscale.trainers.tasks.registry import draw_of, task
from tests.studies.spec.spec_samples import changed

TWO = Resources(cpus=2)
SMALL: dict[str, Any] = {
    "name": "small",
    "task": {"kind": "sparse_recovery", "n": 100, "s": 5, "N": 50},
    "regularizer": {"kind": "l1", "beta": [1e-4, 4e-4]},
    "optimizer": {"kind": "proximal", "alpha": [0.1, 0.2]},
    "seeds": 3,
    "budget": {"max_steps": 100_000, "train_threshold": 0.1, "test_threshold": 0.1},
}
SYNTHETIC: dict[str, Any] = {
    "name": "known",
    "task": {"kind": "synthetic", "prefactor": 0.5},
    "regularizer": {"kind": "l1", "beta": [1e-3, 1e-2]},
    "optimizer": {"kind": "proximal", "alpha": 0.1},
    "seeds": 5,
}


PATIENT = 600
"""Seconds for predictions, so that a busy machine looks at as much as an idle one."""


def predicted(data: dict[str, Any]) -> dict[str, Any]:
    spec = parse(data)
    return forecast(spec, plan(spec, TWO), TWO, PATIENT).to_json()


def messages(found: dict[str, Any]) -> dict[str | None, str]:
    return {warning.get("pointer"): warning["message"] for warning in found["warnings"]}


def test_every_cell_has_the_median_of_its_draws() -> None:
    spec = parse(SMALL)
    made = plan(spec, TWO)
    found = forecast(spec, made, TWO)
    for cell in found.cells:
        trials = [trial for trial in made.trials if trial.configuration == cell.configuration]
        theory = [
            task("sparse_recovery").theory(draw_of("sparse_recovery", t, spec.seed), t, budget(spec)).values
            for t in trials
        ]
        assert cell.draws == 3
        assert cell.config == trials[0].config
        assert cell.t2_predicted == median(values["t2_predicted"] or 0 for values in theory)
        assert cell.t2_low == min(values["t2_predicted"] or 0 for values in theory)
        assert cell.error_settled_predicted == median(values["floor"] or 0 for values in theory)
        assert cell.feasible is True
        assert cell.reasons == {}


def test_predicted_steps_are_about_the_steps_taken() -> None:
    spec = parse(SMALL)
    made = plan(spec, TWO)
    taken = 0
    for one in made.packs:
        for report in train(
            pack(spec, [made.trials[i] for i in one.members], "p"), place=None, resume=None, stop=lambda: False
        ):
            taken += sum(outcome.steps for outcome in report.outcomes)
    assert forecast(spec, made, TWO).cost.steps == pytest.approx(taken, rel=0.05)


def test_predicted_steps_under_settled_are_about_the_steps_taken_where_t2_is_far() -> None:
    far = changed("/regularizer/beta", [1e-8, 1e-7], SMALL | {"budget": {"max_steps": 10**10}})
    spec = parse(far)
    made = plan(spec, TWO)
    outcomes = [
        outcome
        for one in made.packs
        for report in train(pack(spec, [made.trials[i] for i in one.members], "p"))
        for outcome in report.outcomes
    ]
    assert {outcome.obtained for outcome in outcomes} == {"fast_forward"}
    found = forecast(spec, made, TWO, PATIENT)
    assert found.cost.steps == pytest.approx(sum(outcome.steps for outcome in outcomes), rel=1e-3)
    assert found.cost.seconds < 60  # taking those steps would be hours


def test_the_synthetic_law_is_predicted_exactly() -> None:
    found = predicted(SYNTHETIC)
    assert [cell["t2_predicted"] for cell in found["cells"]] == pytest.approx([5000, 500])
    assert found["predicted"]["steps"] == 5 * (6000 + 1500)


def test_the_answer_has_the_sizes_of_the_plan() -> None:
    found = predicted(SMALL)
    assert {name: found[name] for name in ("trials", "configurations", "draws", "packs")} == {
        "trials": 12,
        "configurations": 4,
        "draws": 3,
        "packs": 1,
    }
    assert found["looked_at"] == {"cells": 4, "draws": 3, "limits": []}
    assert found["warnings"] == []
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_a_floor_above_the_threshold_is_a_warning() -> None:
    found = predicted(changed("/regularizer/beta", [1e-4, 3e-2], SMALL))
    assert [cell["feasible"] for cell in found["cells"]] == [True, True, False, False]
    assert "2 of 4 cells (configurations 2, 3): the predicted floor" in messages(found)["/budget/test_threshold"]


def test_a_floor_near_the_threshold_is_a_warning() -> None:
    found = predicted(changed("/regularizer/beta", 1.5e-3, SMALL))
    assert "lies above a tenth of the test threshold" in messages(found)["/budget/test_threshold"]


def test_a_step_size_above_its_limit_is_a_warning() -> None:
    found = predicted(changed("/optimizer/alpha", [0.1, 0.5], SMALL))
    assert "6 of 12 trials looked at will be diverged at once" in messages(found)["/optimizer/alpha"]
    assert found["cells"][1]["t2_predicted"] is None
    assert "alpha is not below its limit" in found["cells"][1]["reasons"]["t2_predicted"]


def test_a_time_beyond_the_budget_is_a_warning() -> None:
    found = predicted(changed("/budget/max_steps", 1000, SMALL))
    assert "t2 is predicted beyond max_steps = 1000" in messages(found)["/budget/max_steps"]
    assert found["predicted"]["steps"] <= 12 * 1000


def test_where_theory_gives_no_time_the_reason_is_told_and_the_whole_budget_counted() -> None:
    data = SMALL | {"regularizer": {"kind": "l2", "beta": 1e-4}, "optimizer": {"kind": "gd", "alpha": 0.1}}
    found = predicted(data)
    [cell] = found["cells"]
    assert cell["t2_predicted"] is None
    assert cell["reasons"]["t2_predicted"] == "without an l1 term there is no sign flow"
    assert cell["feasible"] is False
    assert found["predicted"]["steps"] == 3 * 100_000
    assert found["predicted"]["trials_without_prediction"] == 3
    assert "for 3 of 3 trials theory gives no t2" in messages(found)["/budget/max_steps"]


def test_repeated_points_are_a_warning() -> None:
    found = predicted(SMALL | {"search": {"kind": "random", "num_configs": 50}})
    assert messages(found)["/search/num_configs"] == "of 50 points drawn 4 differ; each is planned once"


def test_more_draws_than_can_be_looked_at_are_said_and_extrapolated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grokscale.studies.plan.sample.DRAWS", 8)
    all_of_them, more = predicted(SMALL | {"seeds": 8}), predicted(SMALL | {"seeds": 12})
    assert all_of_them["looked_at"] == {"cells": 4, "draws": 8, "limits": []}
    assert more["looked_at"] == {"cells": 4, "draws": 8, "limits": ["8 of 12 draws are looked at"]}
    assert more["cells"] == all_of_them["cells"]
    assert more["predicted"]["steps"] == pytest.approx(all_of_them["predicted"]["steps"] * 12 / 8, rel=0.1)


def test_more_cells_than_can_be_looked_at_are_said() -> None:
    data = changed("/regularizer/beta", {"log": [1e-3, 1e-2], "num": 3000}, SYNTHETIC)
    found = predicted(data)
    assert len(found["cells"]) == 1000
    assert "1000 of 3000 cells are looked at" in found["looked_at"]["limits"]
    exact = sum(5 * (0.5 / (0.1 * beta) + 1000) for beta in np.geomspace(1e-3, 1e-2, 3000))
    assert found["predicted"]["steps"] == pytest.approx(exact, rel=0.01)


def test_predictions_stop_when_their_time_is_up() -> None:
    spec = parse(SMALL | {"seeds": 60})
    made = plan(spec, TWO)
    looked = sample("sparse_recovery", 0, made, budget(spec), "step", seconds=0)
    assert len(looked.known) == 1
    assert looked.limits == ("predictions stopped after 0 s",)
    assert cost("sparse_recovery", made, looked.known, budget(spec), slots=2, engine="step").unpredicted == 0


def test_dimensions_too_large_to_predict_are_said_at_once() -> None:
    started = time.perf_counter()
    found = predicted(changed("/task/n", 5000, SMALL) | {"seeds": 1})
    assert time.perf_counter() - started < 1
    assert found["looked_at"]["limits"] == ["cells with n above 1000 are not predicted"]
    assert found["cells"][0]["t2_predicted"] is None
    assert found["cells"][0]["reasons"]["t2_predicted"] == "not computed"
    assert found["predicted"]["trials_without_prediction"] == 4


def timed(**fields: Any) -> Forecast:
    strengths = {"regularizer": {"kind": "l1", "beta": {"log": [1e-4, 4e-4], "num": 16}}}
    spec = parse(SMALL | strengths | {"seeds": 8} | fields)
    return forecast(spec, plan(spec, Resources(8)), Resources(8), PATIENT)


def test_more_packs_side_by_side_take_less_time_and_more_memory() -> None:
    narrow, wide = timed(resources={"max_packs": 1}), timed(resources={"max_packs": 8})
    assert narrow.cost.seconds > 2 * wide.cost.seconds
    assert len(wide.plan.packs) == 8
    assert math.isfinite(wide.cost.seconds)
    assert narrow.cost.memory_bytes < wide.cost.memory_bytes


def test_a_limit_of_seconds_bounds_the_time() -> None:
    bounded = {"budget": SMALL["budget"] | {"max_seconds": 0.001}, "resources": {"max_packs": 1}}
    found = timed(**bounded)
    assert found.cost.seconds <= 0.001 * len(found.plan.packs)
