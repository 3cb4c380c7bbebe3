"""Batches of an adaptive study as rows: all or nothing, once, and under the lease."""

from __future__ import annotations

import pytest

from grokscale.studies.plan import Plan, plan_batch
from grokscale.studies.search.proposing import next_batch
from grokscale.studies.store import Lease, LeaseLost, NotEnded, Store
from tests.studies.search import driving

SPEC = driving.adaptive("tpe", 14, 4)
"""A first batch of 8, then 4, then 2 configurations, of two seeds each."""


@pytest.fixture
def lease(store: Store) -> Lease:
    """A study whose first batch has ended."""
    lease = driving.submit(store, SPEC)
    driving.end_packs(store, lease, SPEC)
    return lease


@pytest.fixture
def batch(store: Store, lease: Lease) -> Plan:
    points, first, _ = next_batch(lease.study_id, SPEC, store.table(lease.study_id))
    return plan_batch(SPEC, points, first, 2)


def counts(store: Store, lease: Lease) -> tuple[int, int]:
    return store.table(lease.study_id).num_rows, len(store.packs(lease.study_id))


def test_a_batch_becomes_configurations_trials_and_packs_that_wait(store: Store, lease: Lease, batch: Plan) -> None:
    packs = len(store.packs(lease.study_id))
    assert store.extend(lease, batch)
    rows = store.table(lease.study_id).slice(16).to_pylist()
    assert [(row["index"], row["configuration"], row["seed"]) for row in rows] == [
        (16 + i, 8 + i // 2, i % 2) for i in range(8)
    ]
    assert [(row["data_id"], row["stream_id"]) for row in rows] == [(i.data_id, i.stream_id) for i in batch.identities]
    assert [(row["alpha"], row["beta"]) for row in rows] == [
        (t.config["alpha"], t.config["beta"]) for t in batch.trials
    ]
    opened = store.open_packs(lease)
    assert [pack.number for pack in opened] == list(range(packs, packs + len(batch.packs)))
    assert sorted(index for pack in opened for index in pack.members) == list(range(16, 24))
    trials = [trial for pack in opened for trial in store.pack_trials(pack.id)]
    assert sorted(trials, key=lambda trial: trial.index) == list(batch.trials)


def test_a_batch_handed_in_again_is_not_added_twice(store: Store, lease: Lease, batch: Plan) -> None:
    assert store.extend(lease, batch)
    before = counts(store, lease)
    assert not store.extend(lease, batch)
    assert counts(store, lease) == before


def test_a_driver_whose_lease_is_lost_adds_nothing(store: Store, lease: Lease, batch: Plan) -> None:
    store.release(lease)
    before = counts(store, lease)
    with pytest.raises(LeaseLost):
        store.extend(lease, batch)
    assert counts(store, lease) == before


@pytest.mark.parametrize("event", ["pause", "stop", "cancel"])
def test_a_study_that_is_asked_to_end_gets_no_more(store: Store, lease: Lease, batch: Plan, event: str) -> None:
    store.transition(lease.study_id, event)  # pyright: ignore[reportArgumentType]
    assert not store.extend(lease, batch)
    store.finish(lease)
    progress = store.study(lease.study_id).progress
    assert (progress.ended, progress.total) == (16, 28)


def test_a_study_is_not_complete_before_everything_has_been_proposed(store: Store, lease: Lease, batch: Plan) -> None:
    with pytest.raises(NotEnded, match="12 trials without an outcome"):
        store.finish(lease)
    store.extend(lease, batch)
    driving.end_packs(store, lease, SPEC)
    driving.add_batch(store, lease, SPEC)
    driving.end_packs(store, lease, SPEC)
    assert store.finish(lease) == "completed"


def test_a_stopped_study_goes_on_proposing_when_it_is_retried(store: Store, lease: Lease) -> None:
    store.transition(lease.study_id, "stop")
    store.finish(lease)
    store.transition(lease.study_id, "retry")
    again = store.claim("another", 60)
    assert again is not None
    assert not store.open_packs(again)
    driving.add_batch(store, again, SPEC)
    assert len(store.pack_trials(store.open_packs(again)[0].id)) == 8
