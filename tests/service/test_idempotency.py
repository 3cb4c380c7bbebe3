"""A submission that is sent again makes no second study."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from starlette.testclient import TestClient

from grokscale.studies.store import Store
from tests.service.conftest import SPEC


def post(http: TestClient, key: str, **changes: Any) -> Any:
    return http.post("/v1/studies", json=SPEC | changes, headers={"Idempotency-Key": key})


def count(http: TestClient) -> int:
    return len(http.get("/v1/studies").json()["items"])


def test_the_same_key_and_body_get_the_first_answer_again(http: TestClient) -> None:
    first, second = post(http, "k"), post(http, "k")
    assert second.status_code == 201
    assert second.json() == first.json()
    assert second.headers["location"] == first.headers["location"]
    assert count(http) == 1


def test_the_first_answer_stays_what_it_was_when_the_study_goes_on(http: TestClient, store: Store) -> None:
    first = post(http, "k").json()
    store.transition(first["id"], "cancel")
    assert post(http, "k").json() == first


def test_the_same_key_with_another_body_is_refused(http: TestClient) -> None:
    post(http, "k")
    answer = post(http, "k", seeds=2)
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:grokscale:problem:idempotency-key-reused"
    assert count(http) == 1


def test_another_key_makes_another_study(http: TestClient) -> None:
    assert post(http, "k").json()["id"] != post(http, "l").json()["id"]


def test_without_a_key_every_submission_is_a_study(http: TestClient) -> None:
    for _ in range(2):
        http.post("/v1/studies", json=SPEC)
    assert count(http) == 2


def test_a_refused_body_does_not_use_up_the_key(http: TestClient) -> None:
    assert post(http, "k", seeds=0).status_code == 422
    assert post(http, "k").status_code == 201


def test_two_at_once_make_one_study(http: TestClient) -> None:
    together = Barrier(4)

    def submit(_: int) -> Any:
        together.wait()
        return post(http, "k")

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(submit, range(4)))
    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert count(http) == 1


def test_a_key_that_no_header_should_hold_is_refused(http: TestClient) -> None:
    answer = post(http, "k" * 256)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/Idempotency-Key"


def test_a_study_of_the_library_honours_the_key_too(http: TestClient) -> None:
    headers = {"Idempotency-Key": "k"}
    first, second = (http.post("/v1/library/quickstart:submit", headers=headers) for _ in range(2))
    assert second.json() == first.json()
    assert count(http) == 1
