"""Migrations: from nothing to the models, from every old version, and by several processes at once."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from old_databases import VERSIONS, load
from sqlalchemy import Connection, MetaData, Table, create_engine, insert, inspect, select

from grokscale.studies.plan import Resources, plan
from grokscale.studies.spec import StudySpec, parse
from grokscale.studies.store import open_store, schema
from grokscale.studies.store.engine import Database
from grokscale.studies.store.models import Base
from grokscale.trainers.trial import ErrorPoint

REVISIONS = [script.revision for script in ScriptDirectory.from_config(schema.config()).walk_revisions()]


def test_the_history_has_one_head_and_a_database_of_every_version_is_kept():
    assert len(ScriptDirectory.from_config(schema.config()).get_heads()) == 1
    assert sorted(path.stem for path in VERSIONS.glob("*.json")) == sorted(REVISIONS)


def test_the_models_are_what_the_migrations_make(database_url: str):
    with Database.open(database_url).alter() as connection:
        command.upgrade(schema.config(connection), "head")
        assert _differences(connection) == []
        connection.exec_driver_sql("DROP INDEX ix_gs_trial_study_id_seed_index")
        connection.exec_driver_sql("ALTER TABLE gs_runner ADD COLUMN colour VARCHAR")
        assert [name for name, *_ in _differences(connection)] == ["remove_column", "add_index"]


def _differences(connection: Connection) -> list:
    options = {"version_table": schema.VERSION_TABLE, "compare_type": True}
    return compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata)


def test_every_migration_can_be_undone_and_done_again(database_url: str):
    with Database.open(database_url).alter() as connection:
        command.upgrade(schema.config(connection), "head")
        command.downgrade(schema.config(connection), "base")
        assert inspect(connection).get_table_names() == [schema.VERSION_TABLE]
        command.upgrade(schema.config(connection), "head")
        assert _differences(connection) == []


def test_migrating_makes_every_table_of_the_models_and_is_done_once(database_url: str):
    store = open_store(database_url)
    store.migrate()
    store.migrate()
    with store._database.read() as connection:
        assert set(inspect(connection).get_table_names()) == {*Base.metadata.tables, schema.VERSION_TABLE}
    store.close()


def test_other_peoples_tables_are_left_alone(database_url: str):
    engine = create_engine(Database.open(database_url).engine.url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('optuna')")
    store = open_store(database_url)
    store.migrate()
    with engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all() == ["optuna"]
    engine.dispose()
    store.close()


def test_several_processes_may_migrate_at_once(database_url: str):
    program = "import sys; from grokscale.studies.store import open_store; open_store(sys.argv[1]).migrate()"
    children = [subprocess.Popen([sys.executable, "-c", program, database_url]) for _ in range(4)]
    assert [child.wait(60) for child in children] == [0, 0, 0, 0]
    store = open_store(database_url)
    store.check_schema()
    assert store.studies().items == ()
    store.close()


def test_a_migration_that_fails_leaves_the_database_as_it_was(database_url: str, monkeypatch: pytest.MonkeyPatch):
    store = open_store(database_url)
    monkeypatch.setattr(schema, "head", lambda: "0000")
    monkeypatch.setattr(schema.command, "upgrade", _half_an_upgrade)
    with pytest.raises(ZeroDivisionError):
        store.migrate()
    with store._database.read() as connection:
        assert inspect(connection).get_table_names() == []
    store.close()


def _half_an_upgrade(config, _revision) -> None:
    Base.metadata.create_all(config.attributes["connection"])
    raise ZeroDivisionError


@pytest.mark.parametrize("version", REVISIONS)
def test_a_database_of_every_version_is_upgraded_with_its_data(database_url: str, version: str):
    load(Database.open(database_url), version)
    store = open_store(database_url)
    store.migrate()
    store.check_schema()
    (study,) = store.studies().items
    assert (study.name, study.state, study.progress.by_outcome) == ("old", "running", {"generalised": 2, "failed": 1})
    trials = store.trials(study.id).items
    assert [trial.outcome for trial in trials] == ["generalised", "generalised", "failed", None]
    assert trials[0].t2 is not None
    assert trials[0].t2.step == 1000
    assert trials[0].errors["stop"] == ErrorPoint(9e-3, 1007, {"mean_l1": 1e-3})
    assert trials[0].errors["min"] == ErrorPoint(8e-3, 1000, {"mean_l1": 9e-4})
    assert trials[0].errors["settled"] is None
    assert (trials[0].errors["t2"] is None) == ("t2" in trials[0].error_reasons) == (version < "0012")
    assert trials[2].errors == dict.fromkeys(trials[0].errors)
    assert trials[2].error_reasons == {}
    assert [trial.looks for trial in trials] == ["certified", "certified", None, None]
    assert trials[0].config["alpha"] == 0.02
    assert trials[0].data_id == trials[2].data_id != trials[1].data_id
    assert all(trial.data_id == f"synthetic:{trial.stream_id}" for trial in trials)
    assert store.curves(trials[0].id).columns["test_error"] == [2.0, 1.0]
    assert [event.seq for event in store.events(study.id)] == [1, 2, 3, 4, 5, 6]
    lease = store.claim("new", 60)
    assert lease is not None
    assert [trial.index for trial in store.pack_trials(store.open_packs(lease)[0].id)] == [3]
    described = store.description(study.id)
    assert (described.kind, described.version, described.rate) == ("synthetic", 1, "alpha*beta")
    assert described.data_fields == ("draw_sigma",)
    store.close()


def test_what_was_measured_beside_an_error_survives_the_way_there_and_back(database_url: str):
    values = [0.1 + 0.2, 1 / 3, 5e-324, None]
    names = ("stop", "min", "settled", "plateau")
    before = {f"error_{name}_mean_l1": value for name, value in zip(names, values, strict=True)}
    steps = {f"error_{name}_step": 7 for name in names}
    database = Database.open(database_url)
    load(database, "0011")
    with database.alter() as connection:
        old = _trial_table(connection)
        connection.execute(old.update().where(old.c.index == 0).values(before | steps))
        command.upgrade(schema.config(connection), "0012")
        new = _trial_table(connection)
        (measures, *reasons) = connection.execute(
            select(new.c.measures, new.c.error_reasons).where(new.c.index == 0)
        ).one()
        assert json.loads(measures) == {name: {"mean_l1": value} for name, value in zip(names, values, strict=True)}
        assert json.loads(reasons[0]).keys() == {"t1", "t2"}
        command.downgrade(schema.config(connection), "0011")
        again = _trial_table(connection)
        row = connection.execute(select(again).where(again.c.index == 0)).mappings().one()
    assert {name: row[name] for name in before} == before


def _trial_table(connection: Connection) -> Table:
    return Table("gs_trial", MetaData(), autoload_with=connection)


def test_keys_that_were_used_before_callers_were_hashed_are_still_their_callers(database_url: str):
    database = Database.open(database_url)
    load(database, "0007")
    with database.alter() as connection:
        tables = MetaData()
        tables.reflect(connection, only=["gs_idempotency", "gs_study"])
        (study_id,) = connection.execute(select(tables.tables["gs_study"].c.id)).scalars().all()
        used = {
            "route": "POST /v1/studies",
            "key": "k",
            "body_hash": "hash",
            "status": 201,
            "created": datetime.now(UTC),
        }
        rows = [used | {"caller": caller, "study_id": study_id} for caller in ("loopback", "f00d")]
        connection.execute(insert(tables.tables["gs_idempotency"]), rows)
    store = open_store(database_url)
    store.migrate()
    for caller in ("loopback", "f00d"):
        record = store.recall(caller, "POST /v1/studies", "k")
        assert record is not None
        assert record.study_id == study_id
    with store._database.read() as connection:
        kept = connection.exec_driver_sql("SELECT caller FROM gs_idempotency").scalars().all()
    assert len(set(kept) - {"loopback", "f00d"}) == 2
    store.close()


OLD_STUDIES = [
    {"kind": "sparse_recovery", "n": 20, "s": 2, "N": [8, 10], "tau": 0.1},
    {"kind": "sparse_recovery", "n": 20, "s": 2, "N": [8, 10], "stream": "legacy", "snr": 1e8},
    {"kind": "sparse_recovery", "n": 20, "s": 2, "N": [8, 10], "stream": "legacy", "init": "random"},
    {"kind": "synthetic", "prefactor": [0.1, 1], "draw_sigma": [0.0, 0.4]},
]


@pytest.mark.parametrize("task", OLD_STUDIES, ids=lambda task: f"{task['kind']} {task.get('stream', '')}")
def test_trials_of_before_are_named_as_new_ones_are(database_url: str, task: dict):
    spec = parse(
        {
            "name": "of before",
            "seed": 7,
            "task": task,
            "regularizer": {"kind": "l1", "beta": 1e-4},
            "optimizer": {"kind": "proximal", "alpha": [0.1, 0.2]},
            "seeds": [0, 3, 4294967295],
        }
    )
    database = Database.open(database_url)
    load(database, "0004")
    planned = plan(spec, Resources(cpus=1))
    with database.alter() as connection:
        _write_as_before(connection, spec, planned.trials)
    store = open_store(database_url)
    store.migrate()
    (record,) = [study for study in store.studies().items if study.name == "of before"]
    table = store.table(record.id)
    found = list(zip(table["data_id"].to_pylist(), table["stream_id"].to_pylist(), strict=True))
    assert found == [(identity.data_id, identity.stream_id) for identity in planned.identities]
    store.close()


def _write_as_before(connection: Connection, spec: StudySpec, trials: tuple) -> None:
    """A study as revision 0004 held it, made of the study and the pack that the kept database has."""
    tables = MetaData()
    tables.reflect(connection, only=["gs_study", "gs_pack", "gs_configuration", "gs_trial"])
    named = tables.tables
    study = dict(connection.execute(named["gs_study"].select()).mappings().one())
    study |= {"id": "before", "name": spec.name, "task": spec.task.kind, "spec": json.dumps(spec.canonical())}
    pack = dict(connection.execute(named["gs_pack"].select()).mappings().one()) | {"id": "pack", "study_id": "before"}
    configs = {trial.configuration: json.dumps(trial.config) for trial in trials}
    of = {"study_id": "before"}
    connection.execute(insert(named["gs_study"]), [study])
    connection.execute(insert(named["gs_pack"]), [pack])
    connection.execute(
        insert(named["gs_configuration"]), [of | {"number": k, "config": config} for k, config in configs.items()]
    )
    rows = [
        {"id": f"before {t.index}", "index": t.index, "configuration": t.configuration, "seed": t.seed, "pack": 0}
        for t in trials
    ]
    connection.execute(insert(named["gs_trial"]), [of | row for row in rows])
