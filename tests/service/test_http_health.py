"""Liveness and readiness."""

from __future__ import annotations

from pathlib import Path

from starlette.testclient import TestClient

from service.app import create_app
from studies.settings import Settings
from studies.store import RunnerInfo, Store, open_store
from tests.service.conftest import BASE_URL


def test_the_process_is_alive_without_a_database(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "nowhere")
    http = TestClient(create_app(settings), base_url=BASE_URL)
    assert http.get("/livez").json() == {"status": "alive"}


def test_a_migrated_database_is_ready(http: TestClient) -> None:
    answer = http.get("/readyz")
    assert answer.status_code == 200
    body = answer.json()
    assert body["status"] == "ready"
    assert body["database"]["revision"] == body["database"]["needed"] is not None


def test_a_database_without_tables_is_not(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    answer = TestClient(create_app(settings), base_url=BASE_URL).get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["database"] | {"needed": ""} == {"reachable": True, "revision": None, "needed": ""}


def test_a_database_that_does_not_answer_is_not(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    unreachable = open_store("postgresql://127.0.0.1:1/none")
    answer = TestClient(create_app(settings, unreachable), base_url=BASE_URL).get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["database"]["reachable"] is False


def test_without_a_runner_the_server_is_ready_and_says_so(http: TestClient) -> None:
    assert http.get("/readyz").json()["runner"] == {"state": "none", "alive": 0, "heartbeat_age_seconds": None}


def test_a_runner_that_was_heard_of_is_alive(http: TestClient, store: Store) -> None:
    store.heartbeat(RunnerInfo("runner-1", "here", 1, False))
    runner = http.get("/readyz").json()["runner"]
    assert (runner["state"], runner["alive"]) == ("alive", 1)
    assert 0 <= runner["heartbeat_age_seconds"] < 30


def test_a_runner_that_was_not_heard_of_for_a_lease_period_is_silent(settings: Settings, store: Store) -> None:
    store.heartbeat(RunnerInfo("runner-1", "here", 1, False))
    hasty = settings.model_copy(update={"lease_seconds": 1e-9})
    http = TestClient(create_app(hasty, store), base_url=BASE_URL)
    assert http.get("/readyz").status_code == 200
    assert http.get("/readyz").json()["runner"]["state"] == "silent"


def test_a_server_with_a_runner_of_its_own_waits_for_that_one(settings: Settings, store: Store) -> None:
    http = TestClient(create_app(settings, store, own_runner=lambda: 4711), base_url=BASE_URL)
    store.heartbeat(RunnerInfo("before", "here", 99, True))
    answer = http.get("/readyz")
    assert (answer.status_code, answer.json()["runner"]["state"]) == (503, "starting")
    store.heartbeat(RunnerInfo("mine", "here", 4711, True))
    assert http.get("/readyz").status_code == 200


def test_a_runner_that_ends_later_does_not_make_the_server_unready(settings: Settings, store: Store) -> None:
    pids = [4711]
    http = TestClient(create_app(settings, store, own_runner=lambda: pids[0]), base_url=BASE_URL)
    store.heartbeat(RunnerInfo("mine", "here", 4711, True))
    assert http.get("/readyz").status_code == 200
    pids[0] = 4712
    assert http.get("/readyz").status_code == 200
