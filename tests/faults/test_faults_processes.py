"""kill -9 of the runner, of drivers, of Ray's workers and servers: studies go on, within seconds, and end exact."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grokscale.studies.store import TrialRecord
from tests.faults.runner_process import RunnerProcess
from tests.studies.runner.bench import Bench, Gate, exact_t2, slow, synthetic, wait_until

pytestmark = [pytest.mark.fault, pytest.mark.timeout(600)]

TRIALS = 64
WORKER = "Trainable"
"""ray::PackTrainable, and while a method of it runs ray::ResourceTrainable: what Tune makes of one with resources."""
START_SECONDS = 90.0
"""A bound that also a busy machine keeps; a lease lasts 600 s."""


@pytest.fixture(params=["postgresql", pytest.param("sqlite", marks=pytest.mark.twin)])
def anywhere(request: pytest.FixtureRequest, bench_over: Callable[[str | None], Bench]) -> Bench:
    return bench_over(request.getfixturevalue("postgres_url") if request.param == "postgresql" else None)


@pytest.fixture
def bench_over(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str | None], Bench]]:
    made = []

    def make(url: str | None = None) -> Bench:
        made.append(Bench(tmp_path_factory.mktemp("data"), url))
        return made[-1]

    yield make
    for bench in made:
        bench.close()


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path / "gate")


def long_study(bench: Bench, gate: Gate) -> str:
    """Submit a study of two packs of 32 trials, 24 of which end only once the gate is open."""
    held = slow(synthetic("goes on", seeds=4), 1.01e-5)
    assert len(held) == 24
    return bench.submit(synthetic("goes on", seeds=4, faults=gate.before(*held)))


def ended(bench: Bench, study: str) -> dict[int, TrialRecord]:
    return {trial.index: trial for trial in bench.trials(study) if trial.outcome}


def assert_exact(bench: Bench, study: str, before: dict[int, TrialRecord]) -> None:
    """Each trial ended once with its known result, and those that had ended before were left as they were."""
    trials = bench.trials(study)
    assert [trial.t2 and trial.t2.step for trial in trials] == [exact_t2(trial) for trial in trials]
    assert Counter(bench.trial_events(study)) == dict.fromkeys(range(TRIALS), 1)
    assert {index: trials[index] for index in before} == before


def test_a_study_whose_runner_is_killed_goes_on_when_it_starts_again(anywhere: Bench, gate: Gate) -> None:
    bench = anywhere
    runner = RunnerProcess(bench).start()
    study = long_study(bench, gate)
    bench.wait_for_trials(study, 8, START_SECONDS)
    runner.kill()
    runner.wait_until_nothing_is_left()
    before = ended(bench, study)
    assert 8 <= len(before) < TRIALS
    gate.open()
    runner.start()
    wait_until(lambda: bench.ended(study) > len(before), START_SECONDS, "the study goes on")
    bench.wait(study, "completed", START_SECONDS)
    assert_exact(bench, study, before)
    assert runner.end() == 0
    assert runner.left() == {}


def test_a_runner_that_is_asked_to_end_leaves_nothing_and_its_study_to_the_next(
    bench_over: Callable[[], Bench], gate: Gate
) -> None:
    bench = bench_over()
    runner = RunnerProcess(bench).start()
    study = long_study(bench, gate)
    bench.wait_for_trials(study, 8, START_SECONDS)
    wait_until(lambda: all(pack.step > 0 for pack in bench.store.packs(study)), START_SECONDS, "both packs advance")
    asked = time.monotonic()
    assert runner.end() == 0
    assert time.monotonic() - asked < 20
    assert runner.left() == {}
    assert bench.study(study).state == "running"
    assert bench.store.claim("another", 30) is not None, "the lease was given back"
    before = ended(bench, study)
    assert all(pack.step > 0 for pack in bench.store.packs(study)), "how far they came was kept"
    bench.store.take_over("another")
    gate.open()
    runner.start()
    bench.wait(study, "completed", START_SECONDS)
    assert_exact(bench, study, before)
    assert {trial.attempt for trial in bench.trials(study)} == {1, 2}
    runner.end()


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunnerProcess]:
    """A runner that outlives its tests, though not everything under it does."""
    bench = Bench(tmp_path_factory.mktemp("steady"))
    runner = RunnerProcess(bench).start()
    yield runner
    runner.end()
    assert runner.left() == {}
    bench.close()


@pytest.mark.parametrize(
    "kind",
    [
        WORKER,
        "runner.driver",
        "raylet/raylet",
        pytest.param("gcs_server", marks=pytest.mark.slow),
        pytest.param("runner.head", marks=pytest.mark.slow),
    ],
)
def test_a_study_goes_on_when_what_runs_it_is_killed(steady: RunnerProcess, kind: str, gate: Gate) -> None:
    bench = steady.bench
    study = long_study(bench, gate)
    bench.wait_for_trials(study, 8, START_SECONDS)
    steady.kill_all(kind)
    before = ended(bench, study)
    gate.open()
    wait_until(lambda: bench.ended(study) > len(before) + 8, START_SECONDS, "the study goes on")
    bench.wait(study, "completed", START_SECONDS)
    assert_exact(bench, study, before)


@pytest.mark.slow
@pytest.mark.timeout(900)  # six clusters one after another, and half a minute until one counts as lasting
def test_a_study_whose_raylet_is_killed_again_and_again_counts_no_failure(steady: RunnerProcess, gate: Gate) -> None:
    bench = steady.bench
    study = bench.submit(synthetic("lost", alphas=[0.1], betas=[1e-4], faults=gate.before(0)))
    for _ in range(6):  # once more than drivers may die in a row
        wait_until(lambda: bench.store.packs(study)[0].state == "running", START_SECONDS, "its pack runs")
        steady.kill_all("raylet/raylet")
        wait_until(lambda: bench.store.packs(study)[0].state == "waiting", START_SECONDS, "its pack waits")
    gate.open()
    record = bench.wait(study, "completed")
    assert record.progress.by_outcome == {"generalised": 1}
    assert [pack.failures for pack in bench.store.packs(study)] == [0]


def test_a_driver_whose_lease_is_taken_ends_and_writes_nothing_more(steady: RunnerProcess, gate: Gate) -> None:
    bench = steady.bench
    study = long_study(bench, gate)
    bench.wait_for_trials(study, 8, START_SECONDS)
    assert steady.processes(WORKER)
    (holder,) = {runner.id for runner in bench.store.runners() if runner.age_seconds < 600}
    bench.store.take_over(holder)
    lease = bench.store.claim("another", 600)
    assert lease is not None
    before = ended(bench, study)
    wait_until(lambda: not steady.processes(WORKER), START_SECONDS, "its workers are gone")
    assert ended(bench, study) == before
    gate.open()
    bench.store.release(lease)
    bench.wait(study, "completed", START_SECONDS)
    assert_exact(bench, study, before)
