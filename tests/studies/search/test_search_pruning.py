"""Pruned trials of an adaptive search: when they end, and that they are counted and no part of a fit."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest

from grokscale.studies.laws import Request, fit_family, law
from grokscale.studies.pareto import pareto_of
from grokscale.studies.search.goals import prune_after, told
from grokscale.studies.store import Store
from tests.studies.search.driving import adaptive, add_batch, complete, end_packs, submit

FACTOR = 3.0
SEARCH = {"kind": "tpe", "num_configs": 24, "batch": 4, "objective": {"minimize": "t2"}, "prune": FACTOR}
SPEC = adaptive("tpe", search=SEARCH)


def test_nothing_is_pruned_before_something_is_known(store: Store) -> None:
    lease = submit(store, SPEC)
    assert [pack.prune_after for pack in store.open_packs(lease)] == [None] * len(store.open_packs(lease))


def test_a_batch_is_pruned_by_the_best_of_those_before_it(store: Store) -> None:
    lease = submit(store, SPEC)
    end_packs(store, lease, SPEC, None)
    rows = store.table(lease.study_id).to_pylist()
    medians = [
        math.exp(np.mean([math.log(row["t2_step"]) for row in rows if row["configuration"] == number]))
        for number in range(8)
    ]
    limit = math.ceil(FACTOR * min(medians))
    assert prune_after(store.table(lease.study_id), SPEC) == limit
    add_batch(store, lease, SPEC)
    opened = store.open_packs(lease)
    assert {pack.prune_after for pack in opened} == {limit}
    # a pack that fails until it is halved hands its limit down
    assert store.fail_pack(lease, opened[0].id, {"message": "x"}, 1) == "halved"
    assert {pack.prune_after for pack in store.open_packs(lease)} == {limit}


def test_pruned_trials_are_counted_and_outside_fits(store: Store) -> None:
    study = complete(store, SPEC, None)
    table = store.table(study)
    rows = table.to_pylist()
    pruned = [row for row in rows if row["outcome"] == "pruned"]
    assert Counter(row["outcome"] for row in rows) == Counter(generalised=len(rows) - len(pruned), pruned=len(pruned))
    assert len(pruned) >= 2
    best = min(row["t2_step"] for row in rows if row["t2_step"] is not None)
    limits = {pack.number: pack.prune_after for pack in store.packs(study)}
    for row in pruned:
        # what it would have taken: the task's own law
        assert row["steps"] == limits[row["pack"]] < 0.1 / (row["alpha"] * row["beta"])
        assert row["steps"] >= 2 * best
    for row in rows:
        assert row["limit"] == min(SPEC.budget.max_steps, limits[row["pack"]] or math.inf)
    answer = law(table, "t2")
    assert answer["censored"]["pruned"] == len(pruned)
    assert answer["n"] == len(rows) - len(pruned)
    assert answer["censored"]["right"] == 0
    assert any(f"{len(pruned)} trials were pruned" in warning for warning in answer["warnings"])
    assert answer["exponent"]["value"] == pytest.approx(1, abs=5e-3)  # ten steps are rounded up to eleven
    assert fit_family(table, Request()).result["censored"]["pruned"] == len(pruned)
    points = pareto_of(store.study(study).spec["search"], table, "t2", "t1", None, 1000)
    assert all(point["config"] for point in points["points"])


def test_a_sampler_is_told_that_a_pruned_trial_is_late(store: Store) -> None:
    table = store.table(complete(store, SPEC, None))
    values = {known.point: known.values[0] for known in told(table, SPEC)}
    assert all(known.constraints["reach"] <= 0 for known in told(table, SPEC))
    rows = [row for row in table.to_pylist() if row["outcome"] == "pruned"]
    both = Counter((row["alpha"], row["beta"]) for row in rows)
    late = [row for row in rows if both[row["alpha"], row["beta"]] == 2]
    assert late
    named = {tuple(sorted(point)): value for point, value in values.items()}
    for row in late:
        assert named[tuple(sorted((row["alpha"], row["beta"])))] == pytest.approx(math.log(2 * row["steps"]))
