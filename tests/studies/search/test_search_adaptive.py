"""Adaptive searches: proposals follow from the rows alone, never repeat, and find a known optimum before chance."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from grokscale.studies.pareto import pareto
from grokscale.studies.plan import Resources, plan
from grokscale.studies.search import configurations, swept
from grokscale.studies.spec import parse
from grokscale.studies.store import Store, open_store
from grokscale.trainers.trial import ErrorPoint, Outcome, Trial
from tests.service.outcomes import exact
from tests.studies.search import driving

KINDS = ["tpe", "cmaes", "gp"]
FEW = {"gp": 12}
"""A Gaussian process proposes a point in half a second, the others in a few milliseconds."""
MOST = 3e-4
BOUNDED = {"minimize": "t2", "subject_to": {"error_min": {"max": MOST}}}


SPARSE: dict[str, Any] = {
    "task": {"kind": "sparse_recovery", "n": 24, "s": 2, "N": 18},
    "regularizer": {"kind": "l1", "beta": {"log": [1e-5, 1e-1]}},
    "optimizer": {"kind": "proximal", "alpha": {"log": [1e-2, 3]}},
    "budget": {"max_steps": 100_000, "test_threshold": 2e-2, "train_threshold": 2e-2},
    "engine": "fast_forward",
    "seeds": 1,
}


@pytest.fixture
def here(tmp_path: Any) -> Store:
    """One kind of database: what proposals need of it is tested on both, with the store."""
    store = open_store(f"sqlite:///{tmp_path / 'grokscale.db'}")
    store.migrate()
    return store


def bowl(trial: Trial) -> Outcome:
    """t2 is least at alpha = 0.1 and beta = 1e-3; the error is beta / 10^0.5; trials diverge above alpha = 0.3."""
    a, b = (math.log10(float(trial.config[name] or 0)) for name in ("alpha", "beta"))
    if a > math.log10(0.3):
        return Outcome(trial.index, "diverged", None, 3)
    t2 = round(1000 * math.exp(2 * (a + 1) ** 2 + (b + 3) ** 2 + 0.1 * trial.seed))
    error = ErrorPoint(10 ** (b - 0.5), t2)
    return Outcome(trial.index, "generalised", "stepped", t2 + 10, t2=exact(t2), errors={"min": error})


def best(store: Store, study_id: str, y: str = "error_min", most: float | None = MOST) -> float:
    """The log of the least t2 within the bound; 1e12 steps where nothing is."""
    found = pareto(store.table(study_id), "t2", y, most)["best"]
    return math.log(found["x"]["value"] if found else 1e12)


@pytest.mark.parametrize(("kind", "num", "seeds"), [("tpe", 24, 5), ("cmaes", 24, 5), ("gp", 16, 2)])
def test_a_search_comes_closer_to_a_known_optimum_than_as_many_random_points(
    here: Store, kind: str, num: int, seeds: int
) -> None:
    """Under the bound t2 is least at alpha = 0.1 and the largest beta allowed, 10^0.5 MOST."""
    optimum = math.log(1000) + (math.log10(MOST) + 0.5 + 3) ** 2 + 0.05

    def mean(kind: str) -> float:
        specs = [driving.adaptive(kind, num, 8, BOUNDED, seed=seed) for seed in range(seeds)]
        return float(np.mean([best(here, driving.complete(here, spec, bowl)) for spec in specs]))

    assert optimum - 1e-2 <= mean(kind) < mean("random")


@pytest.mark.parametrize(
    ("kind", "num", "batch", "seeds"),
    [("tpe", 32, 4, 4), ("cmaes", 24, 6, 4), pytest.param("gp", 24, 4, 3, marks=pytest.mark.slow)],
)
def test_a_search_finds_faster_sparse_recovery_under_an_error_bound_than_random_points(
    here: Store, kind: str, num: int, batch: int, seeds: int
) -> None:
    """Trained, not drawn: t2 falls as 1/(alpha beta), the last error rises with beta, a large alpha diverges."""
    objective = {"minimize": "t2", "subject_to": {"error_settled": {"max": 1e-2}}}

    def mean(kind: str) -> float:
        specs = [driving.adaptive(kind, num, batch, objective, seed=seed, **SPARSE) for seed in range(seeds)]
        studies = [driving.complete(here, spec, None) for spec in specs]
        return float(np.mean([best(here, study, "error_settled", 1e-2) for study in studies]))

    assert mean(kind) < mean("random")


@pytest.mark.parametrize("kind", KINDS)
def test_after_any_batch_a_new_process_proposes_what_the_old_one_would_have(tmp_path: Any, kind: str) -> None:
    """One study runs through; the other's store is closed and opened anew before each batch."""
    spec = driving.adaptive(kind, FEW.get(kind, 24), 4, BOUNDED, seed=3)
    stores = [open_store(f"sqlite:///{tmp_path / name}.db") for name in ("through", "again")]
    for store in stores:
        store.migrate()
    through, again = stores
    whole = through.table(driving.complete(through, spec, bowl))
    lease = driving.submit(again, spec)
    while True:
        driving.end_packs(again, lease, spec, bowl)
        again.close()
        again = open_store(f"sqlite:///{tmp_path / 'again'}.db")
        progress = again.study(lease.study_id).progress
        if progress.ended == progress.total:
            break
        driving.add_batch(again, lease, spec)
    names = ["index", "configuration", "seed", "alpha", "beta", "t2_step"]
    assert again.table(lease.study_id).select(names) == whole.select(names)


@pytest.mark.parametrize("objective", [driving.T2, ["t1", "t2"]])
@pytest.mark.parametrize("kind", ["tpe", "gp"])
def test_points_of_few_values_are_tried_once_each_until_none_is_left(here: Store, kind: str, objective: Any) -> None:
    few = {
        "regularizer": {"kind": "l1", "beta": [1e-4, 1e-3, 1e-2]},
        "optimizer": {"kind": "proximal", "alpha": {"log": [1e-3, 1e-1], "num": 4}},
    }
    spec = driving.adaptive(kind, 12, 2, objective, **few)
    study_id = driving.complete(here, spec)
    points = {tuple(row.values()) for row in here.table(study_id).select(["alpha", "beta"]).to_pylist()}
    assert len(points) == 12
    assert here.study(study_id).progress.total == 24


def test_whole_numbers_stay_whole(here: Store) -> None:
    task = {"kind": "sparse_recovery", "n": 24, "s": 2, "N": {"linear": [12, 24]}}
    spec = driving.adaptive("tpe", 12, 2, driving.T2, task=task, seeds=1)
    table = here.table(driving.complete(here, spec))
    assert all(isinstance(N, int) and 12 <= N <= 24 for N in table["N"].to_pylist())


def test_another_seed_of_the_study_tries_other_points() -> None:
    one, same, other = (configurations(driving.adaptive("tpe", seed=seed)) for seed in (0, 0, 1))
    assert one == same != other


def test_the_first_batch_is_planned_at_once_and_all_trials_are_counted() -> None:
    spec = driving.adaptive("tpe", 30, 5)
    made = plan(spec, Resources(2))
    assert (made.configurations, len(made.trials), made.total) == (8, 16, 60)
    assert len({tuple(config[name] for name in swept(spec)) for config in configurations(spec)}) == 8


def test_a_study_of_fewer_configurations_than_a_batch_has_one_batch(here: Store) -> None:
    spec = driving.adaptive("gp", 3, 8)
    assert here.table(driving.complete(here, spec)).num_rows == 6


def test_the_search_of_a_specification_is_left_alone() -> None:
    spec = driving.adaptive("tpe")
    assert parse(spec.canonical()).hash() == spec.hash()
