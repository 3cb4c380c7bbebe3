"""Opening a store: URLs that cannot be used and databases that are not ready say so, without the password."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from samples import add

from grokscale.studies.store import DatabaseUnavailable, SchemaOutdated, Store, open_store
from grokscale.studies.store.engine import Database


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "not a URL"),
        ("grokscale.db", "not a URL"),
        ("mysql://me:secret@host/db", "'mysql' are not supported"),
        ("sqlite://", "in-memory"),
        ("sqlite:///:memory:", "in-memory"),
        ("sqlite:///file:x?mode=memory&uri=true", "in-memory"),
        ("postgresql://me:secret@host:port/db", "not a URL"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_without_its_password(url: str, message: str):
    with pytest.raises(DatabaseUnavailable, match=message) as refusal:
        open_store(url)
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_is_reached_by_psycopg_however_it_is_spelled(scheme: str):
    engine = Database.open(f"{scheme}://me@host/db").engine
    assert (engine.dialect.name, engine.dialect.driver) == ("postgresql", "psycopg")


def test_a_server_that_is_not_there_is_named_without_the_password():
    store = open_store("postgresql://me:secret@127.0.0.1:1/db")
    with pytest.raises(DatabaseUnavailable, match=r"127\.0\.0\.1:1/db.*refused") as refusal:
        store.ping()
    assert "secret" not in str(refusal.value)


def test_a_database_that_is_not_there_is_named(postgres_url: str):
    store = open_store(f"{postgres_url}".replace("/gs_", "/none_gs_"))
    with pytest.raises(DatabaseUnavailable, match="does not exist"):
        store.schema()


def test_a_path_that_cannot_be_a_database_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("not a database, and longer than the header of one, which has a hundred bytes" * 9)
    for path in (tmp_path / "file" / "x.db", tmp_path, tmp_path / "file"):
        with pytest.raises(DatabaseUnavailable):
            open_store(f"sqlite:///{path}").ping()


def test_the_folder_of_a_new_file_is_made(tmp_path: Path):
    open_store(f"sqlite:///{tmp_path / 'new' / 'folder' / 'x.db'}").ping()
    assert (tmp_path / "new" / "folder" / "x.db").exists()


def test_missing_tables_say_what_to_run(database_url: str):
    store = open_store(database_url)
    assert store.schema().current is None
    for call in (store.check_schema, store.studies, store.runners, lambda: store.claim("runner", 1)):
        with pytest.raises(SchemaOutdated, match=r"no grokscale tables.*run `grokscale db upgrade`"):
            call()
    store.close()


def test_a_migrated_database_is_ready(store):
    schema = store.schema()
    assert schema.current == schema.head
    store.check_schema()
    store.ping()


def test_a_database_of_a_newer_program_is_not_touched(store):
    add(store)
    with store._database.write() as connection:
        connection.exec_driver_sql("UPDATE gs_alembic_version SET version_num = '9999'")
    for call in (store.migrate, store.check_schema):
        with pytest.raises(SchemaOutdated, match=r"9999.*upgrade grokscale itself"):
            call()
    assert len(store.studies().items) == 1


def test_sqlite_is_set_up_to_be_shared(sqlite_url: str):
    store = open_store(sqlite_url)
    store.migrate()
    with store._database.read() as connection:
        settings = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "foreign_keys")]
        assert settings == ["wal", 1]
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() >= 30_000
    store.close()


def test_a_new_sqlite_file_may_be_opened_by_many_at_once(tmp_path: Path):
    for attempt in range(10):
        stores = [open_store(f"sqlite:///{tmp_path / str(attempt)}.db") for _ in range(8)]
        barrier = threading.Barrier(8)

        def meet(store: Store, barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            store.ping()

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(meet, stores)) == [None] * 8
        for store in stores:
            store.close()


def test_a_writer_on_sqlite_has_the_lock_before_it_reads(sqlite_url: str, tmp_path: Path):
    store = open_store(sqlite_url)
    store.migrate()
    other = sqlite3.connect(tmp_path / "grokscale.db", timeout=0, isolation_level=None)
    with store._database.write(), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    with store._database.read():
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")
    other.close()
    store.close()


def test_an_error_in_a_transaction_leaves_nothing_not_even_a_table(store):
    with pytest.raises(ZeroDivisionError):
        _tear(store)
    assert store.runners() == []
    with store._database.write() as connection:
        connection.exec_driver_sql("CREATE TABLE gs_torn (id INTEGER)")


def _tear(store) -> None:
    with store._database.write() as connection:
        connection.exec_driver_sql("CREATE TABLE gs_torn (id INTEGER)")
        columns, values = "(id, host, pid, embedded, started, seen)", "('x', 'h', 1, true, '2020-01-01', '2020-01-01')"
        connection.exec_driver_sql(f"INSERT INTO gs_runner {columns} VALUES {values}")
        raise ZeroDivisionError
