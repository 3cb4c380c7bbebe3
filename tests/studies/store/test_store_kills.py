"""kill -9 in the middle of a transaction leaves nothing of it, and nothing locked."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from samples import commit_all, outcome, running
from stopped import stopped_child

from grokscale.studies.store import Lease, Store


@pytest.mark.parametrize("seam", ["UPDATE gs_trial", "INSERT INTO gs_event", "UPDATE gs_study", "COMMIT"])
def test_a_commit_that_is_killed_leaves_nothing(store: Store, store_url: str, seam: str):
    lease = running(store)
    before = _everything(store, lease)
    with stopped_child(store_url, "commit", seam, json.dumps(asdict(lease), default=str)):
        assert _everything(store, lease) == before  # readers neither wait nor see half of it
    assert _everything(store, lease) == before
    accepted = store.commit(lease, store.open_packs(lease)[0].id, [outcome(i) for i in range(6)], 2, "parent")
    assert accepted == [0, 1, 2, 3, 4, 5]
    commit_all(store, lease)
    assert store.finish(lease) == "completed"
    assert store.study(lease.study_id).progress.by_outcome == {"generalised": 12}


@pytest.mark.parametrize("seam", ["INSERT INTO gs_trial", "COMMIT"])
def test_a_submission_that_is_killed_leaves_neither_study_nor_key(store: Store, store_url: str, seam: str):
    with stopped_child(store_url, "add", seam):
        pass
    assert store.studies().items == ()
    assert store.recall("me", "POST /v1/studies", "key") is None
    with store._database.read() as connection:
        for table in ("gs_trial", "gs_pack", "gs_configuration", "gs_event"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 0
    running(store)


def _everything(store: Store, lease: Lease) -> tuple:
    with store._database.read() as connection:
        points = connection.exec_driver_sql("SELECT count(*) FROM gs_curve_point").scalar()
    trials = tuple(store.iter_trials(lease.study_id))
    return store.study(lease.study_id), store.packs(lease.study_id), store.events(lease.study_id), trials, points
