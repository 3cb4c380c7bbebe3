"""The flat table that laws and exports read."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from samples import ALPHAS, add, failed, outcome, running

from grokscale.studies import roles
from grokscale.studies.store import Store, TrialFilter
from grokscale.trainers.trial import Crossing

CROSSINGS = ("t1", "t1_gradient", "t2", "t2_plateau")
ERRORS = ("t1", "t2", "stop", "min", "settled", "plateau")
COLUMNS = [
    *("id", "index", "configuration", "seed", "data_id", "stream_id", "outcome", "obtained", "looks"),
    *("steps", "started"),
    *("limit", "train_threshold", "test_threshold"),
    *("alpha", "beta", "snr", "optimizer"),
    *(f"{name}_{part}" for name in CROSSINGS for part in ("step", "lower", "upper", "censoring", "stayed")),
    *(f"delay_{part}" for part in ("step", "lower", "upper", "censoring")),
    *(f"error_{name}{part}" for name in ERRORS for part in ("", "_step")),
    *(f"error_{name}_mean_l1" for name in ERRORS),
    *("a_gap", "t2_predicted"),
    *("ladder", "pack", "attempt", "host", "seconds"),
]


@pytest.fixture
def half(store: Store) -> tuple[Store, str]:
    """A study whose first pack has ended but for its last trial, and whose second has not begun."""
    lease = running(store)
    pack = store.open_packs(lease)[0]
    store.pack_started(lease, pack.id, 1, "host")
    store.commit(lease, pack.id, [outcome(0, at=1000), *map(outcome, (1, 2, 3)), failed(4)], 1, "host")
    store.pack_progress(lease, pack.id, 4321, 1e6, 3.0)
    return store, lease.study_id


def test_it_has_the_stated_columns_in_the_stated_order(half):
    store, study_id = half
    assert store.table(study_id).column_names == COLUMNS


def test_every_trial_is_one_row_that_agrees_with_its_record(half):
    store, study_id = half
    rows = store.table(study_id).to_pylist()
    records = list(store.iter_trials(study_id))
    assert [row["id"] for row in rows] == [record.id for record in records]
    for row, record in zip(rows, records, strict=True):
        names = (
            "index",
            "configuration",
            "seed",
            "data_id",
            "stream_id",
            "outcome",
            "obtained",
            "looks",
            "pack",
            "attempt",
        )
        for name in (*names, "host", "seconds"):
            assert row[name] == getattr(record, name), name
        assert {name: row[name] for name in record.config} == record.config
        for name in CROSSINGS:
            parts = [row[f"{name}_{part}"] for part in ("step", "lower", "upper", "censoring", "stayed")]
            crossing = getattr(record, name)
            assert (None if crossing is None else Crossing(*parts)) == crossing
            assert crossing is not None or parts == [None] * 5
        assert json.loads(row["ladder"] or "{}") == record.ladder


def test_a_generalised_row_has_its_numbers(half):
    store, study_id = half
    row = store.table(study_id).to_pylist()[0]
    assert (row["t2_step"], row["delay_step"], row["delay_censoring"], row["steps"]) == (1000, 900, "exact", 1007)
    assert (row["error_stop"], row["error_stop_mean_l1"], row["error_stop_step"]) == (9e-3, 1e-3, 1007)
    assert (row["error_t2"], row["error_t2_mean_l1"], row["error_t2_step"]) == (1e-2, 2e-3, 1000)
    assert (row["error_settled"], row["a_gap"], row["t2_predicted"]) == (None, 0.25, None)


def test_a_row_says_how_long_it_may_run_and_what_counts_as_generalised(half):
    store, study_id = half
    budget = store.study(study_id).spec["budget"]
    for row in store.table(study_id).to_pylist():
        assert row["limit"] == budget["max_steps"]
        assert (row["train_threshold"], row["test_threshold"]) == (budget["train_threshold"], budget["test_threshold"])


def test_an_unended_row_says_whether_its_pack_began_and_how_far_it_is(half):
    store, study_id = half
    rows = store.table(study_id).to_pylist()
    assert [(row["started"], row["steps"]) for row in rows[4:7]] == [(True, 0), (True, 4321), (False, None)]


def test_it_takes_the_filters_and_sorts_of_the_list(half):
    store, study_id = half
    chosen = TrialFilter(outcomes=("generalised",), ranges={"alpha": (0.03, None)}, sort="-index")
    assert store.table(study_id, chosen)["index"].to_pylist() == [3]


def test_its_types_do_not_depend_on_what_has_ended(half):
    store, study_id = half
    fresh = store.table(add(store).id).schema
    for field in store.table(study_id).schema:
        if field.name not in {"a_gap", "t2_predicted"}:
            assert fresh.field(field.name).type == field.type, field.name
    assert fresh.field("alpha").type == pa.float64()
    assert fresh.field("snr").type == pa.float64()
    assert fresh.field("t2_step").type == pa.int64()
    assert fresh.field("optimizer").type == pa.string()


def test_a_filter_that_nothing_meets_gives_an_empty_table(half):
    store, study_id = half
    empty = store.table(study_id, TrialFilter(outcomes=("infeasible",)))
    assert (empty.num_rows, "t2_step" in empty.column_names) == (0, True)


def test_halved_packs_keep_their_trials_in_the_table(store: Store):
    lease = running(store)
    pack = store.open_packs(lease)[0]
    store.pack_started(lease, pack.id, 1, "host")
    store.pack_progress(lease, pack.id, 77, 1.0, 3.0)
    store.fail_pack(lease, pack.id, {}, 1)
    table = store.table(lease.study_id)
    assert table["index"].to_pylist() == list(range(12))
    assert table["pack"].to_pylist() == [2, 2, 2, 3, 3, 3] + [1] * 6
    assert sorted(set(table["alpha"].to_pylist())) == list(ALPHAS)


def test_it_says_what_its_task_says_of_the_columns(half):
    store, study_id = half
    made = store.table(study_id)
    assert roles.of(made).rate == ("alpha", "beta")
    assert made.schema.field("beta").metadata[b"role"] == b"training"
    assert not made.schema.field("snr").metadata  # no field of this task
    assert made.schema.field("t2_predicted").metadata[b"predicts"] == b"t2"
