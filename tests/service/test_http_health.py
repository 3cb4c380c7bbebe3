"""Liveness and readiness."""

from __future__ import annotations

from pathlib import Path

from starlette.testclient import TestClient

from service.app import create_app
from studies.settings import Settings
from studies.store import RunnerInfo, RunnerNews, Store, open_store
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
    runner = {"state": "none", "alive": 0, "heartbeat_age_seconds": None, "trouble": None}
    assert http.get("/readyz").json()["runner"] == runner


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


def test_a_server_that_expects_a_runner_waits_for_one_of_its_own_time(settings: Settings, store: Store) -> None:
    store.heartbeat(RunnerInfo("of a server before", "here", 99, True))
    http = TestClient(create_app(settings, store, expects_runner=True), base_url=BASE_URL)
    answer = http.get("/readyz")
    assert (answer.status_code, answer.json()["runner"]["state"]) == (503, "starting")
    assert answer.json()["reason"] == "no runner has been heard of yet"
    store.heartbeat(RunnerInfo("any", "elsewhere", 4711, False))
    assert http.get("/readyz").status_code == 200


def test_a_server_whose_runner_fell_silent_is_not_ready(settings: Settings, store: Store) -> None:
    hasty = settings.model_copy(update={"lease_seconds": 1e-9})
    store.heartbeat(RunnerInfo("mine", "here", 4711, True))
    answer = TestClient(create_app(hasty, store, expects_runner=True), base_url=BASE_URL).get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reason"] == "no runner has been heard of for 1e-09 s"


def test_a_runner_that_can_run_nothing_says_why(settings: Settings, store: Store) -> None:
    http = TestClient(create_app(settings, store, expects_runner=True), base_url=BASE_URL)
    trouble = RunnerNews(trouble="the Ray cluster at 10.0.0.1:6379 refuses the token")
    store.heartbeat(RunnerInfo("one", "here", 1, False), trouble)
    answer = http.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reason"] == "the runner takes no study: the Ray cluster at 10.0.0.1:6379 refuses the token"
    assert answer.json()["runner"]["trouble"] == trouble.trouble
    store.heartbeat(RunnerInfo("another", "there", 2, False), RunnerNews(cpus=4))
    assert http.get("/readyz").status_code == 200
