"""An adaptive study on Ray that is paused and goes on, that is stopped, and that is cancelled."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from grokscale.studies.store import open_store
from tests.studies.runner.bench import PATIENCE, Bench, Gate, exact_t2, synthetic, wait_until
from tests.studies.search import driving

pytestmark = [pytest.mark.fault, pytest.mark.slow]

CONFIGURATIONS, SEEDS = 16, 2
TRIALS = CONFIGURATIONS * SEEDS
FIRST = TRIALS // 2
"""Trials of the first batch, which is drawn before there is anything to learn from."""
RANGES: dict[str, Any] = {"alphas": {"log": [1e-3, 1e-1]}, "betas": {"log": [1e-3, 1e-2]}, "seeds": SEEDS}
SEARCH = {"kind": "tpe", "num_configs": CONFIGURATIONS, "batch": 4, "objective": {"minimize": "t2"}}


def test_an_adaptive_study_that_was_paused_is_that_of_an_undisturbed_one(bench: Bench, gate: Gate) -> None:
    # the second batch does not end while the gate is shut
    faults = gate.before(*range(FIRST, TRIALS))
    spec = synthetic("adaptive, paused", **RANGES, faults=faults, search=SEARCH)
    study = bench.submit(spec)
    bench.wait_for_trials(study, FIRST // 2)
    bench.store.transition(study, "pause")
    paused = bench.wait(study, "paused", 20).progress.ended
    assert FIRST // 2 <= paused < TRIALS
    assert len(bench.trials(study)) < TRIALS, "batches are still to come"
    gate.open()
    bench.store.transition(study, "resume")
    bench.wait(study, "completed")
    trials = bench.trials(study)
    assert [trial.t2 and trial.t2.step for trial in trials] == [exact_t2(trial) for trial in trials]
    assert Counter(bench.trial_events(study)) == dict.fromkeys(range(TRIALS), 1)
    store = open_store(f"sqlite:///{bench.settings.data_dir / 'undisturbed'}.db")
    store.migrate()
    undisturbed = store.iter_trials(driving.complete(store, spec, None))
    assert [trial.config for trial in trials] == [trial.config for trial in undisturbed]
    store.close()


def test_late_trials_are_pruned_as_they_are_without_ray(bench: Bench) -> None:
    spec = synthetic("adaptive, pruned", **RANGES, seconds=0.02, search={**SEARCH, "prune": 2})
    study = bench.submit(spec)
    bench.wait(study, "completed")
    store = open_store(f"sqlite:///{bench.settings.data_dir / 'alone'}.db")
    store.migrate()
    alone = store.iter_trials(driving.complete(store, spec, None))
    found = [(trial.config, trial.outcome, trial.steps, trial.t2) for trial in bench.trials(study)]
    assert found == [(trial.config, trial.outcome, trial.steps, trial.t2) for trial in alone]
    assert Counter(outcome for _, outcome, _, _ in found)["pruned"] >= 2
    store.close()


def test_stop_drains_the_batch_that_runs_and_proposes_no_other(bench: Bench, gate: Gate) -> None:
    faults = gate.before(*range(FIRST))
    study = bench.submit(synthetic("adaptive, stopped", **RANGES, faults=faults, search=SEARCH))
    wait_until(lambda: bench.store.packs(study)[0].state == "running", PATIENCE, "a pack runs")
    bench.store.transition(study, "stop")
    gate.open()
    progress = bench.wait(study, "stopped").progress
    known = {trial.index: trial.outcome for trial in bench.trials(study)}
    assert len(known) == FIRST
    assert set(known.values()) == {"generalised"}
    assert progress.ended == len(known)


def test_cancel_ends_it_and_proposes_no_other(bench: Bench, gate: Gate) -> None:
    faults = gate.before(*range(FIRST))
    study = bench.submit(synthetic("adaptive, cancelled", **RANGES, faults=faults, search=SEARCH))
    wait_until(lambda: bench.store.packs(study)[0].state == "running", PATIENCE, "a pack runs")
    assert bench.store.transition(study, "cancel") == "cancelling"
    progress = bench.wait(study, "cancelled", 10).progress
    assert len(bench.trials(study)) == FIRST
    assert progress.by_outcome == {"cancelled": FIRST}
