"""Imported runs in both databases: completed at once, read as any study, and never run."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from stopped import stopped_child

from grokscale.studies.imports import bodies
from grokscale.studies.imports.reading import CSV, PARQUET
from grokscale.studies.imports.trials import Imported
from grokscale.studies.laws import Request, fit_family, law
from grokscale.studies.lifecycle import RanElsewhere
from grokscale.studies.phases import phases
from grokscale.studies.store import (
    AlreadySubmitted,
    Idempotency,
    NotFound,
    RunnerInfo,
    Store,
    StudyFilter,
    TrialFilter,
)
from grokscale.studies.tasks import adopt
from tests.service.outcomes import outcome_of
from tests.studies.imports.runs import as_csv, as_parquet, read, sweep

KEY = Idempotency("me", "POST /v1/studies:import", "key", "hash")
APART = ("id", "pack")
"""Columns that every study counts for itself."""


def many(rows: int) -> Imported:
    """Runs of which one transaction does not take all."""
    return read(
        [{"seed": i, "lr": 0.1, "weight_decay": 0.1, "t2_step": 100 + i, "limit": 500 + i % 3} for i in range(rows)]
    )


def columns(table: pa.Table) -> dict:
    return {name: table.column(name).to_pylist() for name in table.column_names if name not in APART}


@pytest.mark.parametrize("rows", [36, 1700])
def test_the_table_of_an_imported_study_is_what_was_imported(store: Store, rows: int) -> None:
    runs = read(sweep()) if rows == 36 else many(rows)
    study = store.import_study(runs, versions={"grokscale": "0.1.0"})
    assert (study.state, study.reason, study.started is None, study.ended is None) == (
        "completed",
        "imported",
        True,
        False,
    )
    assert (study.progress.total, study.progress.by_outcome) == (rows, {"generalised": rows})
    found = store.table(study.id)
    assert columns(found) == columns(runs.trials)
    assert found.schema.metadata == runs.trials.schema.metadata
    assert store.description(study.id) == runs.description
    assert [event.data for event in store.events(study.id)] == [
        {"state": "completed", "previous": None, "reason": "imported"}
    ]


def test_trials_are_listed_filtered_and_read_as_any(store: Store) -> None:
    rows = [row | {"error_stop": 0.5, "error_stop_l2": 2.0, "seconds": 3.5} for row in sweep()]
    study = store.import_study(read(rows), versions={})
    page = store.trials(study.id, TrialFilter(ranges={"lr": (1e-2, None)}, sort="-t2"), limit=5)
    assert [trial.config["lr"] for trial in page.items] == [1e-2] * 5
    assert [trial.t2.step for trial in page.items if trial.t2] == sorted(
        (row["t2_step"] for row in rows if row["lr"] == 1e-2), reverse=True
    )[:5]
    one = store.trial(page.items[0].id)
    assert (one.obtained, one.looks, one.attempt, one.seconds) == (None, None, None, 3.5)
    assert one.errors["stop"] is not None
    assert (one.errors["stop"].error, one.errors["stop"].measures) == (0.5, {"l2": 2.0})
    assert one.error_reasons["min"] == "it is not in the imported table"
    assert store.curves(one.id).step == []
    assert [found.id for found in store.studies(StudyFilter(task="imported")).items] == [study.id]


@pytest.mark.parametrize("event", ["retry", "cancel", "stop", "resume", "pause"])
def test_nothing_is_asked_of_its_state(store: Store, event) -> None:
    rows = [row | {"t2_step": None, "outcome": "failed"} for row in sweep()]
    study = store.import_study(read(rows), versions={})
    with pytest.raises(RanElsewhere, match=f"cannot {event} a study of imported runs: they ran elsewhere") as refused:
        store.transition(study.id, event)
    assert refused.value.possible == ()
    assert store.study(study.id) == study


def test_no_runner_takes_it_and_no_code_is_adopted(store: Store) -> None:
    study = store.import_study(read(sweep()), versions={})
    store.heartbeat(RunnerInfo("runner", "here", 1, False))
    assert store.claim("runner", 30.0) is None
    adopt(store, study.id)
    assert store.study(study.id) == study
    assert {pack.state for pack in store.packs(study.id)} == {"ended"}


def test_its_key_makes_it_once(store: Store) -> None:
    study = store.import_study(read(sweep()), versions={}, idempotency=KEY)
    with pytest.raises(AlreadySubmitted) as used:
        store.import_study(read(sweep()), versions={}, idempotency=KEY)
    assert used.value.record.study_id == study.id
    assert len(store.studies().items) == 1


@pytest.mark.parametrize("seam", ["INSERT INTO gs_trial", "COMMIT", "2", "4"])
def test_an_import_that_is_killed_leaves_nothing_that_is_seen(
    store: Store, store_url: str, seam: str, tmp_path: Path
) -> None:
    file = tmp_path / "runs.parquet"
    file.write_bytes(as_parquet(many(1700).trials))
    with stopped_child(store_url, "import", seam, str(file)):
        assert store.studies().items == ()
    assert store.studies().items == ()
    again = bodies.read(file.read_bytes(), PARQUET, {"name": "again"}, 2000)
    assert store.import_study(again, versions={}).progress.ended == 1700


def test_it_is_deleted_as_any(store: Store) -> None:
    study = store.import_study(many(1700), versions={})
    store.delete_study(study.id)
    with pytest.raises(NotFound):
        store.study(study.id)
    while store.sweep():
        pass
    with store._database.read() as connection:
        for name in ("gs_study", "gs_trial", "gs_pack", "gs_configuration", "gs_event"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar() == 0


def test_runs_that_were_given_up_early_keep_their_limits(store: Store) -> None:
    study = store.import_study(many(1700), versions={})
    assert store.study(study.id).spec["budget"]["max_steps"] == 502
    assert {pack.prune_after for pack in store.packs(study.id)} == {500, 501, None}
    assert store.table(study.id).column("limit").to_pylist() == [500 + i % 3 for i in range(1700)]


def sparse(store: Store) -> str:
    """A completed study of sparse recovery with a known law and known outcomes."""
    from grokscale.studies.plan import Resources, plan
    from grokscale.studies.spec import parse

    spec = parse(
        {
            "name": "real",
            "task": {"kind": "sparse_recovery", "n": 40, "s": 3, "N": [20, 30]},
            "regularizer": {"kind": "l1", "beta": [1e-4, 1e-3]},
            "optimizer": {"kind": "proximal", "alpha": [0.02, 0.05]},
            "seeds": 4,
        }
    )
    study = store.add_study(spec, plan(spec, Resources(1)), versions={})
    store.heartbeat(RunnerInfo("runner", "here", 1, False))
    lease = store.claim("runner", 60.0)
    assert lease is not None
    for pack in store.open_packs(lease):
        outcomes = [outcome_of(trial) for trial in store.pack_trials(pack.id)]
        foretold = [{**one.theory, "a_gap": 0.1 + 0.01 * one.index, "T_star": 2.0} for one in outcomes]
        ended = [replace(one, theory=theory) for one, theory in zip(outcomes, foretold, strict=True)]
        store.commit(lease, pack.id, ended, 1, "here")
        store.end_pack(lease, pack.id)
    store.finish(lease)
    return study.id


@pytest.mark.parametrize("media", [CSV, PARQUET])
def test_an_exported_study_that_is_imported_again_answers_the_same(store: Store, media: str) -> None:
    original = store.table(sparse(store))
    content = as_parquet(original) if media == PARQUET else as_csv(original.to_pylist())
    study = store.import_study(bodies.read(content, media, {"name": "again"}, 1000), versions={})
    again = store.table(study.id)
    assert study.reason == "imported"
    for asked in ({}, {"terms": ["alpha", "beta", "N"]}, {"x": "N"}, {"threshold": 1e-2}, {"by": "N"}):
        assert law(again, "t2", **asked) == law(original, "t2", **asked), asked
    request = Request(break_samples=5, bootstrap=50, intervals=("wald", "bootstrap"))
    assert fit_family(again, request).result == fit_family(original, request).result
    assert phases(again, "alpha", "N") == phases(original, "alpha", "N")
    same = ("data_id", "stream_id", "outcome", "limit", "ladder", "error_stop_mean_l1", "delay_step", "t2_predicted")
    for name in same:
        one, other = (table.column(name).to_pylist() for table in (again, original))
        assert [json.loads(x) for x in one] == [json.loads(x) for x in other] if name == "ladder" else one == other
