"""Studies over HTTP: submit, validate, list, read, cancel, stop, delete."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from grokscale.studies.settings import Settings
from grokscale.studies.store import RunnerInfo, Store
from tests.service.conftest import SPEC

YAML = """\
name: a known law
tags: [test]
task: {kind: synthetic}
regularizer: {kind: l1, beta: [1e-5, 1e-4, 1e-3]}
optimizer: {kind: proximal, alpha: [0.01, 0.1]}
seeds: 4
"""


def post_yaml(http: TestClient, text: str, path: str = "/v1/studies") -> Any:
    return http.post(path, content=text, headers={"Content-Type": "application/yaml"})


def test_a_submitted_study_is_answered_with_its_place_and_is_there(http: TestClient, store: Store) -> None:
    store.heartbeat(RunnerInfo("runner-1", "here", 1, False))  # without one it would wait for that
    answer = http.post("/v1/studies", json=SPEC)
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/v1/studies/{answer.json()['id']}"
    assert http.get(answer.headers["location"]).json() == answer.json()


def test_a_new_study_is_queued_with_nothing_done(http: TestClient) -> None:
    study = http.post("/v1/studies", json=SPEC).json()
    assert study["state"] == "queued"
    assert study["progress"] == {
        "total": 24,
        "ended": 0,
        "by_outcome": {},
        "steps_per_second": 0.0,
        "eta_seconds": None,
        "losses": 0,
        "preparing": None,
    }
    assert (study["started"], study["ended"], study["reason"]) == (None, None, None)


def test_a_study_has_the_documented_fields(http: TestClient) -> None:
    assert list(http.post("/v1/studies", json=SPEC).json()) == [
        "id",
        "name",
        "state",
        "reason",
        "tags",
        "priority",
        "spec",
        "spec_hash",
        "progress",
        "versions",
        "created",
        "started",
        "ended",
    ]


def test_yaml_and_json_make_the_same_study(http: TestClient) -> None:
    from_yaml = post_yaml(http, YAML).json()
    from_json = http.post("/v1/studies", json=SPEC).json()
    assert from_yaml["spec_hash"] == from_json["spec_hash"]
    assert from_yaml["spec"]["regularizer"]["beta"] == [1e-5, 1e-4, 1e-3]


def test_every_faulty_field_is_named_by_pointer(http: TestClient) -> None:
    wrong = SPEC | {"seeds": 0, "optimizer": {"kind": "proximal", "alpha": "0.1"}, "colour": "red"}
    answer = http.post("/v1/studies", json=wrong)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert {fault["pointer"] for fault in answer.json()["errors"]} == {"/seeds", "/optimizer/alpha", "/colour"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"name": NaN}',
        b"\xff",
        b"[" * 5_000,
        b'{"name": "a", "name": "b"}',
        b"{name: a}",
    ],
)
def test_what_is_not_a_specification_is_refused(http: TestClient, body: bytes) -> None:
    answer = http.post("/v1/studies", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["errors"]


@pytest.mark.parametrize("media", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_another_content_type_is_refused(http: TestClient, media: str) -> None:
    answer = http.post("/v1/studies", content=b"{}", headers={"Content-Type": media})
    assert answer.status_code == 415
    assert "application/yaml" in answer.json()["detail"]


def test_a_body_above_the_limit_is_refused(http: TestClient) -> None:
    answer = post_yaml(http, YAML + "# " + 10_000 * "x")
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_body_that_does_not_say_its_length_is_refused_when_it_is_too_long(http: TestClient) -> None:
    answer = http.post(
        "/v1/studies", content=(b"#" * 1000 for _ in range(20)), headers={"Content-Type": "application/yaml"}
    )
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


def test_validation_says_how_large_the_study_is_and_writes_nothing(http: TestClient) -> None:
    forecast = http.post("/v1/studies:validate", json=SPEC).json()
    assert (forecast["trials"], forecast["configurations"]) == (24, 6)
    assert forecast["packs"] >= 1
    assert http.get("/v1/studies").json()["items"] == []


def test_validation_refuses_as_submission_does(http: TestClient) -> None:
    wrong = SPEC | {"seeds": 0}
    assert (
        http.post("/v1/studies:validate", json=wrong).json()["errors"]
        == (http.post("/v1/studies", json=wrong).json()["errors"])
    )


def test_studies_are_listed_newest_first_a_page_at_a_time(http: TestClient, submit: Callable[..., str]) -> None:
    ids = [submit() for _ in range(5)]
    first = http.get("/v1/studies", params={"limit": 3}).json()
    second = http.get("/v1/studies", params={"limit": 3, "cursor": first["next"]}).json()
    assert [study["id"] for study in first["items"] + second["items"]] == ids[::-1]
    assert second["next"] is None


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({"state": "queued"}, ["apple", "apricot"]),
        ({"state": ["queued", "cancelled"]}, ["apple", "apricot", "banana"]),
        ({"task": "synthetic"}, ["apple", "apricot", "banana"]),
        ({"task": "sparse_recovery"}, []),
        ({"name_prefix": "ap"}, ["apple", "apricot"]),
        ({"tag": "red"}, ["apple"]),
        ({"created_after": "2000-01-01T00:00:00Z"}, ["apple", "apricot", "banana"]),
        ({"created_before": "2000-01-01"}, []),
    ],
)
def test_studies_are_filtered(
    http: TestClient, store: Store, submit: Callable[..., str], parameters: dict[str, Any], found: list[str]
) -> None:
    submit(name="apple", tags=["red"])
    submit(name="apricot", tags=["orange"])
    store.transition(submit(name="banana", tags=["yellow"]), "cancel")
    items = http.get("/v1/studies", params=parameters).json()["items"]
    assert sorted(study["name"] for study in items) == found


@pytest.mark.parametrize(
    ("parameters", "pointer"),
    [
        ({"limit": 0}, "/limit"),
        ({"limit": 1001}, "/limit"),
        ({"state": "asleep"}, "/state/0"),
        ({"created_after": "yesterday"}, "/created_after"),
        ({"cursor": "abc"}, "/cursor"),
        ({"colour": "red"}, "/colour"),
    ],
)
def test_a_wrong_query_parameter_is_named(http: TestClient, parameters: dict[str, Any], pointer: str) -> None:
    answer = http.get("/v1/studies", params=parameters)
    assert answer.status_code == 422
    assert [(fault["in"], fault["pointer"]) for fault in answer.json()["errors"]] == [("query", pointer)]


def test_a_study_that_is_known_by_its_etag_is_not_sent_again(http: TestClient, submit: Callable[..., str]) -> None:
    path = f"/v1/studies/{submit()}"
    tag = http.get(path).headers["etag"]
    again = http.get(path, headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.content) == (304, b"")


def test_the_etag_changes_with_the_study(http: TestClient, submit: Callable[..., str]) -> None:
    path = f"/v1/studies/{submit()}"
    tag = http.get(path).headers["etag"]
    http.post(f"{path}:cancel")
    assert http.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_a_cancelled_study_has_only_cancelled_trials(http: TestClient, submit: Callable[..., str]) -> None:
    study = http.post(f"/v1/studies/{submit()}:cancel").json()
    assert study["state"] == "cancelled"
    assert study["progress"]["by_outcome"] == {"cancelled": 24}


def test_cancelling_twice_is_cancelling_once(http: TestClient, submit: Callable[..., str]) -> None:
    path = f"/v1/studies/{submit()}:cancel"
    assert http.post(path).json() == http.post(path).json()


def test_a_queued_study_that_is_stopped_has_ended(http: TestClient, submit: Callable[..., str]) -> None:
    assert http.post(f"/v1/studies/{submit()}:stop").json()["state"] == "stopped"


def test_a_completed_study_cannot_be_cancelled(http: TestClient, finished: str) -> None:
    answer = http.post(f"/v1/studies/{finished}:cancel")
    assert answer.status_code == 409
    assert answer.json()["state"] == "completed"
    assert "completed" in answer.json()["detail"]


def test_an_ended_study_is_deleted_with_everything_under_it(
    http: TestClient, finished: str, settings: Settings
) -> None:
    trial = http.get(f"/v1/studies/{finished}/trials").json()["items"][0]["id"]
    assert settings.checkpoint_dir is not None
    checkpoints = Path(settings.checkpoint_dir, finished)
    checkpoints.mkdir(parents=True)
    assert http.delete(f"/v1/studies/{finished}").status_code == 204
    assert http.get(f"/v1/studies/{finished}").status_code == 404
    assert http.get(f"/v1/trials/{trial}").status_code == 404
    assert not checkpoints.exists()


def test_a_study_that_has_not_ended_is_not_deleted(http: TestClient, submit: Callable[..., str]) -> None:
    path = f"/v1/studies/{submit()}"
    assert http.delete(path).status_code == 409
    assert http.get(path).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/studies/nope"),
        ("DELETE", "/v1/studies/nope"),
        ("POST", "/v1/studies/nope:cancel"),
        ("POST", "/v1/studies/nope:stop"),
        ("GET", "/v1/studies/nope/trials"),
        ("GET", "/v1/studies/nope/events"),
        ("GET", "/v1/studies/nope/laws/t2"),
    ],
)
def test_a_study_that_is_not_there_is_404(http: TestClient, method: str, path: str) -> None:
    answer = http.request(method, path)
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:grokscale:problem:study-not-found"


def test_the_body_limit_is_not_met_by_a_study_of_the_largest_size(http: TestClient) -> None:
    answer = http.post("/v1/studies", json=SPEC | {"seeds": 100_000})
    assert answer.status_code == 422
    assert "100000" in answer.json()["detail"].replace(",", "").replace("_", "")
