"""Studies of very many trials: nothing that is done to them keeps other writers waiting, or is seen half done."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier

import large
import pytest
from samples import VERSIONS, add, plan, spec
from sqlalchemy import event, update
from stopped import stopped_child

from grokscale.studies.lifecycle import EVENTS
from grokscale.studies.store import (
    AlreadySubmitted,
    CreationLost,
    IdempotencyRecord,
    Lease,
    NotFound,
    Quota,
    RunnerInfo,
    Store,
    TooMuchWaits,
    TrialFilter,
    batches,
    creation,
    open_store,
)
from grokscale.studies.store.models import Study
from tests.conftest import Migrated

TABLES = ("gs_study", "gs_trial", "gs_pack", "gs_configuration", "gs_event", "gs_idempotency")
MOST = 2_500
"""Rows that a transaction may write: 2,000 trials, and what belongs to them."""


def counts(store: Store) -> dict[str, int]:
    with store._database.read() as connection:
        return {table: connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() for table in TABLES}


def expire(store: Store) -> None:
    """Have every lease be good for nothing, as if it had not been renewed for long; let go of those of services."""
    with store._database.write() as connection:
        connection.execute(update(Study).where(Study.lease_seconds.is_not(None)).values(lease_seconds=0.0))
    store.sweep()


def others_can_write(store: Store) -> None:
    store.heartbeat(RunnerInfo("other", "here", 1, False))


@contextmanager
def writes(store: Store) -> Generator[list[int]]:
    """Note how many rows each transaction of the block writes."""
    written = [0]

    def count(_connection, cursor, statement: str, *_rest) -> None:
        if statement.startswith(("INSERT", "UPDATE", "DELETE")):
            written[-1] += cursor.rowcount

    def end(_connection) -> None:
        written.append(0)

    engine = store._database.engine
    event.listen(engine, "after_cursor_execute", count)
    event.listen(engine, "commit", end)
    yield written
    event.remove(engine, "after_cursor_execute", count)
    event.remove(engine, "commit", end)


@pytest.fixture
def study_id(store: Store) -> str:
    return large.add(store).id


class TestTransactions:
    """One transaction writes little, whatever is done to however many trials."""

    def test_of_creating(self, store: Store):
        with writes(store) as written:
            large.add(store)
        assert sum(written) >= large.TRIALS
        assert max(written) <= MOST

    def test_of_cutting_packs_anew(self, store: Store, study_id: str):
        with writes(store) as written:
            large.cut(store, study_id)
        assert sum(written) >= large.TRIALS
        assert max(written) <= MOST

    def test_of_cancelling_retrying_and_deleting(self, store: Store, study_id: str):
        for call in (large.cancel, large.retry, large.cancel, large.delete):
            with writes(store) as written:
                call(store, study_id)
            assert sum(written) >= large.TRIALS, call
            assert max(written) <= MOST, call

    def test_of_a_driver_that_cancels(self, store: Store):
        lease = large.claimed(store)
        store.transition(lease.study_id, "cancel")
        with writes(store) as written:
            assert store.cancel_unended(lease) == large.TRIALS
            assert store.finish(lease) == "cancelled"
        assert max(written) <= MOST

    def test_of_a_report(self, store: Store, study_id: str):
        """Curves go in by the driver's bulk path, which counts no rows: 100 points of each of 500 trials."""
        with writes(store) as written:
            large.commit(store, study_id)
        assert len(written) > 3
        assert store.study(study_id).progress.ended == 500


class TestCreating:
    """A study that is being made."""

    @pytest.fixture
    def half(self, store: Store) -> str:
        shape = plan(configurations=50, seeds=100, per_pack=500)
        with store._database.write() as connection:
            study_id = creation.begin(connection, spec(), shape, VERSIONS, large.KEY, None, seconds=60)
        for piece in list(batches.pieces(study_id, shape, first_pack=0))[:-1]:
            with store._database.write() as connection:
                creation.go_on(connection, study_id, piece)
        return study_id

    def test_nobody_sees_it(self, store: Store, half: str):
        there = counts(store)
        assert (there["gs_study"], there["gs_event"]) == (1, 0)
        assert 0 < there["gs_trial"] < large.TRIALS
        assert store.studies().items == ()
        assert store.claim("runner", 60) is None
        assert store.heads([half]) == {}
        with store._database.read() as connection:
            trial = connection.exec_driver_sql("SELECT id FROM gs_trial LIMIT 1").scalar_one()
        reads = (store.study, store.state, store.events, store.packs, store.trials, store.table, store.theory_reasons)
        for call in (*reads, store.fits, store.delete_study):
            with pytest.raises(NotFound):
                call(half)
        for call in (store.trial, store.curves):
            with pytest.raises(NotFound):
                call(trial)
        for wish in EVENTS:
            with pytest.raises(NotFound):
                store.transition(half, wish)
        with pytest.raises(NotFound):
            store.trials(half, TrialFilter(sort="-alpha"))

    def test_others_write_meanwhile(self, store: Store, half: str):
        others_can_write(store)
        other = add(store)
        assert [study.id for study in store.studies().items] == [other.id]
        lease = store.claim("runner", 60)
        assert lease is not None
        assert lease.study_id == other.id
        assert other.id != half

    def test_its_key_is_taken_and_not_answered(self, store: Store, half: str):
        with pytest.raises(AlreadySubmitted) as taken:
            large.add(store)
        record = taken.value.record
        assert (record.study_id, record.body_hash, record.made) == (half, "hash", False)
        assert store.recall("me", large.KEY.route, large.KEY.key) == record

    def test_sweeping_leaves_it_alone(self, store: Store, half: str):
        before = counts(store)
        assert not store.sweep()
        assert counts(store) == before


class TestKilled:
    """kill -9 between two transactions."""

    def test_a_creation_leaves_nothing_once_its_lease_is_over(self, store: Store, store_url: str):
        with stopped_child(store_url, "create", "1"):
            pass
        assert not store.sweep()
        expire(store)
        assert store.recall("me", large.KEY.route, large.KEY.key) is None
        large.sweep(store)
        assert set(counts(store).values()) == {0}

    def test_a_creation_gives_its_key_to_whoever_asks_again(self, store: Store, store_url: str):
        with stopped_child(store_url, "create", "5"):
            others_can_write(store)
            assert 0 < counts(store)["gs_trial"] < large.TRIALS
        with pytest.raises(AlreadySubmitted):
            large.add(store)
        expire(store)
        made = large.add(store)
        assert store.recall("me", large.KEY.route, large.KEY.key) == IdempotencyRecord("hash", made.id, 201, None, True)
        large.sweep(store)
        assert [study.id for study in store.studies().items] == [made.id]
        assert counts(store) == dict(zip(TABLES, (1, large.TRIALS, 10, 50, 1, 1), strict=True))
        assert [(event.seq, event.data["state"]) for event in store.events(made.id)] == [(1, "queued")]

    @pytest.mark.parametrize("after", ["1", "3"])
    def test_a_deletion_is_finished_by_another(self, store: Store, store_url: str, study_id: str, after: str):
        store.transition(study_id, "cancel")
        with stopped_child(store_url, "delete", after, study_id):
            with pytest.raises(NotFound):
                store.study(study_id)
            assert store.studies().items == ()
            assert store.recall("me", large.KEY.route, large.KEY.key) is None
            others_can_write(store)
        assert counts(store)["gs_study"] == 1
        large.sweep(store)
        assert set(counts(store).values()) == {0}

    @pytest.mark.parametrize("by", ["a runner", "asking again"])
    def test_a_cancellation_is_finished_by_another(self, store: Store, store_url: str, study_id: str, by: str):
        with stopped_child(store_url, "cancel", "2", study_id):
            assert store.state(study_id) == "cancelling"
            assert store.claim("runner", 60) is None
            assert store.transition(study_id, "cancel") == "cancelling"
            others_can_write(store)
        expire(store)
        if by == "a runner":
            lease = store.claim("runner", 60)
            assert lease is not None
            store.cancel_unended(lease)
            assert store.finish(lease) == "cancelled"
        else:
            assert store.transition(study_id, "cancel") == "cancelled"
        assert store.study(study_id).progress.by_outcome == {"cancelled": large.TRIALS}
        assert {pack.state for pack in store.packs(study_id)} == {"ended"}

    def test_a_retry_is_finished_by_asking_again(self, store: Store, store_url: str, study_id: str):
        store.transition(study_id, "cancel")
        with stopped_child(store_url, "retry", "2", study_id):
            assert store.state(study_id) == "cancelled"
            others_can_write(store)
        assert 0 < store.study(study_id).progress.ended < large.TRIALS
        assert store.transition(study_id, "retry") == "queued"
        assert store.study(study_id).progress.by_outcome == {}
        assert_every_trial_is_in_one_pack(store)

    def test_packs_that_were_being_cut_anew_are_packs_like_others(self, store: Store, store_url: str, study_id: str):
        with stopped_child(store_url, "cut", "3", study_id):
            others_can_write(store)
        expire(store)
        lease = assert_every_trial_is_in_one_pack(store)
        left = [pack for pack in store.open_packs(lease) if pack.cut_for != 40]
        assert left
        assert store.cut_anew(lease, [pack.id for pack in store.open_packs(lease)], large.other_packs(), 40)
        assert {len(pack.members) for pack in store.open_packs(lease)} == {125}


def assert_every_trial_is_in_one_pack(store: Store) -> Lease:
    lease = store.claim("next", 60)
    assert lease is not None
    found = [trial.index for pack in store.open_packs(lease) for trial in store.pack_trials(pack.id)]
    assert sorted(found) == list(range(large.TRIALS))
    return lease


def test_a_large_study_is_what_a_small_one_is(store: Store, study_id: str):
    study = store.study(study_id)
    assert (study.state, study.progress.total, study.progress.ended) == ("queued", large.TRIALS, 0)
    shape = plan(configurations=50, seeds=100, per_pack=500)
    found = list(store.iter_trials(study_id))
    assert [(t.index, t.configuration, t.seed, t.config, t.pack) for t in found] == [
        (t.index, t.configuration, t.seed, t.config, t.index // 500) for t in shape.trials
    ]
    assert [pack.members for pack in store.packs(study_id)] == [pack.members for pack in shape.packs]
    assert [(event.seq, event.data["state"]) for event in store.events(study_id)] == [(1, "queued")]


def test_a_maker_that_stood_still_for_too_long_cannot_go_on(store: Store):
    shape = plan()
    with store._database.write() as connection:
        study_id = creation.begin(connection, spec(), shape, VERSIONS, large.KEY, None, seconds=0)
    large.sweep(store)
    with pytest.raises(CreationLost), store._database.write() as connection:
        creation.publish(connection, study_id)
    assert set(counts(store).values()) == {0}


def test_a_creation_that_fails_takes_back_its_key_at_once(store: Store):
    shape = plan(configurations=50, seeds=100, per_pack=500)
    broken = [*shape.trials[:4_000], *shape.trials[:1_000]]  # indices twice
    with pytest.raises(Exception, match=r"(?i)unique"):
        store.add_study(
            spec(),
            type(shape)(tuple(broken), shape.identities, shape.packs, 50),
            versions=VERSIONS,
            idempotency=large.KEY,
        )
    assert store.recall("me", large.KEY.route, large.KEY.key) is None
    assert store.studies().items == ()
    large.sweep(store)
    assert set(counts(store).values()) == {0}


def test_a_key_that_is_asked_for_at_once_makes_one_study(store: Store, store_url: str):
    together = Barrier(2)

    def submit(_: int) -> str:
        own = open_store(store_url)
        together.wait()
        try:
            return large.add(own).id
        except AlreadySubmitted as taken:
            assert not taken.record.made
            return taken.record.study_id
        finally:
            own.close()

    with ThreadPoolExecutor(2) as pool:
        ids = set(pool.map(submit, range(2)))
    assert ids == {study.id for study in store.studies().items}
    large.sweep(store)
    assert counts(store)["gs_trial"] == large.TRIALS


def test_postgresql_knows_the_rows_of_a_study_when_it_is_seen(migrated: Migrated):
    with migrated("postgresql") as url:
        store = open_store(url)
        large.add(store)
        with store._database.read() as connection:
            rows = connection.exec_driver_sql("SELECT reltuples FROM pg_class WHERE relname = 'gs_trial'").scalar_one()
            columns = "SELECT count(*) FROM pg_stats WHERE tablename = 'gs_trial'"
            known = connection.exec_driver_sql(columns).scalar_one()
        store.close()
    assert rows == large.TRIALS
    assert known > 0


class TestQuotas:
    def test_studies_that_wait_are_counted_by_caller(self, store: Store):
        quota = Quota("me", 2, 1000)
        first = within(store, quota)
        store.transition(within(store, quota), "pause")
        with pytest.raises(TooMuchWaits) as refused:
            within(store, quota)
        assert (refused.value.what, refused.value.most, refused.value.waiting) == ("studies", 2, 2)
        within(store, Quota("you", 2, 1000))
        add(store)
        store.transition(first, "claim")
        within(store, quota)

    def test_their_trials_too(self, store: Store):
        quota = Quota("me", 10, 30)
        within(store, quota)
        within(store, quota)
        with pytest.raises(TooMuchWaits) as refused:
            within(store, quota)
        assert (refused.value.what, refused.value.most, refused.value.waiting, refused.value.more) == (
            "trials",
            30,
            24,
            12,
        )
        assert len(store.studies().items) == 2

    def test_what_is_being_made_counts(self, store: Store):
        quota = Quota("me", 1, 1000)
        with store._database.write() as connection:
            creation.begin(connection, spec(), plan(), VERSIONS, None, quota, seconds=60)
        with pytest.raises(TooMuchWaits):
            within(store, quota)

    def test_many_at_once_do_not_pass_it(self, store: Store):
        together = Barrier(6)

        def submit(_: int) -> bool:
            together.wait()
            try:
                return bool(within(store, Quota("me", 3, 1000)))
            except TooMuchWaits:
                return False

        with ThreadPoolExecutor(6) as pool:
            assert sum(pool.map(submit, range(6))) == 3
        assert len(store.studies().items) == 3


def within(store: Store, quota: Quota) -> str:
    return store.add_study(spec(), plan(), versions=VERSIONS, quota=quota).id
