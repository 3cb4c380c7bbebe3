"""kill -9 of a driver at each seam, three times: every trial ends with exactly one accepted result."""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from studies.lifecycle import Event
from tests.faults import killed_driver
from tests.studies.runner.bench import Bench, synthetic, wait_until

pytestmark = [pytest.mark.fault, pytest.mark.timeout(280)]

SEAMS = ("claimed", "received", "committed", "ending", "stopping", "cancelling")
ASKED: dict[str, Event] = {"stopping": "stop", "cancelling": "cancel"}
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


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def storm(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storm]:
    folder = tmp_path_factory.mktemp("storm")
    marks = folder / "marks"
    marks.mkdir()
    url = request.getfixturevalue("module_postgres_url") if request.param == "postgresql" else None
    command = (sys.executable, "-P", killed_driver.__file__, str(marks))
    # more CPUs than there are, so that all studies are in flight at once; leases far longer than the test
    bench = Bench(folder / "data", url, command, cpus=len(SEAMS), max_studies=len(SEAMS), lease_seconds=600)
    studies = {seam: bench.submit(synthetic(seam, alphas=4, betas=6, seconds=0.15)) for seam in SEAMS}
    bench.start()
    for seam, asked in ASKED.items():
        wait_until(lambda s=studies[seam]: bench.study(s).state == "running", SECONDS, "the study runs")
        bench.store.transition(studies[seam], asked)
    yield Storm(bench, studies, marks)
    bench.close()


def exactly_once(storm: Storm, study: str, ended: int) -> bool:
    return Counter(storm.bench.trial_events(study)) == dict.fromkeys(range(ended), 1)


@pytest.mark.parametrize("seam", ["claimed", "received", "committed", "ending"])
def test_a_study_whose_driver_is_killed_three_times_completes_with_each_trial_once(storm: Storm, seam: str) -> None:
    study = storm.studies[seam]
    record = storm.bench.wait(study, "completed", SECONDS)
    assert storm.hits(seam) == killed_driver.TIMES
    assert record.progress.by_outcome == {"generalised": TRIALS}
    assert exactly_once(storm, study, TRIALS)
    for trial in storm.bench.trials(study):
        assert trial.t2 is not None
        assert trial.t2.step == math.ceil(5.0 / (trial.config["alpha"] * trial.config["beta"]))


def test_what_was_committed_before_a_kill_is_not_done_again(storm: Storm) -> None:
    study = storm.studies["committed"]
    storm.bench.wait(study, "completed", SECONDS)
    attempts = Counter(trial.attempt for trial in storm.bench.trials(study))
    assert len(attempts) >= 2, "each life committed something"
    assert attempts[1] >= 1


@pytest.mark.parametrize(("seam", "state"), [("stopping", "stopped"), ("cancelling", "cancelled")])
def test_a_study_whose_driver_is_killed_while_it_ends_is_ended(storm: Storm, seam: str, state: str) -> None:
    study = storm.studies[seam]
    record = storm.bench.wait(study, state, SECONDS)
    assert storm.hits(seam) == killed_driver.TIMES
    assert record.progress.ended == TRIALS
    told = Counter(storm.bench.trial_events(study))
    assert set(told.values()) <= {1}
    assert len(told) == TRIALS - record.progress.by_outcome.get("cancelled", 0)
    assert not storm.bench.checkpoints(study).exists()
