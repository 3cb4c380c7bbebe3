"""kill -9 in the middle of a transaction leaves nothing of it, and nothing locked."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest
from samples import commit_all, outcome, running

from studies.store import Lease, Store

CHILD = Path(__file__).parent / "stopping_child.py"


@pytest.mark.parametrize("seam", ["UPDATE gs_trial", "INSERT INTO gs_event", "UPDATE gs_study", "COMMIT"])
def test_a_commit_that_is_killed_leaves_nothing(store: Store, store_url: str, seam: str):
    lease = running(store)
    before = _everything(store, lease)
    with _child(store_url, "commit", seam, json.dumps(asdict(lease), default=str)):
        assert _everything(store, lease) == before  # readers neither wait nor see half of it
    assert _everything(store, lease) == before
    accepted = store.commit(lease, store.open_packs(lease)[0].id, [outcome(i) for i in range(6)], 2, "parent")
    assert accepted == [0, 1, 2, 3, 4, 5]
    commit_all(store, lease)
    assert store.finish(lease) == "completed"
    assert store.study(lease.study_id).progress.by_outcome == {"generalised": 12}


@pytest.mark.parametrize("seam", ["INSERT INTO gs_trial", "COMMIT"])
def test_a_submission_that_is_killed_leaves_neither_study_nor_key(store: Store, store_url: str, seam: str):
    with _child(store_url, "add", seam):
        pass
    assert store.studies().items == ()
    assert store.recall("me", "POST /v1/studies", "key") is None
    with store._database.read() as connection:
        for table in ("gs_trial", "gs_pack", "gs_configuration", "gs_event"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 0
    running(store)


@contextmanager
def _child(url: str, *arguments: str) -> Generator[None]:
    """A child that has reached its seam; killed on the way out."""
    child = subprocess.Popen([sys.executable, str(CHILD), url, *arguments], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    try:
        assert child.stdout.readline() == "stopped\n"
        yield
    finally:
        child.kill()
        child.wait(30)
        child.stdout.close()


def _everything(store: Store, lease: Lease) -> tuple:
    with store._database.read() as connection:
        points = connection.exec_driver_sql("SELECT count(*) FROM gs_curve_point").scalar()
    trials = tuple(store.iter_trials(lease.study_id))
    return store.study(lease.study_id), store.packs(lease.study_id), store.events(lease.study_id), trials, points
