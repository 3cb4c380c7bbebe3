"""Trials that take their pack with them: the pack is halved until the culprit is alone."""

from __future__ import annotations

from tests.studies.runner.bench import Bench, synthetic


def culprits(bench: Bench, study: str) -> dict:
    return {trial.index: trial for trial in bench.trials(study) if trial.outcome == "failed"}


def test_only_the_trials_that_raise_fail_with_their_tracebacks(bench: Bench) -> None:
    study = bench.submit(synthetic("raises", seeds=4, faults={"raise": [5, 62]}))
    record = bench.wait(study, "completed")
    failed = culprits(bench, study)
    assert record.progress.by_outcome == {"failed": 2, "generalised": 62}
    assert list(failed) == [5, 62]
    error = failed[5].error
    assert error is not None
    assert error["type"] == "RuntimeError"
    assert error["message"].startswith("trial 5 raises at step")
    assert "in _misbehave" in error["traceback"]
    assert error["host"]
    assert error["attempt"] == failed[5].attempt == 1


def test_only_the_trial_that_ends_its_process_fails(bench: Bench) -> None:
    study = bench.submit(synthetic("exits", alphas=2, betas=[1e-3], faults={"exit": [1]}))
    record = bench.wait(study, "completed")
    failed = culprits(bench, study)
    assert record.progress.by_outcome == {"failed": 1, "generalised": 1}
    assert list(failed) == [1]
    assert failed[1].error
    assert failed[1].error["type"] == "ActorDiedError", "Ray's own word, which tells a worker's death from a loss"
    assert "died" in failed[1].error["message"]


def test_only_the_trial_that_hangs_fails_with_where_it_was(bench: Bench) -> None:
    study = bench.submit(synthetic("hangs", alphas=[0.1], betas=[1e-3], faults={"hang": [0]}))
    record = bench.wait(study, "completed")
    (error,) = [trial.error for trial in bench.trials(study)]
    assert record.progress.by_outcome == {"failed": 1}
    assert error
    assert error["type"] == "Silent"
    assert error["message"] == "nothing reported for 12 s"
    assert "in _misbehave" in error["traceback"]
