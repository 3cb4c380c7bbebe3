"""Liveness and readiness."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from fastapi import FastAPI
from httpx2 import Response
from starlette.testclient import TestClient

from grokscale.service.app import create_app
from grokscale.studies.settings import Settings
from grokscale.studies.store import RunnerInfo, RunnerNews, Store, engine, open_store
from tests.service.conftest import BASE_URL


def test_the_process_is_alive_without_a_database(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "nowhere")
    http = TestClient(create_app(settings), base_url=BASE_URL)
    assert http.get("/livez").json() == {"status": "alive"}


def looked(app: FastAPI) -> Response:
    """Return what `/readyz` answers once the database has been looked at again."""
    app.state.health.look()
    return TestClient(app, base_url=BASE_URL).get("/readyz")


def beaten(app: FastAPI, beat: Callable[[], None]) -> Response:
    """Return what `/readyz` answers once a runner that beats again and again has been heard of.

    One beat may be of before this server: they are told apart by how long either has been there.
    """
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        beat()
        answer = looked(app)
        if answer.json()["runner"]["state"] == "alive":
            return answer
    pytest.fail("no runner was heard of")


def test_a_migrated_database_is_ready(app: FastAPI) -> None:
    answer = looked(app)
    assert answer.status_code == 200
    body = answer.json()
    assert body["status"] == "ready"
    assert body["database"]["revision"] == body["database"]["needed"] is not None


def test_a_database_without_tables_is_not(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    answer = looked(create_app(settings))
    assert answer.status_code == 503
    assert answer.json()["database"] | {"needed": ""} == {"reachable": True, "revision": None, "needed": ""}


def test_a_database_that_does_not_answer_is_not(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    unreachable = open_store("postgresql://127.0.0.1:1/none")
    answer = looked(create_app(settings, unreachable))
    assert answer.status_code == 503
    assert answer.json()["database"]["reachable"] is False


def test_without_a_runner_the_server_is_ready_and_says_so(app: FastAPI) -> None:
    runner = {"state": "none", "alive": 0, "heartbeat_age_seconds": None, "trouble": None}
    assert looked(app).json()["runner"] == runner


def test_a_runner_that_was_heard_of_is_alive(app: FastAPI, store: Store) -> None:
    store.heartbeat(RunnerInfo("runner-1", "here", 1, False))
    runner = looked(app).json()["runner"]
    assert (runner["state"], runner["alive"]) == ("alive", 1)
    assert 0 <= runner["heartbeat_age_seconds"] < 30


def test_a_runner_that_was_not_heard_of_for_a_lease_period_is_silent(settings: Settings, store: Store) -> None:
    store.heartbeat(RunnerInfo("runner-1", "here", 1, False))
    hasty = settings.model_copy(update={"lease_seconds": 1e-9})
    answer = looked(create_app(hasty, store))
    assert (answer.status_code, answer.json()["runner"]["state"]) == (200, "silent")


def test_a_server_that_expects_a_runner_waits_for_one_of_its_own_time(settings: Settings, store: Store) -> None:
    store.heartbeat(RunnerInfo("of a server before", "here", 99, True))
    app = create_app(settings, store, expects_runner=True)
    answer = looked(app)
    assert (answer.status_code, answer.json()["runner"]["state"]) == (503, "starting")
    assert answer.json()["reason"] == "no runner has been heard of yet"
    assert beaten(app, lambda: store.heartbeat(RunnerInfo("any", "elsewhere", 4711, False))).status_code == 200


def test_a_server_whose_runner_fell_silent_is_not_ready(settings: Settings, store: Store) -> None:
    hasty = settings.model_copy(update={"lease_seconds": 1e-9})
    store.heartbeat(RunnerInfo("mine", "here", 4711, True))
    answer = looked(create_app(hasty, store, expects_runner=True))
    assert answer.status_code == 503
    assert answer.json()["reason"] == "no runner has been heard of for 1e-09 s"


def test_a_runner_that_can_run_nothing_says_why(settings: Settings, store: Store) -> None:
    app = create_app(settings, store, expects_runner=True)
    trouble = RunnerNews(trouble="the Ray cluster at 10.0.0.1:6379 refuses the token")
    answer = beaten(app, lambda: store.heartbeat(RunnerInfo("one", "here", 1, False), trouble))
    assert answer.status_code == 503
    assert answer.json()["reason"] == "the runner takes no study: the Ray cluster at 10.0.0.1:6379 refuses the token"
    assert answer.json()["runner"]["trouble"] == trouble.trouble
    store.heartbeat(RunnerInfo("another", "there", 2, False), RunnerNews(cpus=4))
    assert looked(app).status_code == 200


def test_before_the_first_look_it_is_not_ready(app: FastAPI) -> None:
    answer = TestClient(app, base_url=BASE_URL).get("/readyz")
    assert (answer.status_code, answer.json()["age_seconds"]) == (503, None)
    assert answer.json()["reason"] == "the database has not been looked at yet"


def test_a_server_that_serves_has_looked_and_says_how_long_ago(http: TestClient) -> None:
    answer = http.get("/readyz")
    assert answer.status_code == 200
    assert 0 <= answer.json()["age_seconds"] < 20


def test_a_database_that_takes_no_writes_is_not_ready_only_after_the_busy_timeout(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "BUSY_SECONDS", 1.0)
    store = open_store(settings.url)
    app = create_app(settings, store)
    http = TestClient(app, base_url=BASE_URL)
    assert looked(app).status_code == 200
    with sqlite3.connect(settings.data_dir / "grokscale.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        looking = threading.Thread(target=app.state.health.look)
        looking.start()
        assert http.get("/readyz").status_code == 200  # the write waits
        looking.join()
        answer = http.get("/readyz")
        other.execute("ROLLBACK")
    assert answer.status_code == 503
    assert "locked" in answer.json()["reason"]
    assert answer.json()["database"]["reachable"] is True
    assert looked(app).status_code == 200
    store.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of its own of 4 MiB; as root only."""
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.fault
def test_a_server_whose_disk_is_full_is_not_ready(small_disk: Path, migrated: Path) -> None:
    shutil.copy(migrated, small_disk / "grokscale.db")
    settings = Settings(data_dir=small_disk)
    store = open_store(settings.url)
    app = create_app(settings, store)
    assert looked(app).status_code == 200
    filler = small_disk / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass
    answer = looked(app)
    assert answer.status_code == 503
    assert "full" in answer.json()["reason"]
    filler.unlink()
    assert looked(app).status_code == 200
    store.close()
