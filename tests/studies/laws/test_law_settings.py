"""Fields that are neither data nor asked for: a draw is what the plan says, and they take nothing from the law."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grokscale.studies.laws import Request, fit_family, law
from grokscale.studies.plan import Plan, Resources, plan
from grokscale.studies.spec import parse
from grokscale.studies.store import open_store
from grokscale.trainers.pack import train
from grokscale.trainers.trial import Budget, Pack
from tests.studies.laws.tables import Row, crossing, grid, power_law, table

PAPER = "1/(alpha*beta)"


def trained(folder: Path, **task: Any) -> tuple[Any, Plan]:
    """The table of a synthetic study that has ended, and its plan."""
    spec = parse(
        {
            "name": "a known law",
            "task": {"kind": "synthetic", **task},
            "regularizer": {"kind": "l1", "beta": [1e-5, 1e-4, 1e-3]},
            "optimizer": {"kind": "proximal", "alpha": [0.01, 0.1]},
            "seeds": 3,
        }
    )
    planned = plan(spec, Resources(cpus=1))
    store = open_store(f"sqlite:///{folder / 'store.db'}")
    store.migrate()
    study = store.add_study(spec, planned, versions={})
    lease = store.claim("runner", 60)
    assert lease is not None
    for pack in store.open_packs(lease):
        whole = Pack(pack.id, "synthetic", store.pack_trials(pack.id), spec.seed, Budget(max_steps=10**12))
        store.commit(lease, pack.id, [o for report in train(whole) for o in report.outcomes], 1, "here")
    found = store.table(study.id)
    store.close()
    return found, planned


@pytest.fixture(scope="module", params=[0.0, 0.4], ids=["draws alike", "draws differ"])
def swept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Plan]:
    """A study of two prefactors and three seeds."""
    return trained(tmp_path_factory.mktemp("swept"), prefactor=[0.1, 1], draw_sigma=request.param)


@pytest.mark.parametrize("asked", [{}, {"terms": ("alpha", "beta")}, {"terms": ("alpha", "beta", "prefactor")}])
def test_a_swept_prefactor_makes_no_draws(swept: tuple[Any, Plan], asked: dict[str, Any]) -> None:
    found, planned = swept
    answer = law(found, "t2", **asked)
    assert (planned.draws, answer["draws"], answer["streams"], answer["n"]) == (3, 3, 3, 36)
    assert answer["intercepts"] == "fixed"
    exponents = answer["exponents"] or {"x": answer["exponent"]}
    for name, exponent in exponents.items():
        low, high = exponent["ci95"]
        assert exponent["value"] == pytest.approx(-1 if name in ("alpha", "beta") else 1, abs=2e-4)
        assert high - low < 5e-4


def test_models_without_it_are_as_narrow(swept: tuple[Any, Plan]) -> None:
    answer = fit_family(swept[0], Request(models=("M0", "M2", "M3"))).result
    found = answer["models"]["M2"]["parameters"]
    assert found["prefactor=1.0"]["value"] == pytest.approx(math.log(10), abs=1e-3)
    assert found[PAPER]["value"] == pytest.approx(1, abs=2e-4)
    assert np.ptp(found[PAPER]["ci95"]) < 5e-4


def test_a_spread_of_draws_that_is_swept_makes_them(tmp_path: Path) -> None:
    found, planned = trained(tmp_path, draw_sigma=[0.1, 0.4])
    assert planned.draws == law(found, "t2")["draws"] == 6


def with_settings(factor: float) -> list[Row]:
    """Two optimisers on the same data, one of them so many times slower."""
    rows = power_law(grid(), sigma=0.01)
    slow = [row | crossing("t2", "exact", math.ceil(factor * row["t2_step"])) for row in rows]
    return [row | {"optimizer": "gd"} for row in rows] + [row | {"optimizer": "subgradient"} for row in slow]


def test_each_of_their_values_has_a_level_and_the_prefactor_is_their_mean() -> None:
    plain, both = law(table(power_law(grid(), sigma=0.01)), "t2"), law(table(with_settings(7.0)), "t2")
    assert both["exponent"]["value"] == pytest.approx(plain["exponent"]["value"], abs=1e-6)
    assert both["exponent"]["se"] < plain["exponent"]["se"]
    assert both["sigma"] == pytest.approx(plain["sigma"], rel=0.1)
    assert both["prefactor"]["value"] == pytest.approx(math.sqrt(7) * plain["prefactor"]["value"], rel=1e-6)
    assert any(warning.startswith("optimizer: varies within draws") for warning in both["warnings"])


def test_a_model_that_is_not_in_them_has_them_as_parameters() -> None:
    answer = fit_family(table(with_settings(7.0)), Request(models=("M0", "M2", "M3"))).result
    for name in ("M0", "M2", "M3"):
        found = answer["models"][name]["parameters"]["optimizer=subgradient"]
        assert found["value"] == pytest.approx(math.log(7), abs=1e-6)
    assert answer["models"]["M2"]["parameters"][PAPER]["value"] == pytest.approx(1, abs=0.01)
    assert answer["extrapolation"]["M2"]["rmse"] < 0.05
    assert "M2 in M3" in answer["likelihood_ratios"]


def test_models_are_compared_only_where_one_holds_the_other() -> None:
    rows = [
        row | {"init_scale": scale, **crossing("t2", "exact", math.ceil(row["t2_step"] * scale**0.1))}
        for scale in (1e-3, 1e-2, 1e-1)
        for row in power_law(grid(), sigma=0.01)
    ]
    answer = fit_family(table(rows), Request(models=("M0", "M2", "M3"))).result
    # M3 has one exponent of init_scale, M2 two levels of it
    assert set(answer["likelihood_ratios"]) == {"M0 in M2"}
    assert answer["models"]["M3"]["parameters"]["init_scale"]["value"] == pytest.approx(0.1, abs=0.01)


def test_in_a_random_search_they_count_as_scatter() -> None:
    rng = np.random.default_rng(0)
    points = [(10 ** rng.uniform(-2, -1), 10 ** rng.uniform(-5, -3), 10 ** rng.uniform(-6, -3)) for _ in range(15)]
    rows = [
        {"configuration": k, "seed": seed, "alpha": a, "beta": b, "init_scale": scale}
        for k, (a, b, scale) in enumerate(points)
        for seed in range(3)
    ]
    answer = law(table(power_law(rows, sigma=0.05)), "t2")
    assert answer["exponent"]["value"] == pytest.approx(1, abs=0.05)
    assert any(warning.startswith("init_scale: varies within draws") for warning in answer["warnings"])
    assert any("counts as scatter" in warning for warning in answer["warnings"])


def test_two_studies_of_the_same_data_have_their_own_levels() -> None:
    rows = with_settings(3.0)
    told = [row | {"study": "one" if row["optimizer"] == "gd" else "two"} for row in rows]
    answer = fit_family(table(told), Request(models=("M2",))).result
    assert (answer["draws"], answer["intercepts"]) == (10, "fixed")
    parameters = answer["models"]["M2"]["parameters"]
    assert parameters["study[two]"]["value"] == pytest.approx(math.log(3), abs=1e-6)
    assert parameters[PAPER]["value"] == pytest.approx(1, abs=0.01)
    assert answer["by_study"]["exponents"]["two"]["value"] == pytest.approx(1, abs=0.01)
