"""The contract of the store, on SQLite and on a real PostgreSQL: the same tests, the same answers."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from samples import VERSIONS, add, commit_all, exact, failed, outcome, plan, running, spec
from sqlalchemy.event import listen

from grokscale.studies.lifecycle import ImpossibleTransition
from grokscale.studies.plan import PlannedPack
from grokscale.studies.store import (
    AlreadySubmitted,
    DatabaseUnavailable,
    FitRecord,
    Head,
    Idempotency,
    InvalidFilter,
    LeaseLost,
    NotEnded,
    NotFound,
    Preparing,
    Store,
    StudyFilter,
    TrialFilter,
    open_store,
)
from grokscale.trainers.trial import Outcome, Trial

ABSENT = "01900000-0000-7000-8000-000000000000"


class TestStudies:
    def test_a_study_is_given_back_as_it_was_added(self, store: Store):
        added = add(store, tags=["one", "two"], priority=3)
        assert store.study(added.id) == added
        assert added.spec == spec(tags=["one", "two"], priority=3).canonical()
        assert added.spec_hash == spec(tags=["one", "two"], priority=3).hash()
        assert (added.name, added.state, added.tags, added.priority) == ("store", "queued", ("one", "two"), 3)
        assert (added.versions, added.started, added.ended, added.reason) == (VERSIONS, None, None, None)

    def test_its_time_is_now_in_utc(self, store: Store):
        created = add(store).created
        assert created.tzinfo is UTC
        assert abs(datetime.now(UTC) - created) < timedelta(seconds=60)

    def test_its_trials_are_rows_before_they_run(self, store: Store):
        study = add(store)
        found = [Trial(t.index, t.configuration, t.seed, t.config) for t in store.iter_trials(study.id)]
        assert found == list(plan().trials)

    def test_its_packs_keep_membership_and_order(self, store: Store):
        study = add(store, per_pack=5)
        packs = store.packs(study.id)
        assert [(p.number, p.members, p.state, p.attempt) for p in packs] == [
            (0, (0, 1, 2, 3, 4), "waiting", 0),
            (1, (5, 6, 7, 8, 9), "waiting", 0),
            (2, (10, 11), "waiting", 0),
        ]

    def test_its_progress_begins_at_nothing(self, store: Store):
        progress = add(store).progress
        assert (progress.total, progress.ended, progress.by_outcome) == (12, 0, {})
        assert (progress.steps_per_second, progress.eta_seconds) == (0.0, None)

    def test_an_unknown_study_is_not_found(self, store: Store):
        for call in (
            store.study,
            store.state,
            store.packs,
            store.delete_study,
            store.events,
            store.trials,
            store.table,
            store.theory_reasons,
        ):
            with pytest.raises(NotFound):
                call(ABSENT)

    @pytest.mark.parametrize("id", ["", "x", "a\x00b", "\ud800", "é" * 5000])
    def test_a_strange_identifier_is_not_found_either(self, store: Store, id: str):
        for call in (store.study, store.trial, store.curves):
            with pytest.raises(NotFound):
                call(id)

    def test_the_newest_study_is_listed_first(self, store: Store):
        ids = [add(store).id for _ in range(5)]
        assert [study.id for study in store.studies().items] == ids[::-1]

    def test_studies_are_filtered_by_every_condition_at_once(self, store: Store):
        wanted = add(store, name="Law of l1", tags=["paper", "50 %"])
        add(store, name="law of l1", tags=["paper", "50 %"])
        add(store, name="Law of l1", tags=["pap", "50"])
        cancelled = add(store, name="Law of l1", tags=["paper", "50 %"])
        store.transition(cancelled.id, "cancel")
        chosen = StudyFilter(
            states=("queued", "running"),
            task="synthetic",
            name_prefix="Law",
            tag="50 %",
            created_after=wanted.created,
            created_before=wanted.created + timedelta(hours=1),
        )
        assert [study.id for study in store.studies(chosen).items] == [wanted.id]

    @pytest.mark.parametrize(
        "filter",
        [
            StudyFilter(task="sparse_recovery"),
            StudyFilter(name_prefix="st%"),
            StudyFilter(tag="o"),
            StudyFilter(created_after=datetime(2100, 1, 1, tzinfo=UTC)),
            StudyFilter(created_before=datetime(2000, 1, 1, tzinfo=UTC)),
            StudyFilter(states=("failed",)),
            StudyFilter(name_prefix="store\x00"),
        ],
    )
    def test_a_filter_that_nothing_meets_gives_an_empty_page(self, store: Store, filter: StudyFilter):
        add(store, tags=["one"])
        page = store.studies(filter)
        assert (page.items, page.next) == ((), None)

    def test_a_state_that_does_not_exist_is_refused_by_name(self, store: Store):
        with pytest.raises(InvalidFilter, match="'done' is not a state"):
            store.studies(StudyFilter(states=("done",)))

    def test_only_an_ended_study_can_be_deleted(self, store: Store):
        study = add(store)
        with pytest.raises(NotEnded, match="queued"):
            store.delete_study(study.id)
        assert store.study(study.id) == study

    def test_deleting_takes_everything_under_the_study_and_nothing_else(self, store: Store):
        kept = running(store)
        commit_all(store, kept)
        lease = running(store, idempotency=Idempotency("me", "/v1/studies", "key", "hash"))
        commit_all(store, lease)
        trial = store.trials(lease.study_id).items[0].id
        store.finish(lease)
        store.delete_study(lease.study_id)
        with pytest.raises(NotFound):
            store.trial(trial)
        assert store.recall("me", "/v1/studies", "key") is None
        while store.sweep():
            pass
        with store._database.read() as connection:
            for table in ("gs_trial", "gs_pack", "gs_event", "gs_configuration"):
                found = connection.exec_driver_sql(f"SELECT DISTINCT study_id FROM {table}").scalars().all()
                assert found == [kept.study_id]
            assert connection.exec_driver_sql("SELECT count(*) FROM gs_curve_point").scalar() == 12 * 4


class TestIdempotency:
    KEY = Idempotency("me", "POST /v1/studies", "key", "hash")

    def test_a_key_leads_to_the_study_it_made(self, store: Store):
        study = add(store, idempotency=self.KEY)
        record = store.recall("me", "POST /v1/studies", "key")
        assert record is not None
        assert (record.study_id, record.body_hash, record.status) == (study.id, "hash", 201)

    def test_an_unused_key_is_unknown(self, store: Store):
        add(store, idempotency=self.KEY)
        assert store.recall("you", "POST /v1/studies", "key") is None
        assert store.recall("me", "POST /v1/studies", "key\x00") is None

    def test_a_used_key_makes_no_second_study(self, store: Store):
        study = add(store, idempotency=self.KEY)
        with pytest.raises(AlreadySubmitted) as refusal:
            add(store, idempotency=self.KEY)
        assert refusal.value.record.study_id == study.id
        assert len(store.studies().items) == 1

    def test_a_copy_of_the_database_does_not_tell_who_the_caller_is(self, store: Store):
        add(store, idempotency=self.KEY)
        with store._database.read() as connection:
            (kept,) = connection.exec_driver_sql("SELECT caller FROM gs_idempotency").scalars().all()
        assert len(kept) == 64
        assert kept not in ("me", hashlib.sha256(b"me").hexdigest())

    def test_every_process_knows_the_caller_again(self, store: Store):
        study = add(store, idempotency=self.KEY)
        other = open_store(store._database.engine.url.render_as_string(hide_password=False))
        record = other.recall("me", "POST /v1/studies", "key")
        other.close()
        assert record is not None
        assert record.study_id == study.id

    def test_a_key_of_a_fit_is_written_with_the_fit(self, store: Store):
        study = add(store)
        fit = FitRecord("f", study.id, datetime.now(UTC), {}, {}, "hash", {})
        store.add_fit(fit, b"rows", self.KEY)
        record = store.recall(self.KEY.caller, self.KEY.route, self.KEY.key)
        assert record is not None
        assert (record.study_id, record.fit_id) == (study.id, "f")
        with pytest.raises(AlreadySubmitted):
            store.add_fit(replace(fit, id="g"), b"rows", self.KEY)
        assert [summary.id for summary in store.fits(study.id)] == ["f"]


class TestProbe:
    def test_a_database_that_takes_writes_takes_a_probe(self, store: Store):
        def written() -> list[Any]:
            with store._database.read() as connection:
                return list(connection.exec_driver_sql("SELECT written FROM gs_probe").scalars())

        before = written()
        store.probe()
        assert len(before) == 1
        assert written() != before


def test_a_database_without_room_says_so(tmp_path: Path):
    store = open_store(f"sqlite:///{tmp_path}/full.db")
    store.migrate()

    def full(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA max_page_count = 1")

    def fill() -> None:
        for _ in range(1000):
            add(store)

    listen(store._database.engine, "connect", full)
    store.close()
    with pytest.raises(DatabaseUnavailable) as refusal:
        fill()
    assert refusal.value.cause == "full"
    store.close()


class TestCheckpointKeys:
    def test_each_study_has_a_key_of_its_own_that_stays(self, store: Store):
        keys = [store.checkpoint_key(study) for study in ("one", "two", "one")]
        assert keys[0] == keys[2] != keys[1]
        assert {len(key) for key in keys} == {32}

    def test_no_two_databases_have_the_same(self, store: Store, tmp_path: Path):
        other = open_store(f"sqlite:///{tmp_path}/other.db")
        other.migrate()
        assert other.checkpoint_key("one") != store.checkpoint_key("one")
        other.close()


class TestTransitions:
    def test_a_queued_study_is_cancelled_at_once_with_its_trials(self, store: Store):
        study = add(store)
        assert store.transition(study.id, "cancel", reason="not needed") == "cancelled"
        after = store.study(study.id)
        assert (after.state, after.reason) == ("cancelled", "not needed")
        assert after.progress.by_outcome == {"cancelled": 12}
        assert after.ended is not None
        assert {p.state for p in store.packs(study.id)} == {"ended"}

    def test_asking_again_changes_nothing_and_answers_the_same(self, store: Store):
        study = add(store)
        store.transition(study.id, "cancel")
        events = store.events(study.id)
        assert store.transition(study.id, "cancel") == "cancelled"
        assert store.events(study.id) == events

    def test_what_the_state_does_not_allow_is_refused(self, store: Store):
        study = add(store)
        store.transition(study.id, "stop")
        with pytest.raises(ImpossibleTransition) as refusal:
            store.transition(study.id, "pause")
        assert (refusal.value.state, refusal.value.event) == ("stopped", "pause")
        assert store.state(study.id) == "stopped"

    def test_every_change_is_an_event(self, store: Store):
        lease = running(store)
        store.transition(lease.study_id, "pause", reason="lunch")
        store.finish(lease)
        states = [event.data for event in store.events(lease.study_id) if event.type == "state"]
        assert states == [
            {"state": "queued", "previous": None, "reason": None},
            {"state": "running", "previous": "queued", "reason": None},
            {"state": "pausing", "previous": "running", "reason": "lunch"},
            {"state": "paused", "previous": "pausing", "reason": None},
        ]

    def test_a_runner_without_the_lease_changes_no_state(self, store: Store):
        lease = running(store)
        store.release(lease)
        with pytest.raises(LeaseLost):
            store.transition(lease.study_id, "fail", lease=lease, reason="no cluster")
        assert store.state(lease.study_id) == "running"

    def test_a_failed_study_keeps_its_reason(self, store: Store):
        lease = running(store)
        assert store.transition(lease.study_id, "fail", lease=lease, reason="no\x00cluster") == "failed"
        assert store.study(lease.study_id).reason == "no\ufffdcluster"

    def test_a_study_all_of_whose_trials_failed_says_so(self, store: Store):
        lease = running(store)
        while waiting := store.open_packs(lease):
            for pack in waiting:
                store.fail_pack(lease, pack.id, {"type": "Killed", "message": "signal 9"}, 1)
        assert store.finish(lease) == "completed"
        assert store.study(lease.study_id).reason == "all 12 trials failed; trial 0: signal 9"
        assert store.events(lease.study_id)[-1].data["reason"] == "all 12 trials failed; trial 0: signal 9"
        store.transition(lease.study_id, "retry")
        assert store.study(lease.study_id).reason is None

    def test_one_that_was_stopped_says_so_of_those_that_ended(self, store: Store):
        lease = running(store)
        ended = [failed(4), failed(2)]
        store.commit(lease, store.open_packs(lease)[0].id, ended, 1, "here")
        store.transition(lease.study_id, "stop")
        store.finish(lease)
        assert store.study(lease.study_id).reason == "all 2 that ended of 12 trials failed; trial 2: out of luck"

    def test_one_with_a_trial_that_did_not_fail_does_not(self, store: Store):
        lease = running(store)
        store.commit(lease, store.open_packs(lease)[0].id, [failed(0)], 1, "here")
        commit_all(store, lease)
        store.finish(lease)
        assert store.study(lease.study_id).reason is None

    def test_a_study_is_not_complete_before_its_last_trial(self, store: Store):
        lease = running(store)
        commit_all(store, lease, range(11))
        with pytest.raises(NotEnded, match="1 trials without an outcome"):
            store.finish(lease)
        commit_all(store, lease)
        assert store.finish(lease) == "completed"
        assert store.study(lease.study_id).ended is not None

    @pytest.mark.parametrize(("event", "expected"), [("stop", "stopped"), ("cancel", "cancelled"), ("pause", "paused")])
    def test_finishing_ends_what_was_asked_for(self, store: Store, event, expected):
        lease = running(store)
        commit_all(store, lease, [0, 1])
        store.transition(lease.study_id, event)
        assert store.finish(lease) == expected
        counts = store.study(lease.study_id).progress.by_outcome
        assert counts == {"generalised": 2} | ({"cancelled": 10} if event == "cancel" else {})

    def test_a_study_whose_trials_all_ended_while_pausing_is_completed(self, store: Store):
        lease = running(store)
        store.transition(lease.study_id, "pause")
        commit_all(store, lease)
        assert store.finish(lease) == "completed"

    def test_finishing_gives_the_lease_back(self, store: Store):
        lease = running(store)
        store.transition(lease.study_id, "pause")
        store.finish(lease)
        with pytest.raises(LeaseLost):
            store.renew(lease, 60)

    def test_a_paused_study_resumes_with_what_was_left(self, store: Store):
        lease = running(store)
        commit_all(store, lease, range(7))
        store.transition(lease.study_id, "pause")
        store.finish(lease)
        assert store.claim("runner", 60) is None
        assert store.transition(lease.study_id, "resume") == "queued"
        again = store.claim("runner", 60)
        assert again is not None
        assert [p.number for p in store.open_packs(again)] == [1]
        assert [t.index for t in store.pack_trials(store.open_packs(again)[0].id)] == [7, 8, 9, 10, 11]

    def test_retry_takes_failed_and_cancelled_trials_back(self, store: Store):
        lease = running(store)
        first, second = store.open_packs(lease)
        store.commit(lease, first.id, [outcome(i) for i in range(5)] + [failed(5)], 1, "host")
        store.end_pack(lease, first.id)
        store.commit(lease, second.id, [outcome(6)], 1, "host")
        store.transition(lease.study_id, "cancel")
        store.finish(lease)
        assert store.transition(lease.study_id, "retry") == "queued"
        again = store.claim("runner", 60)
        assert again is not None
        packs = store.open_packs(again)
        assert [(p.members, p.parent) for p in packs] == [((5,), first.id), ((7, 8, 9, 10, 11), second.id)]
        study = store.study(lease.study_id)
        assert (study.ended, study.progress.by_outcome) == (None, {"generalised": 6})
        reset = store.trials(lease.study_id, TrialFilter(outcomes=("pending",))).items[0]
        assert (reset.index, reset.error, reset.steps, reset.attempt) == (5, None, None, None)
        commit_all(store, again)
        assert store.finish(again) == "completed"
        assert store.study(lease.study_id).progress.by_outcome == {"generalised": 12}


class TestPacks:
    def test_a_started_pack_shows_where_and_for_the_how_manyth_time(self, store: Store):
        lease = running(store)
        pack = store.open_packs(lease)[0]
        store.pack_started(lease, pack.id, 2, "node-7")
        started = store.packs(lease.study_id)[0]
        assert (started.state, started.attempt, started.host) == ("running", 2, "node-7")
        assert started.started is not None

    def test_progress_adds_up_over_running_packs(self, store: Store):
        lease = running(store)
        for pack, speed, left in zip(store.open_packs(lease), (300.0, 120.0), (4.0, 1.0), strict=True):
            store.pack_started(lease, pack.id, 1, "host")
            store.pack_progress(lease, pack.id, 10, speed, left)
        progress = store.study(lease.study_id).progress
        assert progress.steps_per_second == 420.0
        assert progress.eta_seconds == 4.0, "the longer of two that run side by side"

    def test_packs_that_wait_are_taken_for_as_long_as_those_that_began(self, store: Store):
        lease = running(store)  # two packs of six
        one, _ = store.open_packs(lease)
        store.pack_started(lease, one.id, 1, "host")
        store.pack_progress(lease, one.id, 10, 5.0, 12.0)
        assert store.study(lease.study_id).progress.eta_seconds == 12.0 + 6 * (12.0 / 6)
        store.pack_progress(lease, one.id, 10, 5.0, 1.0)
        assert store.study(lease.study_id).progress.eta_seconds == 1.0 + 6 * (12.0 / 6)
        store.commit(lease, one.id, [outcome(index) for index in one.members], 1, "host")
        store.end_pack(lease, one.id)
        assert store.study(lease.study_id).progress.eta_seconds is None, "nothing runs"

    def test_a_study_prepares_while_its_running_packs_wait_for_kernels(self, store: Store):
        lease = running(store)  # two packs of six
        one, other = store.open_packs(lease)
        assert store.study(lease.study_id).progress.preparing is None
        for pack, seconds in ((one, 15.0), (other, 17.0)):
            store.pack_started(lease, pack.id, 1, "host")
            store.pack_progress(lease, pack.id, 0, 0.0, 3.0, seconds)
        progress = store.study(lease.study_id).progress
        assert progress.preparing == Preparing(17.0)
        assert progress.eta_seconds == 17.0 + 3.0
        assert store.events(lease.study_id)[-1].data["preparing"] == {"seconds_left": 17.0}
        for pack in (one, other):
            store.pack_progress(lease, pack.id, 10, 5.0, 2.0)
        progress = store.study(lease.study_id).progress
        assert (progress.preparing, progress.eta_seconds) == (None, 2.0)

    def test_a_pack_that_waits_again_prepares_no_more(self, store: Store):
        lease = running(store)
        one, other = store.open_packs(lease)
        store.pack_started(lease, one.id, 1, "host")
        store.pack_progress(lease, one.id, 0, 0.0, 3.0, 15.0)
        store.fail_pack(lease, one.id, {"type": "E", "message": "m"}, 3)
        store.pack_started(lease, other.id, 1, "host")
        assert store.study(lease.study_id).progress.preparing is None
        store.pack_started(lease, one.id, 2, "host")
        assert store.study(lease.study_id).progress.preparing is None

    def test_what_packs_prepare_for_is_not_taken_for_training(self, store: Store):
        lease = running(store)  # two packs of six
        one, _ = store.open_packs(lease)
        store.pack_started(lease, one.id, 1, "host")
        store.pack_progress(lease, one.id, 0, 0.0, 12.0, 30.0)
        assert store.study(lease.study_id).progress.eta_seconds == 30.0 + 12.0 + 6 * (12.0 / 6)

    def test_where_no_pack_knows_how_long_it_takes_there_is_no_eta(self, store: Store):
        lease = running(store)
        pack = store.open_packs(lease)[0]
        store.pack_started(lease, pack.id, 1, "host")
        store.pack_progress(lease, pack.id, 10, 5.0, None)
        assert store.study(lease.study_id).progress.eta_seconds is None

    def test_of_progress_events_only_the_newest_is_kept(self, store: Store):
        lease = running(store)
        pack = store.open_packs(lease)[0]
        store.pack_started(lease, pack.id, 1, "host")
        for step in (10, 20, 30):
            store.pack_progress(lease, pack.id, step, float(step), None)
        (event,) = [e for e in store.events(lease.study_id) if e.type == "progress"]
        assert event.data["steps_per_second"] == 30.0
        assert store.packs(lease.study_id)[0].step == 30

    def test_a_pack_with_unended_trials_cannot_end(self, store: Store):
        lease = running(store)
        pack = store.open_packs(lease)[0]
        store.commit(lease, pack.id, [outcome(0)], 1, "host")
        with pytest.raises(NotEnded, match="5 unended"):
            store.end_pack(lease, pack.id)

    def test_a_pack_of_another_study_is_not_found(self, store: Store):
        other = running(store)
        foreign = store.open_packs(other)[0].id
        lease = running(store)
        for call in (
            lambda: store.pack_started(lease, foreign, 1, "host"),
            lambda: store.pack_progress(lease, foreign, 1, 1.0, None),
            lambda: store.commit(lease, foreign, [outcome(0)], 1, "host"),
            lambda: store.end_pack(lease, foreign),
            lambda: store.fail_pack(lease, foreign, {}, 3),
            lambda: store.lose_pack(lease, foreign, {}),
            lambda: store.rest_pack(lease, foreign),
        ):
            with pytest.raises(NotFound):
                call()

    def test_a_failed_pack_is_tried_again_until_its_attempts_are_used(self, store: Store):
        lease = running(store)
        pack = store.open_packs(lease)[0]
        assert [store.fail_pack(lease, pack.id, {"message": "killed"}, 3) for _ in range(3)] == [
            "retry",
            "retry",
            "halved",
        ]
        assert store.packs(lease.study_id)[0].error == {"message": "killed"}

    def test_a_halved_pack_lives_on_in_two_with_its_unended_trials(self, store: Store):
        lease = running(store)
        pack = store.open_packs(lease)[0]
        store.commit(lease, pack.id, [outcome(2)], 1, "host")
        assert store.fail_pack(lease, pack.id, {}, 1) == "halved"
        old, other, left, right = store.packs(lease.study_id)
        assert (old.state, other.state) == ("halved", "waiting")
        assert (left.members, left.parent, left.number, left.failures) == ((0, 1, 3), pack.id, 2, 0)
        assert (right.members, right.parent, right.number) == ((4, 5), pack.id, 3)
        assert [p.number for p in store.open_packs(lease)] == [1, 2, 3]
        assert store.trials(lease.study_id).items[4].pack == 3

    def test_halving_finds_the_one_culprit_and_spares_the_rest(self, store: Store):
        lease = running(store, per_pack=12)
        culprit = 7
        while packs := store.open_packs(lease):
            pack = packs[0]
            if culprit in pack.members:
                store.fail_pack(lease, pack.id, {"type": "Killed", "message": "signal 9"}, 1)
            else:
                store.commit(lease, pack.id, [outcome(i) for i in pack.members], 1, "host")
                store.end_pack(lease, pack.id)
        assert store.finish(lease) == "completed"
        assert store.study(lease.study_id).progress.by_outcome == {"generalised": 11, "failed": 1}
        trial = store.trials(lease.study_id, TrialFilter(outcomes=("failed",))).items[0]
        assert (trial.index, trial.error) == (culprit, {"type": "Killed", "message": "signal 9"})

    def test_a_pack_that_was_halved_is_not_halved_again(self, store: Store):
        lease = running(store)
        pack = store.open_packs(lease)[0]
        assert store.fail_pack(lease, pack.id, {}, 1) == "halved"
        before = store.packs(lease.study_id)
        assert store.fail_pack(lease, pack.id, {}, 1) == "halved"
        assert store.packs(lease.study_id) == before

    def test_a_lost_attempt_is_counted_apart_and_spends_none(self, store: Store):
        lease = running(store, per_pack=12)
        (pack,) = store.open_packs(lease)
        for _ in range(10):
            store.pack_started(lease, pack.id, 1, "host")
            store.lose_pack(lease, pack.id, {"message": "its node died"})
        (lost,) = store.packs(lease.study_id)
        assert (lost.state, lost.failures, lost.losses) == ("waiting", 0, 10)
        assert lost.error == {"message": "its node died"}
        assert store.study(lease.study_id).progress.losses == 10
        assert store.events(lease.study_id)[-1].data["losses"] == 10

    def test_an_end_of_which_the_answer_was_lost_is_counted_once(self, store: Store):
        lease = running(store, per_pack=12)
        (pack,) = store.open_packs(lease)
        for _ in range(2):
            assert store.fail_pack(lease, pack.id, {"message": "killed"}, 3, counted=0) == "retry"
        for _ in range(2):
            store.lose_pack(lease, pack.id, {"message": "its node died"}, counted=1)
        assert store.fail_pack(lease, pack.id, {"message": "killed"}, 3, counted=2) == "retry"
        for _ in range(2):
            assert store.fail_pack(lease, pack.id, {"message": "killed"}, 3, counted=3) == "halved"
        (old, *_) = store.packs(lease.study_id)
        assert (old.failures, old.losses, store.study(lease.study_id).progress.losses) == (3, 1, 1)

    def test_a_loss_that_is_known_too_late_changes_nothing(self, store: Store):
        lease = running(store, per_pack=12)
        commit_all(store, lease)
        (pack,) = store.packs(lease.study_id)
        store.lose_pack(lease, pack.id, {"message": "its node died"})
        assert store.packs(lease.study_id) == [pack]

    def test_a_pack_that_was_given_up_waits(self, store: Store):
        lease = running(store, per_pack=12)
        (pack,) = store.open_packs(lease)
        store.pack_started(lease, pack.id, 1, "host")
        store.rest_pack(lease, pack.id)
        (resting,) = store.packs(lease.study_id)
        assert (resting.state, resting.failures, resting.losses, resting.attempt) == ("waiting", 0, 0, 1)

    def test_packs_that_nobody_has_begun_are_cut_anew(self, store: Store):
        lease = running(store, per_pack=4)
        begun, *waiting = store.open_packs(lease)
        store.pack_started(lease, begun.id, 1, "host")
        ids = [pack.id for pack in waiting]
        assert [trial.index for trial in store.waiting_trials(lease, ids)] == list(range(4, 12))
        cut = [PlannedPack(0, (4, 6, 8, 10)), PlannedPack(1, (5, 7)), PlannedPack(2, (9, 11))]
        assert store.cut_anew(lease, ids, cut, 3)
        first, *fresh = store.open_packs(lease)
        assert first.id == begun.id
        assert [(pack.members, pack.cut_for) for pack in fresh] == [(each.members, 3) for each in cut]
        for pack in fresh:
            assert tuple(trial.index for trial in store.pack_trials(pack.id)) == pack.members
        commit_all(store, lease)
        assert store.finish(lease) == "completed"

    @pytest.mark.parametrize("change", ["begun", "gone", "others"])
    def test_packs_that_are_not_as_they_were_are_left_alone(self, store: Store, change: str):
        lease = running(store, per_pack=6)
        one, two = store.open_packs(lease)
        if change == "begun":
            store.pack_started(lease, one.id, 1, "host")
        ids = [one.id, ABSENT if change == "gone" else two.id]
        members = tuple(range(11 if change == "others" else 12))
        before = store.packs(lease.study_id)
        assert not store.cut_anew(lease, ids, [PlannedPack(0, members)], 1)
        assert store.packs(lease.study_id) == before

    def test_a_pack_that_fails_after_its_last_trial_has_simply_ended(self, store: Store):
        lease = running(store)
        pack = store.open_packs(lease)[0]
        store.commit(lease, pack.id, [outcome(i) for i in pack.members], 1, "host")
        assert store.fail_pack(lease, pack.id, {}, 1) == "ended"
        assert store.packs(lease.study_id)[0].state == "ended"


class TestCommit:
    def test_an_outcome_comes_back_with_all_its_numbers(self, store: Store):
        lease = running(store)
        pack = store.open_packs(lease)[0]
        sent = outcome(3, at=1000)
        assert store.commit(lease, pack.id, [sent], 2, "node-7") == [3]
        trial = store.trials(lease.study_id, TrialFilter(outcomes=("generalised",))).items[0]
        assert store.trial(trial.id) == trial
        for name in ("outcome", "obtained", "steps", "t1", "t1_gradient", "t2", "t2_plateau", "delay", "delay_reason"):
            assert getattr(trial, name) == getattr(sent, name), name
        assert (trial.theory, trial.theory_reasons) == (sent.theory, sent.theory_reasons)
        assert store.theory_reasons(lease.study_id) == {trial.id: sent.theory_reasons}
        assert (trial.error_reasons, trial.looks) == (sent.error_reasons, "certified")
        assert trial.errors == {
            "t1": sent.errors["t1"],
            "t2": sent.errors["t2"],
            "stop": sent.errors["stop"],
            "min": sent.errors["min"],
            "settled": None,
            "plateau": None,
        }
        assert (trial.index, trial.pack, trial.attempt, trial.host, trial.seconds) == (3, 0, 2, "node-7", 0.5)
        assert list(trial.ladder) == ["1e-1", "1e-3"]
        assert trial.ladder["1e-1"]["t2"] == {
            "step": 500,
            "lower": 499,
            "upper": 500,
            "censoring": "exact",
            "stayed": 500,
        }
        assert trial.ladder["1e-3"] == {"t1": None, "t2": None}

    def test_an_outcome_without_numbers_is_recorded_too(self, store: Store):
        lease = running(store)
        pack = store.open_packs(lease)[0]
        store.commit(lease, pack.id, [Outcome(0, "uninformative_data", None, 0), failed(1)], 1, "host")
        none, broken = store.trials(lease.study_id).items[:2]
        assert (none.outcome, none.t1, none.delay, none.errors["stop"]) == ("uninformative_data", None, None, None)
        assert broken.error == {"type": "RuntimeError", "message": "out of luck"}
        assert store.curves(none.id).step == []

    def test_what_is_recorded_already_is_left_as_it_is(self, store: Store):
        lease = running(store)
        pack = store.open_packs(lease)[0]
        store.commit(lease, pack.id, [outcome(0, at=1000), outcome(1)], 1, "host")
        again = [outcome(0, at=5000), outcome(2), outcome(1, at=5000), outcome(2, at=5000)]
        assert store.commit(lease, pack.id, again, 2, "other") == [2]
        first, _, third = store.trials(lease.study_id).items[:3]
        assert (first.t2, first.attempt, first.host) == (exact(1000), 1, "host")
        assert third.t2 == exact(1000)
        assert store.study(lease.study_id).progress.by_outcome == {"generalised": 3}

    def test_nothing_new_writes_nothing(self, store: Store):
        lease = running(store)
        pack = store.open_packs(lease)[0]
        store.commit(lease, pack.id, [outcome(0)], 1, "host")
        events = store.events(lease.study_id)
        assert store.commit(lease, pack.id, [outcome(0)], 1, "host") == []
        assert store.commit(lease, pack.id, [], 1, "host") == []
        assert store.events(lease.study_id) == events

    def test_it_is_all_or_nothing(self, store: Store):
        lease = running(store)
        pack = store.open_packs(lease)[0]
        with pytest.raises(NotFound, match="99"):
            store.commit(lease, pack.id, [outcome(0), outcome(99)], 1, "host")
        torn = outcome(1).curve | {"test_error": [1.0]}
        with pytest.raises(ValueError, match="same shape"):
            store.commit(lease, pack.id, [outcome(0), outcome(1, curve=torn)], 1, "host")
        assert store.study(lease.study_id).progress.ended == 0
        assert all(event.type == "state" for event in store.events(lease.study_id))

    def test_counters_agree_with_the_rows(self, store: Store):
        lease = running(store)
        for pack in store.open_packs(lease):
            half = len(pack.members) // 2
            store.commit(lease, pack.id, [outcome(i) for i in pack.members[:half]], 1, "host")
            store.commit(lease, pack.id, [failed(i) for i in pack.members[half:]], 1, "host")
        with store._database.read() as connection:
            rows = connection.exec_driver_sql("SELECT outcome, count(*) FROM gs_trial GROUP BY outcome").all()
        assert store.study(lease.study_id).progress.by_outcome == dict(map(tuple, rows))

    def test_each_trial_is_an_event_and_the_progress_is_one(self, store: Store):
        lease = running(store)
        pack = store.open_packs(lease)[0]
        store.commit(lease, pack.id, [outcome(0), failed(1)], 1, "host")
        one, two, progress = store.events(lease.study_id)[-3:]
        trial = store.trials(lease.study_id).items[0]
        assert one.data == {
            "id": trial.id,
            "index": 0,
            "configuration": 0,
            "seed": 0,
            "outcome": "generalised",
            "steps": 1007,
            "t1": 100,
            "t2": 1000,
        }
        assert (two.type, two.data["outcome"], two.data["t2"]) == ("trial", "failed", None)
        assert progress.data["by_outcome"] == {"generalised": 1, "failed": 1}

    def test_cancelling_the_unended_leaves_the_ended(self, store: Store):
        lease = running(store)
        one, two = store.open_packs(lease)
        store.commit(lease, one.id, [outcome(0)], 1, "host")
        store.pack_started(lease, two.id, 1, "host")
        store.pack_progress(lease, two.id, 77, 1.0, None)
        assert store.cancel_unended(lease) == 11
        trials = store.trials(lease.study_id).items
        assert [trial.outcome for trial in trials] == ["generalised"] + ["cancelled"] * 11
        assert (trials[1].steps, trials[11].steps) == (0, 77)
        assert store.open_packs(lease) == []


class TestCurves:
    def test_a_curve_comes_back_as_it_was(self, store: Store):
        trial, sent = self._curve(store, 40)
        curves = store.curves(trial)
        assert curves.step == sent.curve["step"].tolist()
        assert curves.columns == {name: sent.curve[name].tolist() for name in ("train_error", "test_error")}
        assert curves.coordinates is None

    def test_a_long_curve_is_thinned_with_both_ends_kept(self, store: Store):
        trial, sent = self._curve(store, 1000)
        curves = store.curves(trial, ["test_error"], max_points=100)
        assert len(curves.step) == 100
        assert (curves.step[0], curves.step[-1]) == (0, 999**2)
        assert list(curves.columns) == ["test_error"]
        at = dict(zip(sent.curve["step"].tolist(), sent.curve["test_error"].tolist(), strict=True))
        assert curves.columns["test_error"] == [at[step] for step in curves.step]

    def test_coordinates_come_where_they_are_asked_for(self, store: Store):
        iterates = [[1.0, 2.0, 3.0], [4.0, float("nan"), 6.0]]
        trial, _ = self._curve(store, 2, coordinates=iterates)
        assert store.curves(trial).coordinates is None
        curves = store.curves(trial, ["coordinates"])
        assert (curves.columns, curves.coordinates) == ({}, [[1.0, 2.0, 3.0], None])

    def test_an_unknown_metric_is_refused_with_what_is_known(self, store: Store):
        trial, _ = self._curve(store, 3)
        with pytest.raises(InvalidFilter) as refusal:
            store.curves(trial, ["accuracy"])
        assert refusal.value.known == ("train_error", "test_error", "coordinates")

    @staticmethod
    def _curve(store: Store, points: int, **changes):
        import numpy as np

        if "coordinates" in changes:
            changes["coordinates"] = np.array(changes["coordinates"])
        lease = running(store)
        sent = outcome(0, points=points, **changes)
        store.commit(lease, store.open_packs(lease)[0].id, [sent], 1, "host")
        return store.trials(lease.study_id).items[0].id, sent


class TestEvents:
    def test_numbers_count_up_without_repeats(self, store: Store):
        lease = running(store)
        commit_all(store, lease)
        store.finish(lease)
        numbers = [event.seq for event in store.events(lease.study_id)]
        assert numbers == sorted(set(numbers))
        assert numbers[0] == 1

    def test_a_reader_goes_on_after_what_it_has_seen(self, store: Store):
        lease = running(store)
        commit_all(store, lease)
        everything = store.events(lease.study_id)
        seen = store.events(lease.study_id, limit=5)
        while more := store.events(lease.study_id, after=seen[-1].seq, limit=5):
            seen += more
        assert seen == everything
        assert store.events(lease.study_id, after=10**30) == []

    def test_it_is_told_how_far_several_studies_go(self, store: Store):
        one, two = add(store).id, add(store).id
        store.transition(one, "cancel")
        last = {study: store.events(study)[-1].seq for study in (one, two)}
        assert store.heads([one, two, ABSENT]) == {one: Head(last[one], True), two: Head(last[two], False)}
        assert store.heads([]) == {}

    def test_the_data_of_an_event_are_plain_json(self, store: Store):
        lease = running(store)
        commit_all(store, lease)
        for event in store.events(lease.study_id):
            assert json.loads(json.dumps(event.data, allow_nan=False)) == event.data
