"""kill -9 of a driver at each seam, three times: every trial ends with exactly one accepted result."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults import killed_driver
from tests.studies.runner.bench import Bench, exact_t2, synthetic

pytestmark = [pytest.mark.fault, pytest.mark.timeout(600)]

SEAMS = ("claimed", "received", "committed", "stopping")
MORE_SEAMS = ("ending", "cancelling")
TRIALS = 24
SECONDS = 240


@dataclass(frozen=True)
class Storm:
    """One runner, on which a study for each seam runs beside the others."""

    bench: Bench
    studies: dict[str, str]
    marks: Path

    def hits(self, seam: str) -> int:
        mark = self.marks / seam
        return mark.stat().st_size if mark.exists() else 0


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.twin)])
def storm(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storm]:
    url = request.getfixturevalue("new_postgres_url")() if request.param == "postgresql" else None
    with storming(SEAMS, tmp_path_factory.mktemp("storm"), url) as running:
        yield running


@pytest.fixture(scope="module")
def later_storm(new_postgres_url: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storm]:
    # a database of its own: the other storm's runner is still there, and would take its studies
    with storming(MORE_SEAMS, tmp_path_factory.mktemp("later_storm"), new_postgres_url()) as running:
        yield running


@contextmanager
def storming(seams: Sequence[str], folder: Path, url: str | None) -> Iterator[Storm]:
    marks = folder / "marks"
    marks.mkdir()
    command = (sys.executable, "-P", killed_driver.__file__, str(marks))
    # a CPU for each study, so that all are in flight at once; leases far longer than the test
    bench = Bench(folder / "data", url, command, cpus=len(seams), max_studies=len(seams), lease_seconds=600)
    studies = {seam: bench.submit(synthetic(seam, alphas=4, betas=6, seconds=0.15)) for seam in seams}
    bench.start()
    yield Storm(bench, studies, marks)
    bench.close()


def exactly_once(storm: Storm, study: str, ended: int) -> bool:
    return Counter(storm.bench.trial_events(study)) == dict.fromkeys(range(ended), 1)


@pytest.mark.parametrize("seam", ["claimed", "received", "committed"])
def test_a_study_whose_driver_is_killed_three_times_completes_with_each_trial_once(storm: Storm, seam: str) -> None:
    assert_completed(storm, seam)


@pytest.mark.slow
def test_a_study_whose_driver_is_killed_before_its_pack_ends_completes_too(later_storm: Storm) -> None:
    assert_completed(later_storm, "ending")


def assert_completed(storm: Storm, seam: str) -> None:
    study = storm.studies[seam]
    record = storm.bench.wait(study, "completed", SECONDS)
    assert storm.hits(seam) == killed_driver.TIMES
    assert record.progress.by_outcome == {"generalised": TRIALS}
    assert exactly_once(storm, study, TRIALS)
    for trial in storm.bench.trials(study):
        assert trial.t2 is not None
        assert trial.t2.step == exact_t2(trial)


def test_what_was_committed_before_a_kill_is_not_done_again(storm: Storm) -> None:
    study = storm.studies["committed"]
    storm.bench.wait(study, "completed", SECONDS)
    attempts = Counter(trial.attempt for trial in storm.bench.trials(study))
    assert attempts == {1: 1, 2: 1, 3: 1, 4: TRIALS - 3}, "each life committed one, and the last one the rest"


def test_a_study_whose_driver_is_killed_while_it_stops_is_stopped(storm: Storm) -> None:
    assert_ended(storm, "stopping", "stopped")


@pytest.mark.slow
def test_a_study_whose_driver_is_killed_while_it_is_cancelled_is_cancelled(later_storm: Storm) -> None:
    assert_ended(later_storm, "cancelling", "cancelled")


def assert_ended(storm: Storm, seam: str, state: str) -> None:
    study = storm.studies[seam]
    record = storm.bench.wait(study, state, SECONDS)
    assert storm.hits(seam) == killed_driver.TIMES
    assert record.progress.ended == TRIALS
    told = Counter(storm.bench.trial_events(study))
    assert set(told.values()) <= {1}
    assert len(told) == TRIALS - record.progress.by_outcome.get("cancelled", 0)
    assert not storm.bench.checkpoints(study).exists()
