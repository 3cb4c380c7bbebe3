"""Studies from the queue to their end, on a real cluster."""

from __future__ import annotations

import hashlib
import pickle
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from grokscale.studies.spec import parse
from grokscale.trainers.pack import train
from grokscale.trainers.trial import Budget, Pack, Trial
from tests.studies.runner.bench import PATIENCE, Bench, Gate, exact_t2, synthetic, wait_until


def test_every_trial_of_a_synthetic_study_ends_once_with_its_known_t2(bench: Bench) -> None:
    study = bench.submit(synthetic("known law", seeds=8))
    record = bench.wait(study, "completed")
    trials = bench.trials(study)
    assert record.progress.by_outcome == {"generalised": 128}
    assert [trial.t2 and trial.t2.step for trial in trials] == [exact_t2(trial) for trial in trials]
    assert Counter(bench.trial_events(study)) == dict.fromkeys(range(128), 1)
    assert {pack.state for pack in bench.store.packs(study)} == {"ended"}
    assert record.progress.steps_per_second == 0
    assert not bench.checkpoints(study).exists()


def test_sparse_recovery_on_the_cluster_gives_what_one_pack_in_this_process_gives(bench: Bench) -> None:
    spec = parse(
        {
            "name": "sparse",
            "task": {"kind": "sparse_recovery", "n": 20, "s": 2, "N": 12},
            "regularizer": {"kind": "l1", "beta": [3e-3, 1e-2]},
            "optimizer": {"kind": "proximal", "alpha": [0.05, 0.1]},
            "seeds": 16,
            "budget": {"max_steps": 200_000},
        }
    )
    study = bench.submit(spec)
    (waiting, *others) = bench.store.packs(study)
    planned = [trial for pack in (waiting, *others) for trial in bench.store.pack_trials(pack.id)]
    assert others, "the study runs as several packs"
    bench.wait(study, "completed")
    found = {t.index: (t.outcome, t.t1 and t.t1.step, t.t2 and t.t2.step) for t in bench.trials(study)}
    assert found == trained_here(spec.seed, sorted(planned, key=lambda trial: trial.index))


def trained_here(study_seed: int, trials: list[Trial]) -> dict:
    pack = Pack("here", "sparse_recovery", tuple(trials), study_seed, Budget(max_steps=200_000))
    outcomes = [outcome for report in train(pack) for outcome in report.outcomes]
    return {o.index: (o.outcome, o.t1 and o.t1.step, o.t2 and o.t2.step) for o in outcomes}


def states(bench: Bench, study: str) -> list[str]:
    """The states of its packs."""
    return sorted(pack.state for pack in bench.store.packs(study))


def test_a_second_study_gets_its_share_and_the_first_goes_on_where_it_was(
    bench: Bench, gate: Gate, tmp_path: Path
) -> None:
    beside = Gate(tmp_path / "beside")
    # two packs of 32 trials, one on each CPU, which never end
    long = bench.submit(synthetic("long", seeds=4, faults=gate.before(*range(4))))
    bench.wait_for_trials(long, 2)
    wait_until(lambda: states(bench, long) == ["running", "running"], PATIENCE, "both packs run")
    short = bench.submit(synthetic("short", faults=beside.before(0)))
    wait_until(lambda: states(bench, short) == ["running"], PATIENCE, "the second study runs")
    assert states(bench, long) == ["running", "waiting"], "a pack that made room does not say that it runs"
    beside.open()
    bench.wait(short, "completed")
    assert bench.study(long).state == "running"
    again = lambda: sorted(pack.attempt for pack in bench.store.packs(long))  # noqa: E731
    wait_until(lambda: again() == [1, 2], PATIENCE, "the pack that made room runs again")
    bench.store.transition(long, "cancel")
    bench.wait(long, "cancelled", 20)
    counts = Counter(bench.trial_events(long))
    assert len(counts) >= 2
    assert set(counts.values()) == {1}


def test_cancel_ends_a_study_within_seconds_even_where_a_pack_hangs(bench: Bench) -> None:
    study = bench.submit(synthetic("hung and cancelled", seconds=1.0, faults={"hang": [0]}))
    wait_until(lambda: bench.store.packs(study)[0].state == "running", PATIENCE, "a pack runs")
    assert bench.store.transition(study, "cancel") == "cancelling"
    record = bench.wait(study, "cancelled", 10)
    assert record.progress.ended == 16
    assert record.progress.by_outcome["cancelled"] >= 1
    assert not bench.checkpoints(study).exists()


def test_stop_drains_the_packs_that_run_and_cancels_the_rest(bench: Bench, gate: Gate) -> None:
    # three bands of two packs of 64 trials: two packs at a time, which end when they may
    study = bench.submit(synthetic("stopped", seeds=24, faults=gate.before(*range(24))))
    assert len(bench.store.packs(study)) == 6
    wait_until(lambda: states(bench, study).count("running") == 2, PATIENCE, "two packs run")
    bench.store.transition(study, "stop")
    gate.open()
    record = bench.wait(study, "stopped")
    assert record.progress.by_outcome == {"generalised": 128, "cancelled": 256}


def test_pause_frees_the_packs_and_resume_goes_on_where_they_were(bench: Bench, gate: Gate) -> None:
    study = bench.submit(synthetic("paused", seeds=4, faults=gate.before(*range(4))))
    bench.wait_for_trials(study, 8)
    wait_until(lambda: all(pack.step > 0 for pack in bench.store.packs(study)), PATIENCE, "both packs advance")
    bench.store.transition(study, "pause")
    paused = bench.wait(study, "paused", 20)
    reached = {pack.id: pack.step for pack in bench.store.packs(study) if pack.state == "waiting"}
    assert 8 <= paused.progress.ended < 64
    assert reached
    gate.open()
    bench.store.transition(study, "resume")
    wait_until(lambda: bench.ended(study) > paused.progress.ended, PATIENCE, "the study goes on")
    bench.wait(study, "completed")
    again = {pack.id: pack for pack in bench.store.packs(study) if pack.id in reached}
    assert all(pack.attempt >= 2 and pack.step >= reached[pack.id] for pack in again.values())
    trials = bench.trials(study)
    assert [trial.t2 and trial.t2.step for trial in trials] == [exact_t2(trial) for trial in trials]
    assert Counter(bench.trial_events(study)) == dict.fromkeys(range(64), 1)


class Runs:
    """A pickle of it makes a file when it is read."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return Path.touch, (self.marker,)


def test_packs_whose_checkpoints_are_of_before_or_made_up_begin_anew_and_nothing_of_them_runs(
    bench: Bench, gate: Gate, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    study = bench.submit(synthetic("forged", seeds=4, faults=gate.before(*range(4))))
    bench.wait_for_trials(study, 8)
    bench.store.transition(study, "pause")
    bench.wait(study, "paused", 20)
    packs = {pack.id for pack in bench.store.packs(study)}
    assert {path.name for path in bench.checkpoints(study).iterdir()} <= packs, "Tune's pickles are not there"
    kept = list(bench.checkpoints(study).glob("*/*/checkpoint"))
    assert kept
    forged = pickle.dumps(Runs(tmp_path / "ran"))
    for path in kept:
        assert path.stat().st_mode & 0o777 == 0o600
        path.write_bytes(b"grokscale pack 4\n" + hashlib.sha256(forged).digest() + forged)
    gate.open()
    bench.store.transition(study, "resume")
    bench.wait(study, "completed")
    assert not (tmp_path / "ran").exists()
    told = capfd.readouterr().err
    assert told.count("checkpoints not taken") == len(kept)
    assert "of format 4, and this program's is 6" in told
    trials = bench.trials(study)
    assert [trial.t2 and trial.t2.step for trial in trials] == [exact_t2(trial) for trial in trials]
    assert Counter(bench.trial_events(study)) == dict.fromkeys(range(64), 1)


def test_a_study_that_asks_for_more_than_the_machine_has_fails_with_the_reason(bench: Bench) -> None:
    study = bench.submit(synthetic("too much", resources={"cpus": 64}))
    record = bench.wait(study, "failed")
    assert record.reason == "a pack needs 64 CPUs; the runner's own Ray cluster does not have them"
