"""Tasks and the library over HTTP."""

from __future__ import annotations

from jsonschema import Draft202012Validator
from starlette.testclient import TestClient

from grokscale.studies import library
from grokscale.studies.store import RunnerInfo, Store


def test_tasks_are_described_by_json_schema(http: TestClient) -> None:
    body = http.get("/v1/tasks").json()
    tasks = {task["kind"]: task for task in body["items"]}
    assert {"sparse_recovery", "synthetic"} <= set(tasks)
    fields = tasks["sparse_recovery"]["schema"]
    Draft202012Validator.check_schema(fields)
    Draft202012Validator.check_schema(body["schema"])
    assert fields["properties"]["n"]["default"] == 100
    assert fields["properties"]["n"]["x-unit"]
    assert fields["properties"]["tau"]["x-source"]
    assert {"none", "l1"} <= {one["kind"] for one in body["regularizers"]}


def test_the_library_shows_its_studies(http: TestClient) -> None:
    items = http.get("/v1/library").json()["items"]
    assert [item["name"] for item in items] == list(library.names())
    assert set(items[0]) == {"name", "title", "figure", "description", "claims", "spec"}


def test_a_specification_of_the_library_can_be_submitted_as_it_is_shown(http: TestClient) -> None:
    (item,) = [item for item in http.get("/v1/library").json()["items"] if item["name"] == "quickstart"]
    study = http.post("/v1/studies", json=item["spec"]).json()
    assert study["spec"] == item["spec"]


def test_a_study_of_the_library_is_submitted_by_name(http: TestClient, store: Store) -> None:
    store.heartbeat(RunnerInfo("runner-1", "here", 1, False))  # without one it would wait for that
    answer = http.post("/v1/library/quickstart:submit")
    assert answer.status_code == 201
    assert answer.json()["name"] == "quickstart"
    assert http.get(answer.headers["location"]).json() == answer.json()


def test_a_study_that_the_library_does_not_have_is_404(http: TestClient) -> None:
    answer = http.post("/v1/library/no-such:submit")
    assert answer.status_code == 404
    assert "quickstart" in answer.json()["detail"]
