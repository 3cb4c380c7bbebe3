"""Fronts of whole studies: medians over the seeds, what is left out and why, the best under a bound."""

from __future__ import annotations

import json
from typing import Any

import pytest

from grokscale.studies.pareto import pareto, pareto_of
from grokscale.studies.store import Lease, Store
from grokscale.trainers.trial import Crossing, ErrorPoint, Outcome, OutcomeWord, Trial
from tests.service.outcomes import exact
from tests.studies.search import driving

SEEN = {0: (100, 1e-1), 1: (200, 1e-2), 2: (400, 2e-2), 3: (800, 1e-3)}


def end(trial: Trial) -> Outcome:
    """Four configurations whose seeds differ by a factor of 2, then four that have no t2, each for its own reason."""
    if trial.configuration in SEEN:
        t2, error = SEEN[trial.configuration]
        t2 *= 2**trial.seed
        errors = {"min": ErrorPoint(error / 2**trial.seed, t2)}
        return Outcome(trial.index, "generalised", "stepped", t2 + 5, t2=exact(t2), errors=errors)
    words: list[tuple[OutcomeWord, Crossing | None]] = [
        ("diverged", None),
        ("infeasible", Crossing(None, 50, None, "infeasible")),
        ("memorised", Crossing(None, 50, None, "right")),
        ("failed", None),
    ]
    word, t2 = words[trial.configuration - 4]
    if trial.configuration == 4 and trial.seed == 0:
        return Outcome(trial.index, "generalised", "stepped", 20, t2=exact(10), errors={"min": ErrorPoint(1e-6, 10)})
    return Outcome(trial.index, word, "stepped", 50, t2=t2)


def lease_of(store: Store, objective: Any = driving.T2, seeds: int = 3) -> Lease:
    spec = driving.adaptive("tpe", 10, 8, objective, seeds=seeds)
    lease = driving.submit(store, spec)
    driving.end_packs(store, lease, spec, end)
    return lease


def answer(store: Store, lease: Lease, *asked: Any) -> dict[str, Any]:
    found = pareto_of(
        store.study(lease.study_id).spec["search"], store.table(lease.study_id), *(*asked, None, None, None)[:3], 1000
    )
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["text"].isascii()
    return found


def test_each_configuration_is_there_with_its_medians_or_the_reason_why_not(store: Store) -> None:
    found = answer(store, lease_of(store), "t2", "error_min")
    points = {point["configuration"]: point for point in found["points"]}
    assert points[1]["x"] == {"value": pytest.approx(400), "low": pytest.approx(200), "high": pytest.approx(800)} | {
        "reached": 3,
        "seeds": 3,
        "reason": None,
    }
    assert points[1]["y"]["value"] == pytest.approx(5e-3)
    assert {number: point["left_out"] for number, point in points.items()} == dict.fromkeys(range(4)) | {
        4: "diverged",
        5: "infeasible",
        6: "right",
        7: "failed",
    }
    assert points[4]["x"]["reached"] == 1
    assert points[4]["x"]["value"] is None
    assert points[4]["x"]["reason"] == "diverged"
    assert found["left_out"] == {"diverged": 1, "infeasible": 1, "right": 1, "failed": 1}
    assert (found["configurations"], found["complete"], found["not_proposed_yet"]) == (8, 4, 2)


def test_the_front_leaves_out_what_is_slower_and_worse(store: Store) -> None:
    found = answer(store, lease_of(store), "t2", "error_min")
    assert found["front"] == [0, 1, 3]
    assert [point["configuration"] for point in found["points"]][:4] == [0, 1, 3, 2]


@pytest.mark.parametrize(("most", "best"), [(None, 0), (1e-2, 1), (1e-3, 3), (1e-5, None)])
def test_the_best_is_the_fastest_within_the_bound(store: Store, most: float | None, best: int | None) -> None:
    found = answer(store, lease_of(store), "t2", "error_min", most)
    assert (found["best"] and found["best"]["configuration"]) == best
    assert (found["best_reason"] is None) == (best is not None)


def test_an_adaptive_study_answers_for_its_own_objective(store: Store) -> None:
    objective = {"minimize": "t2", "subject_to": {"error_min": {"max": 1e-2}}}
    found = answer(store, lease_of(store, objective))
    assert (found["x"], found["y"], found["max_error"]) == ("t2", "error_min", 1e-2)
    assert found["text"].startswith("t2 400 [200, 800] is the least with error_min at most 0.01 at beta ")
    assert "4 left out: 1 diverged, 1 failed, 1 infeasible, 1 right." in found["text"]


def test_a_configuration_of_two_seeds_needs_both(store: Store) -> None:
    found = answer(store, lease_of(store, seeds=2), "t2", "error_min")
    assert {point["configuration"]: point["left_out"] for point in found["points"]}[4] == "diverged"


def test_a_study_of_which_nothing_has_ended_has_no_front_yet(store: Store) -> None:
    lease = driving.submit(store, driving.adaptive("tpe", 10, 8))
    found = answer(store, lease, "t2", "error_min")
    assert (found["front"], found["best"], found["left_out"]) == ([], None, {"pending": 8})
    assert found["text"].startswith("No configuration has both t2 and error_min.")


def test_the_points_listed_can_be_limited(store: Store) -> None:
    lease = lease_of(store)
    found = pareto(store.table(lease.study_id), "t2", "error_min", limit=2)
    assert [point["configuration"] for point in found["points"]] == [0, 1]
