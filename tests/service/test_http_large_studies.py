"""What is asked of the service while a study is being made, when too much waits, and after one was deleted."""

from __future__ import annotations

import hashlib
import time
from threading import Timer
from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import ValidationError
from starlette.testclient import TestClient

from grokscale.service.app import create_app
from grokscale.service.client import Client
from grokscale.service.client.specification import document
from grokscale.studies import spec as specification
from grokscale.studies.plan import Resources, plan
from grokscale.studies.settings import Settings
from grokscale.studies.store import Idempotency, Store, batches, creation
from tests.service.conftest import BASE_URL, SPEC

KEY = {"Idempotency-Key": "k"}
BODY = document(SPEC).content
SENT = {"content": BODY, "headers": KEY | {"Content-Type": "application/json"}}
"""As the client sends it: the key is good for the same bytes."""


@pytest.fixture
def being_made(store: Store) -> str:
    """A study that a request with the key k is making; its rows are written, it is not yet seen."""
    spec = specification.parse(SPEC)
    planned = plan(spec, Resources(1))
    key = Idempotency("loopback", "POST /v1/studies", "k", hashlib.sha256(b"json " + BODY).hexdigest())
    with store._database.write() as connection:
        study_id = creation.begin(connection, spec, planned, {}, key, None, seconds=60)
        for piece in batches.pieces(study_id, planned, first_pack=0):
            batches.write(connection, piece)
    return study_id


def publish(store: Store, study_id: str) -> None:
    with store._database.write() as connection:
        creation.publish(connection, study_id)


def test_a_study_that_is_being_made_is_not_there(http: TestClient, being_made: str) -> None:
    assert http.get("/v1/studies").json()["items"] == []
    for path in ("", "/trials", "/events", "/laws/t2"):
        answer = http.get(f"/v1/studies/{being_made}{path}")
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:grokscale:problem:study-not-found"), path
    assert http.delete(f"/v1/studies/{being_made}").status_code == 404


def test_its_key_is_refused_for_the_moment_and_then_answered(http: TestClient, store: Store, being_made: str) -> None:
    answer = http.post("/v1/studies", **SENT)
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:grokscale:problem:submission-under-way"
    assert answer.headers["retry-after"] == "5"
    publish(store, being_made)
    answer = http.post("/v1/studies", **SENT)
    assert (answer.status_code, answer.json()["id"]) == (201, being_made)


def test_its_key_with_another_body_is_refused_for_good(http: TestClient, being_made: str) -> None:
    answer = http.post("/v1/studies", json=SPEC | {"seeds": 2}, headers=KEY)
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:grokscale:problem:idempotency-key-reused"


def test_the_client_asks_again_until_the_study_is_there(http: TestClient, store: Store, being_made: str) -> None:
    soon = Timer(1.0, publish, (store, being_made))
    with Client(BASE_URL, transport=http._transport) as client:
        soon.start()
        assert client.submit(SPEC, idempotency_key="k").id == being_made
    soon.join()


def server(settings: Settings, store: Store, **limits: int) -> FastAPI:
    return create_app(Settings(data_dir=settings.data_dir, **limits), store)  # pyright: ignore[reportArgumentType]


def test_studies_above_the_limit_of_what_may_wait_are_refused(settings: Settings, store: Store) -> None:
    with TestClient(server(settings, store, max_queued_studies=2), base_url=BASE_URL) as http:
        first, *_ = (http.post("/v1/studies", json=SPEC) for _ in range(2))
        answer = http.post("/v1/studies", json=SPEC, headers=KEY)
        problem = answer.json()
        assert (answer.status_code, problem["type"]) == (429, "urn:grokscale:problem:too-much-queued")
        assert answer.headers["retry-after"] == "5"
        assert problem["detail"] == (
            "2 studies of this key are queued, paused or being made: the server's limit GROKSCALE_MAX_QUEUED_STUDIES "
            "is 2; cancel some, or wait until they run"
        )
        assert (problem["limit"], problem["most"], problem["waiting"]) == ("GROKSCALE_MAX_QUEUED_STUDIES", 2, 2)
        assert http.post("/v1/library/quickstart:submit").status_code == 429
        http.post(f"/v1/studies/{first.json()['id']}:cancel")
        assert http.post("/v1/studies", json=SPEC, headers=KEY).status_code == 201


def test_trials_above_the_limit_of_what_may_wait_are_refused(settings: Settings, store: Store) -> None:
    limits = {"max_trials": 40, "max_queued_trials": 40}
    with TestClient(server(settings, store, **limits), base_url=BASE_URL) as http:
        assert http.post("/v1/studies", json=SPEC).status_code == 201
        answer = http.post("/v1/studies", json=SPEC)
        assert answer.status_code == 429
        assert answer.json()["detail"] == (
            "24 trials of this key are queued, paused or being made, and this study has 24 more: above the server's "
            "limit GROKSCALE_MAX_QUEUED_TRIALS of 40; cancel some, or wait until they run"
        )


def test_each_key_has_a_limit_of_its_own(settings: Settings, store: Store) -> None:
    keys = ["a" * 32, "b" * 32]
    limited: Any = {"data_dir": settings.data_dir, "api_keys": ",".join(keys), "max_queued_studies": 1}
    with TestClient(create_app(Settings(**limited), store), base_url=BASE_URL) as http:
        codes = [
            http.post("/v1/studies", json=SPEC, headers={"Authorization": f"Bearer {key}"}).status_code
            for key in (*keys, *keys)
        ]
    assert codes == [201, 201, 429, 429]


def test_a_limit_that_no_large_study_could_keep_is_refused_at_the_start() -> None:
    with pytest.raises(ValidationError, match="max_queued_trials is 9; accepted: at least max_trials, which is 10"):
        Settings.model_validate({"max_trials": 10, "max_queued_trials": 9})
    assert Settings.model_validate({"max_trials": 10}).max_queued_trials == 100


def test_a_deleted_study_is_gone_at_once_and_its_rows_soon(http: TestClient, store: Store, finished: str) -> None:
    (trial, *_) = store.trials(finished, limit=1).items
    assert http.delete(f"/v1/studies/{finished}").status_code == 204
    assert http.get(f"/v1/studies/{finished}").status_code == 404
    assert http.get(f"/v1/trials/{trial.id}").status_code == 404
    deadline = time.monotonic() + 20
    while rows(store):
        assert time.monotonic() < deadline, rows(store)


def rows(store: Store) -> int:
    with store._database.read() as connection:
        return sum(
            connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()
            for table in ("gs_study", "gs_trial", "gs_curve_point", "gs_event")
        )


def test_what_a_killed_server_left_half_made_is_swept_by_the_next(settings: Settings, store: Store) -> None:
    spec = specification.parse(SPEC)
    planned = plan(spec, Resources(1))
    with store._database.write() as connection:
        study_id = creation.begin(connection, spec, planned, {}, None, None, seconds=0)
        for piece in batches.pieces(study_id, planned, first_pack=0):
            batches.write(connection, piece)
    with TestClient(create_app(settings, store), base_url=BASE_URL):
        deadline = time.monotonic() + 20
        while rows(store):
            assert time.monotonic() < deadline, rows(store)
