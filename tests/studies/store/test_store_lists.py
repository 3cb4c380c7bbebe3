"""Lists: paging against a list sorted by hand, filters against a loop, and how many statements they take."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from samples import add, failed, outcome, running, spec
from sqlalchemy import event

from grokscale.studies.plan import Plan, PlannedPack
from grokscale.studies.store import (
    InvalidCursor,
    InvalidFilter,
    Lease,
    Store,
    StudyFilter,
    TrialFilter,
    TrialRecord,
    open_store,
)
from grokscale.studies.store.records import EVERY_TRIAL
from grokscale.trainers.trial import Crossing, Identity, Outcome, Trial

WORDS = ["generalised", "memorised", "not_memorised", "infeasible", "diverged", "cancelled"]
SORTS = ["index", "seed", "outcome", "t1", "t2", "steps", "alpha", "snr"]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def mixed(request: pytest.FixtureRequest, migrated) -> Iterator[Mixed]:
    """A study of 200 trials with ties, missing values and every kind of censoring, which the tests only read."""
    with migrated(request.param) as url:
        store = open_store(url)
        yield Mixed(store, _fill(store))
        store.close()


@dataclass(frozen=True)
class Mixed:
    store: Store
    id: str

    def page(self, filter: TrialFilter = EVERY_TRIAL, limit: int = 100, cursor: str | None = None):
        return self.store.trials(self.id, filter, limit, cursor)

    def all(self) -> list[TrialRecord]:
        return list(self.store.iter_trials(self.id))


def _fill(store: Store) -> str:
    rng = random.Random(1)
    configs = [
        {"alpha": rng.choice([0.1, 1e-5, 3.0, 2]), "snr": rng.choice([None, 10.0, 0.5]), "kind": "l1"}
        for _ in range(40)
    ]
    configs[0]["snr"] = None  # the fields' kinds are read off the first configuration
    trials = tuple(Trial(c * 5 + s, c, s, config) for c, config in enumerate(configs) for s in range(5))
    identities = tuple(Identity(f"synthetic:0:{trial.seed}", f"0:{trial.seed}") for trial in trials)
    plan = Plan(trials, identities, (PlannedPack(0, tuple(range(200))),), 40)
    store.add_study(spec(), plan, versions={})
    lease = store.claim("runner", 3600)
    assert lease is not None
    ended = rng.sample(range(200), 150)
    store.commit(lease, store.open_packs(lease)[0].id, [_outcome(rng, i) for i in ended], 1, "host")
    return lease.study_id


def _outcome(rng: random.Random, index: int) -> Outcome:
    def crossing() -> Crossing | None:
        step = rng.randrange(1, 40)
        return rng.choice(
            [
                Crossing(step, step - 1, step, "exact", step),
                Crossing(None, step, step + 10, "interval"),
                Crossing(None, step, None, "right"),
                Crossing(0, -1, 0, "left"),
                None,
            ]
        )

    word = rng.choice(WORDS)
    return outcome(index, outcome=word, t1=crossing(), t2=crossing(), steps=rng.randrange(5), curve={})


def _key(trial: TrialRecord, sort: str):
    if sort in {"t1", "t2"}:
        crossing = getattr(trial, sort)
        return crossing and crossing.upper
    return trial.config[sort] if sort in trial.config else getattr(trial, sort)


def _sorted(trials: list[TrialRecord], sort: str) -> list[int]:
    """The order as the interface words it: by value, what is missing last, ties by index."""
    name, descending = sort.removeprefix("-"), sort.startswith("-")
    present = [t for t in trials if _key(t, name) is not None]
    missing = [t for t in trials if _key(t, name) is None]
    by_index = sorted(present, key=lambda t: t.index)
    ordered = sorted(by_index, key=lambda t: _key(t, name), reverse=descending)
    if descending:  # reverse=True of Python keeps ties in their order, as we want
        assert ordered == sorted(by_index, key=lambda t: _key(t, name), reverse=True)
    return [t.index for t in ordered] + sorted(t.index for t in missing)


def _pages(mixed: Mixed, filter: TrialFilter, limit: int) -> Iterator[TrialRecord]:
    cursor = None
    while True:
        page = mixed.page(filter, limit, cursor)
        assert len(page.items) <= limit
        yield from page.items
        if (cursor := page.next) is None:
            return


def test_every_sort_pages_as_a_list_sorted_by_hand(mixed: Mixed):
    everything = mixed.all()
    assert len(everything) == 200
    for sort in [sign + name for name in SORTS for sign in ("", "-")]:
        for limit in (7, 100, 1000):
            found = [trial.index for trial in _pages(mixed, TrialFilter(sort=sort), limit)]
            assert found == _sorted(everything, sort), (sort, limit)


def test_the_last_page_has_no_cursor_even_when_it_is_full(mixed: Mixed):
    assert mixed.page(limit=200).next is None
    assert mixed.page(limit=199).next is not None


def test_filters_choose_what_a_loop_would(mixed: Mixed):
    everything = mixed.all()
    low, high = st.sampled_from([None, 0.0, 1e-5, 0.1, 2.0]), st.sampled_from([None, 1e-5, 0.1, 2, 5.0])
    words = st.lists(st.sampled_from([*WORDS, "pending"]), max_size=3).map(tuple)
    fields = st.dictionaries(st.sampled_from(["alpha", "snr"]), st.tuples(low, high))
    sorts = st.sampled_from([sign + name for name in SORTS for sign in ("", "-")])

    @settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(words=words, ranges=fields, sort=sorts, limit=st.integers(1, 60))
    def check(words, ranges, sort, limit):
        wanted = [trial for trial in everything if _chosen(trial, words, ranges)]
        found = _pages(mixed, TrialFilter(words, ranges, sort), limit)
        assert [trial.index for trial in found] == _sorted(wanted, sort)

    check()


def _chosen(trial: TrialRecord, words, ranges) -> bool:
    if words and (trial.outcome or "pending") not in words:
        return False
    for field, (low, high) in ranges.items():
        value = trial.config[field]
        if value is None or (low is not None and value < low) or (high is not None and value > high):
            return False
    return True


def test_a_cursor_goes_on_where_it_was_though_trials_end_meanwhile(store: Store):
    lease = running(store, configurations=20, seeds=5, per_pack=100)
    pack = store.open_packs(lease)[0]
    first = store.trials(lease.study_id, limit=30)
    store.commit(lease, pack.id, [outcome(i) for i in range(0, 100, 2)], 1, "host")
    rest = store.trials(lease.study_id, limit=100, cursor=first.next)
    assert [t.index for t in (*first.items, *rest.items)] == list(range(100))


def test_a_page_of_studies_is_not_moved_by_newer_ones(store: Store):
    ids = [add(store).id for _ in range(5)]
    first = store.studies(limit=2)
    newer = add(store).id
    second = store.studies(limit=10, cursor=first.next)
    assert [study.id for study in (*first.items, *second.items)] == ids[::-1]
    assert store.studies(limit=1).items[0].id == newer


@pytest.mark.parametrize(
    "filter",
    [TrialFilter(sort="t2"), TrialFilter(outcomes=("failed",)), TrialFilter(ranges={"alpha": (0.0, 1.0)})],
)
def test_a_cursor_of_another_sort_or_filter_is_refused(mixed: Mixed, filter: TrialFilter):
    cursor = mixed.page(limit=5).next
    with pytest.raises(InvalidCursor, match="another list"):
        mixed.page(filter, cursor=cursor)


def test_a_cursor_of_another_study_is_refused(mixed: Mixed):
    cursor = mixed.page(limit=5).next
    with pytest.raises(InvalidCursor, match="another list"):
        mixed.store.trials(add(mixed.store).id, cursor=cursor)


def test_a_cursor_of_another_study_filter_is_refused(store: Store):
    add(store)
    add(store)
    cursor = store.studies(limit=1).next
    with pytest.raises(InvalidCursor, match="another list"):
        store.studies(StudyFilter(states=("queued",)), cursor=cursor)


def test_a_damaged_cursor_is_refused(mixed: Mixed):
    good = mixed.page(limit=5).next
    assert good is not None
    seal = json.loads(base64.urlsafe_b64decode(good + "=="))[0]
    forged = [[seal], [seal, "4", 4], [seal, True, 4], [seal, 4, 10**30], [seal, 4.0, 4], [seal, 4, 4, 4], {"a": 1}, []]
    texts = ["", "!", "é", good[:-3], good + "AAAA", "\x00", "A" * 100_000, base64.b64encode(b"[" * 50_000).decode()]
    texts += [base64.urlsafe_b64encode(json.dumps(parts).encode()).decode() for parts in forged]
    for text in texts:
        with pytest.raises(InvalidCursor):
            mixed.page(cursor=text)


@pytest.mark.parametrize(
    ("filter", "message"),
    [
        (TrialFilter(sort="beta"), r"beta: no such field \(known: index, seed, outcome, t1, t2, steps, alpha, snr\)"),
        (TrialFilter(sort="kind"), "kind: is not a number"),
        (TrialFilter(sort=""), "no such field"),
        (TrialFilter(sort="--t2"), "no such field"),
        (TrialFilter(ranges={"beta": (0, 1)}), r"beta: no such field \(known: alpha, snr\)"),
        (TrialFilter(ranges={"kind": (0, 1)}), "kind: is not a number"),
        (TrialFilter(ranges={'al"pha': (0, 1)}), "no such field"),
        (TrialFilter(ranges={"alpha": (float("nan"), 1)}), "alpha: NaN is not a bound"),
        (TrialFilter(outcomes=("done",)), r"'done' is not an outcome \(known: generalised, .*pending\)"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused_with_what_would(mixed: Mixed, filter, message: str):
    with pytest.raises(InvalidFilter, match=message):
        mixed.page(filter)


@pytest.mark.parametrize("bound", [10**400, -(10**400), float("inf"), 2**63])
def test_a_bound_of_any_size_is_taken(mixed: Mixed, bound):
    found = mixed.page(TrialFilter(ranges={"alpha": (None, bound)}), limit=1000).items
    assert len(found) == (200 if bound > 0 else 0)


def test_every_list_takes_a_fixed_number_of_statements(store: Store):
    lease = _busy(store)
    for name, call, expected in (
        ("studies", lambda: store.studies(limit=50), 2),
        ("study", lambda: store.study(lease.study_id), 2),
        ("state", lambda: store.state(lease.study_id), 1),
        ("trials", lambda: store.trials(lease.study_id, limit=50), 3),
        ("trials by t2", lambda: store.trials(lease.study_id, TrialFilter(sort="-t2"), limit=50), 3),
        ("trials by alpha", lambda: store.trials(lease.study_id, TrialFilter(sort="alpha"), limit=50), 3),
        ("table", lambda: store.table(lease.study_id), 4),
        ("events", lambda: store.events(lease.study_id), 2),
        ("heads", lambda: store.heads([lease.study_id, "other"]), 1),
        ("packs", lambda: store.packs(lease.study_id), 2),
        ("curves", lambda: store.curves(store.trials(lease.study_id).items[0].id), 5),
    ):
        statements = _statements(store, call)
        assert len(statements) == expected, (name, statements)


def test_no_list_reads_curves(store: Store):
    lease = _busy(store)
    calls = (store.studies, lambda: store.trials(lease.study_id), lambda: store.table(lease.study_id))
    for call in calls:
        assert not [text for text in _statements(store, call) if "gs_curve_point" in text]


def _busy(store: Store) -> Lease:
    for _ in range(3):
        add(store)
    lease = store.claim("runner", 3600)
    assert lease is not None
    for pack in store.open_packs(lease):
        store.commit(lease, pack.id, [outcome(i) if i % 2 else failed(i) for i in pack.members], 1, "host")
    return lease


def _statements(store: Store, call) -> list[str]:
    seen: list[str] = []

    def note(_connection, _cursor, statement: str, _parameters, _context, _many) -> None:
        if not statement.startswith("BEGIN"):
            seen.append(statement)

    engine = store._database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        call()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return seen
