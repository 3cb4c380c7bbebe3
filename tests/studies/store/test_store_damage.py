"""A SQLite file that is not what was written to it: one clear line, whatever part of it is gone."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from samples import add, commit_all, running, spec

from grokscale.studies.plan import Resources, plan
from grokscale.studies.store import NotFound, RunnerInfo, Store, StoreError, open_store

PAGE = 4096
DAMAGED = "the database is damaged"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with an ended study and one that waits."""
    path = tmp_path_factory.mktemp("whole") / "grokscale.db"
    store = open_store(f"sqlite:///{path}")
    store.migrate()
    store.heartbeat(RunnerInfo("runner", "here", 1, False))
    lease = running(store)
    commit_all(store, lease)
    store.finish(lease)
    add(store)
    store.close()
    return path


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(whole, tmp_path / "grokscale.db"))


def questions(store: Store, study_id: str) -> Iterator[Callable[[], object]]:
    """What service and runner ask of a store, from the start on."""
    yield store.migrate
    yield store.check_schema
    yield store.schema
    yield store.studies
    yield lambda: store.study(study_id)
    yield lambda: store.trials(study_id)
    yield lambda: store.table(study_id)
    yield lambda: store.events(study_id)
    yield lambda: store.curves(store.trials(study_id).items[0].id)
    yield store.runners
    yield lambda: store.heartbeat(RunnerInfo("another", "here", 1, False))
    yield lambda: store.claim("another", 60.0)
    yield lambda: store.add_study(spec(), plan(spec(), Resources(1)), versions={})


def refusals(path: Path, study_id: str) -> list[str]:
    """Ask everything; return what the store refused. Anything but a StoreError fails the test."""
    store = open_store(f"sqlite:///{path}")
    said = []
    for question in questions(store, study_id):
        try:
            question()
        except NotFound:
            pass  # what is gone is gone
        except StoreError as error:
            said.append(str(error))
    store.close()
    return said


def newest(path: Path) -> str:
    store = open_store(f"sqlite:///{path}")
    study_id = store.studies().items[-1].id
    store.close()
    return study_id


@pytest.mark.parametrize("kept", [10, 100, 1000, PAGE, 2 * PAGE, 0.25, 0.5, 0.9])
def test_a_file_that_was_cut_off_is_refused_in_a_line(copy: Path, kept: float) -> None:
    study_id = newest(copy)
    size = copy.stat().st_size
    os.truncate(copy, int(kept if kept > 1 else kept * size))
    said = refusals(copy, study_id)
    assert said
    for line in said:
        assert DAMAGED in line
        assert "put a copy of it back" in line
        assert len(line.splitlines()) == 1


@pytest.mark.parametrize("seed", range(12))
def test_a_file_with_pages_overwritten_raises_nothing_but_that(copy: Path, seed: int) -> None:
    study_id = newest(copy)
    chance = random.Random(seed)
    pages = copy.stat().st_size // PAGE
    with open(copy, "r+b") as file:
        for page in chance.sample(range(pages), 4):
            file.seek(page * PAGE)
            file.write(chance.randbytes(PAGE))
    for line in refusals(copy, study_id):
        assert DAMAGED in line


def test_a_text_that_is_no_json_and_a_time_that_is_none_are_damage(copy: Path) -> None:
    study_id = newest(copy)
    for column, value in (("spec", "'{'"), ("created", "'soon'"), ("name", "CAST(X'FF' AS TEXT)")):
        store = open_store(f"sqlite:///{copy}")
        with store._database.write() as connection:
            kept = connection.exec_driver_sql(f"SELECT {column} FROM gs_study WHERE id = '{study_id}'").scalar_one()
            connection.exec_driver_sql(f"UPDATE gs_study SET {column} = {value} WHERE id = '{study_id}'")
        with pytest.raises(StoreError, match=DAMAGED):
            store.study(study_id)
        with store._database.write() as connection:
            connection.exec_driver_sql(f"UPDATE gs_study SET {column} = ? WHERE id = '{study_id}'", (kept,))
        assert store.study(study_id).id == study_id
        store.close()
