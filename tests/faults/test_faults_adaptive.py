"""kill -9 of the driver of an adaptive study before and after it writes a batch: nothing is lost or done twice."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

from grokscale.studies.store import open_store
from tests.faults import killed_driver
from tests.studies.runner.bench import Bench, exact_t2, synthetic
from tests.studies.search import driving

pytestmark = [pytest.mark.fault, pytest.mark.timeout(600)]

CONFIGURATIONS, SEEDS = 12, 2
KILLS = 2
SEARCH = {"kind": "tpe", "num_configs": CONFIGURATIONS, "batch": 4, "objective": {"minimize": "t2"}}
RANGES = {"alphas": {"log": [1e-3, 1e-1]}, "betas": {"log": [1e-3, 1e-2]}}


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.twin)])
def test_an_adaptive_study_whose_driver_is_killed_is_that_of_an_undisturbed_one(
    tmp_path: Path, request: pytest.FixtureRequest, kind: str
) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    spec = synthetic("proposing", **RANGES, seeds=SEEDS, search=SEARCH)
    url = request.getfixturevalue("postgres_url") if kind == "postgresql" else None
    bench = Bench(tmp_path / "data", url, (sys.executable, "-P", killed_driver.__file__, str(marks)), lease_seconds=600)
    try:
        study = bench.submit(spec)
        bench.start()
        record = bench.wait(study, "completed", 200)
        assert (marks / "proposing").stat().st_size == KILLS
        assert record.progress.by_outcome == {"generalised": CONFIGURATIONS * SEEDS}
        assert Counter(bench.trial_events(study)) == dict.fromkeys(range(CONFIGURATIONS * SEEDS), 1)
        trials = bench.trials(study)
        for trial in trials:
            assert trial.t2 is not None
            assert trial.t2.step == exact_t2(trial)
        store = open_store(f"sqlite:///{tmp_path / 'undisturbed'}.db")
        store.migrate()
        undisturbed = store.iter_trials(driving.complete(store, spec, None))
        assert [trial.config for trial in trials] == [trial.config for trial in undisturbed]
    finally:
        bench.close()
