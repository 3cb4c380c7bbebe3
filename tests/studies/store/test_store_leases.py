"""Leases: one holder a study, tokens that only rise, nothing written under an old one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from jumping import jump
from samples import add, commit_all, outcome, running

from grokscale.studies.lifecycle import ENDED, ImpossibleTransition
from grokscale.studies.store import (
    DatabaseUnavailable,
    Idempotency,
    Lease,
    LeaseLost,
    RunnerInfo,
    Store,
    StoreError,
    open_store,
)
from grokscale.studies.store.engine import Database
from grokscale.studies.store.errors import AlreadySubmitted
from grokscale.studies.store.leases import Silences


def test_studies_are_claimed_by_priority_and_then_by_age(store: Store):
    ids = [add(store, priority=priority).id for priority in (0, 5, 0, 5)]
    claimed = [store.claim("runner", 60) for _ in range(5)]
    assert [lease and lease.study_id for lease in claimed] == [ids[1], ids[3], ids[0], ids[2], None]


def test_claiming_starts_a_queued_study(store: Store):
    lease = running(store)
    study = store.study(lease.study_id)
    assert study.state == "running"
    assert study.started is not None


def test_a_held_study_is_not_claimed_again(store: Store):
    running(store)
    assert store.claim("other", 60) is None


def test_an_expired_lease_is_taken_with_a_higher_token(store: Store):
    add(store)
    old = _claim(store, "one", 0)
    new = _claim(store, "two", 60)
    assert (new.study_id, new.runner_id, new.token) == (old.study_id, "two", old.token + 1)


def test_a_renewed_lease_does_not_expire(store: Store):
    add(store)
    lease = _claim(store, "one", 0)
    store.renew(lease, 60)
    assert store.claim("two", 60) is None
    store.renew(lease, 60)


def test_a_released_study_is_free_at_once_and_its_packs_wait(store: Store):
    lease = running(store)
    pack = store.open_packs(lease)[0]
    store.pack_started(lease, pack.id, 1, "host")
    store.release(lease)
    assert store.packs(lease.study_id)[0].state == "waiting"
    assert _claim(store, "two", 60).study_id == lease.study_id


def test_releasing_a_lost_lease_leaves_the_new_holder_alone(store: Store):
    add(store)
    old = _claim(store, "one", 0)
    new = _claim(store, "two", 60)
    store.release(old)
    store.renew(new, 60)


@pytest.mark.parametrize("event", ["pause", "stop", "cancel"])
def test_a_study_on_its_way_to_an_end_is_claimed_in_that_state(store: Store, event):
    lease = running(store)
    state = store.transition(lease.study_id, event)
    store.release(lease)
    assert _claim(store, "two", 60).study_id == lease.study_id
    assert store.state(lease.study_id) == state


@pytest.mark.parametrize("event", ["pause", "stop", "cancel"])
def test_a_study_that_rests_is_not_claimed(store: Store, event):
    study = add(store)
    store.transition(study.id, event)
    assert store.claim("runner", 60) is None


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(store: Store) -> Clock:
    """The clock by which the store finds that leases are not renewed."""
    clock = Clock()
    store._silences = Silences(clock)
    return clock


def _claimed_within(store: Store, clock: Clock, seconds: int) -> Lease | None:
    """What somebody else gets who asks once a second."""
    for _ in range(seconds):
        clock.now += 1.0
        if (lease := store.claim("other", 60)) is not None:
            return lease
    return None


def test_a_lease_expires_when_it_was_not_renewed_for_as_long_as_its_holder_said(store: Store, clock: Clock):
    lease = running(store)
    assert store.claim("other", 1) is None
    assert _claimed_within(store, clock, 59) is None
    taken = _claimed_within(store, clock, 1)
    assert taken == Lease(lease.study_id, "other", lease.token + 1)


def test_each_renewal_counts_anew(store: Store, clock: Clock):
    lease = running(store)
    for _ in range(5):
        assert _claimed_within(store, clock, 50) is None
        store.renew(lease, 60)
    assert _claimed_within(store, clock, 60) is None
    assert _claimed_within(store, clock, 1) is not None


def test_an_observer_that_slept_does_not_count_its_sleep(store: Store, clock: Clock):
    running(store)
    assert store.claim("other", 60) is None
    clock.now += 3600.0
    assert store.claim("other", 60) is None


def test_after_the_databases_absence_every_holder_has_the_whole_time_to_renew(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    lease = running(store)
    assert _claimed_within(store, clock, 59) is None
    with monkeypatch.context() as patch:
        patch.setattr(store, "_database", Database.open("postgresql://nobody@127.0.0.1:1/none"))
        with pytest.raises(DatabaseUnavailable):
            store.claim("other", 60)
    assert _claimed_within(store, clock, 59) is None
    store.renew(lease, 60)


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_jump_of_the_databases_clock_neither_robs_a_holder_nor_strands_a_study(database_url: str, hours: int):
    store = open_store(database_url)
    store.migrate()
    clock = Clock()
    store._silences = Silences(clock)
    runner = RunnerInfo("runner", "host", 1, embedded=False)
    lease = running(store)
    store.heartbeat(runner)
    assert _claimed_within(store, clock, 30) is None
    before = store.study(add(store).id).created
    store.transition(store.studies().items[0].id, "cancel")
    jump(store, hours)
    after = store.study(add(store).id).created
    store.transition(store.studies().items[0].id, "cancel")
    assert 0.9 < (after - before).total_seconds() / (3600 * hours) < 1.1, "the clock jumped"
    assert not store.runners()[0].heard_within(60), "of its next heartbeat it is known again"
    store.renew(lease, 60)
    store.heartbeat(runner)
    assert store.runners()[0].heard_within(60)
    assert _claimed_within(store, clock, 60) is None
    taken = _claimed_within(store, clock, 1)
    assert taken is not None
    assert taken.study_id == lease.study_id
    store.close()


def test_a_runner_is_not_given_what_it_works_for(store: Store):
    add(store)
    lease = _claim(store, "one", 0)
    assert store.claim("one", 60, busy={lease.study_id}) is None
    store.release(lease)
    assert store.claim("one", 60, busy={lease.study_id}) is None
    store.renew(_claim(store, "two", 60), 60)


def test_a_runner_gets_a_study_again_that_it_never_heard_it_had(store: Store):
    lease = running(store)
    again = store.claim(lease.runner_id, 60, busy=set())
    assert again == Lease(lease.study_id, lease.runner_id, lease.token + 1)
    assert store.claim("other", 60, busy=set()) is None


WRITES: dict[str, Callable[[Store, Lease, str], object]] = {
    "renew": lambda store, lease, pack: store.renew(lease, 60),
    "open_packs": lambda store, lease, pack: store.open_packs(lease),
    "pack_started": lambda store, lease, pack: store.pack_started(lease, pack, 1, "host"),
    "pack_progress": lambda store, lease, pack: store.pack_progress(lease, pack, 1, 1.0, None),
    "commit": lambda store, lease, pack: store.commit(lease, pack, [outcome(0)], 1, "host"),
    "end_pack": lambda store, lease, pack: store.end_pack(lease, pack),
    "fail_pack": lambda store, lease, pack: store.fail_pack(lease, pack, {}, 1),
    "cancel_unended": lambda store, lease, pack: store.cancel_unended(lease),
    "finish": lambda store, lease, pack: store.finish(lease),
    "transition": lambda store, lease, pack: store.transition(lease.study_id, "fail", lease=lease),
}


def test_nothing_is_written_under_an_old_token(store: Store):
    add(store)
    old = _claim(store, "one", 0)
    pack = store.open_packs(old)[0].id
    new = _claim(store, "two", 60)
    before = (store.study(new.study_id), store.packs(new.study_id), store.events(new.study_id))
    for name, write in WRITES.items():
        with pytest.raises(LeaseLost):
            pytest.fail(f"{name} answered {write(store, old, pack)}")
    assert (store.study(new.study_id), store.packs(new.study_id), store.events(new.study_id)) == before


def test_a_lease_of_a_deleted_study_is_lost(store: Store):
    lease = running(store)
    commit_all(store, lease)
    store.finish(lease)
    store.delete_study(lease.study_id)
    with pytest.raises(LeaseLost):
        store.renew(lease, 60)


def test_the_new_embedded_runner_takes_over_at_once(store: Store):
    store.heartbeat(RunnerInfo("dead", "here", 1, embedded=True))
    store.heartbeat(RunnerInfo("alive", "there", 2, embedded=False))
    add(store)
    add(store)
    orphan, other = _claim(store, "dead", 3600), _claim(store, "alive", 3600)
    assert store.take_over() == [orphan.study_id]
    with pytest.raises(LeaseLost):
        store.renew(orphan, 60)
    store.renew(other, 60)
    assert _claim(store, "new", 60).study_id == orphan.study_id


def test_one_dead_runner_is_taken_over_by_name(store: Store):
    for name in ("one", "two"):
        store.heartbeat(RunnerInfo(name, "here", 1, embedded=True))
        add(store)
    one, two = _claim(store, "one", 3600), _claim(store, "two", 3600)
    assert store.take_over("one") == [one.study_id]
    store.renew(two, 60)


def test_runners_are_known_by_their_last_heartbeat(store: Store):
    for name in ("one", "two", "one"):
        store.heartbeat(RunnerInfo(name, "host", 7, embedded=name == "one"))
    first, second = store.runners()
    assert (first.id, first.host, first.pid, first.embedded) == ("one", "host", 7, True)
    assert (second.id, second.embedded) == ("two", False)
    assert first.started <= second.started <= first.seen
    assert -1.0 < first.age_seconds < 60.0


def test_of_many_threads_that_claim_one_study_one_wins(store: Store):
    for _ in range(5):
        add(store)
        claimed = _at_once(8, lambda n: store.claim(f"runner-{n}", 3600))
        assert sum(lease is not None for lease in claimed) == 1


def test_of_many_threads_that_claim_many_studies_each_gets_its_own(store: Store):
    ids = {add(store).id for _ in range(6)}
    claimed: list[Lease] = []
    deadline = time.monotonic() + 30
    # on PostgreSQL a runner passes over a row that another is taking, and comes back for the next
    while len(claimed) < 6 and time.monotonic() < deadline:
        claimed += [lease for lease in _at_once(6, lambda n: store.claim(f"runner-{n}", 3600)) if lease]
    assert sorted(lease.study_id for lease in claimed) == sorted(ids)


def test_two_stores_that_commit_the_same_outcomes_accept_each_once(store: Store, store_url: str):
    lease = running(store, configurations=20, seeds=5, per_pack=100)
    pack = store.open_packs(lease)[0]
    stores = [open_store(store_url) for _ in range(4)]
    accepted = _at_once(
        4, lambda n: stores[n].commit(lease, pack.id, [outcome(i, at=1000 + n) for i in range(100)], n, "host")
    )
    for other in stores:
        other.close()
    assert sorted(index for indices in accepted for index in indices) == list(range(100))
    assert store.study(lease.study_id).progress.by_outcome == {"generalised": 100}
    assert len([e for e in store.events(lease.study_id) if e.type == "trial"]) == 100


def test_commits_of_different_packs_lose_no_count_and_no_event(store: Store):
    lease = running(store, configurations=20, seeds=4, per_pack=10)
    packs = store.open_packs(lease)
    _at_once(8, lambda n: store.commit(lease, packs[n].id, [outcome(i) for i in packs[n].members], 1, "host"))
    assert store.study(lease.study_id).progress.by_outcome == {"generalised": 80}
    events = store.events(lease.study_id)
    assert len({event.data["index"] for event in events if event.type == "trial"}) == 80
    assert len({event.seq for event in events}) == len(events)
    assert [pack.state for pack in store.packs(lease.study_id)] == ["waiting"] * 8


def test_of_a_commit_and_a_new_claim_at_once_the_token_decides(store: Store):
    add(store)
    old = _claim(store, "one", 0)
    pack = store.open_packs(old)[0]
    _, new = _at_once(
        2,
        lambda n: _caught(
            lambda: store.commit(old, pack.id, [outcome(0)], 1, "h") if n == 0 else _claim(store, "two", 60)
        ),
    )
    assert isinstance(new, Lease)
    with pytest.raises(LeaseLost):
        store.commit(old, pack.id, [outcome(1)], 1, "host")
    assert store.study(old.study_id).progress.ended in {0, 1}


def test_of_a_stop_and_a_finish_at_once_both_end_it(store: Store):
    leases = [running(store) for _ in range(5)]
    for lease in leases:
        commit_all(store, lease)
        ends = (partial(store.finish, lease), partial(store.transition, lease.study_id, "stop"))
        _at_once(2, lambda n, ends=ends: _caught(ends[n]))
    assert {store.state(lease.study_id) for lease in leases} <= ENDED


def test_of_two_submissions_with_one_key_one_makes_the_study(store: Store):
    key = Idempotency("me", "POST /v1/studies", "key", "hash")
    made = _at_once(4, lambda n: _caught(lambda: add(store, idempotency=key)))
    assert sum(isinstance(answer, AlreadySubmitted) for answer in made) == 3
    assert len(store.studies().items) == 1


def _claim(store: Store, runner: str, seconds: float) -> Lease:
    """Claim within a deadline: a lease of no seconds has expired when it is seen."""
    deadline = time.monotonic() + 10
    while (lease := store.claim(runner, seconds)) is None:
        assert time.monotonic() < deadline, "nothing to claim"
    return lease


def _at_once(count: int, call: Callable[[int], object]) -> list:
    barrier = threading.Barrier(count)

    def meet(n: int) -> object:
        barrier.wait()
        return call(n)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(meet, range(count)))


def _caught(call: Callable[[], object]) -> object:
    try:
        return call()
    except (StoreError, ImpossibleTransition) as error:
        return error
