"""`POST /v1/studies/{id}:retry`, and tasks from outside that fail or are others when a request needs them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from grokscale.studies.store import Lease
from tests.plugins.offering import offered
from tests.studies.test_tasks import SPEC, described, described_again


def test_what_was_cancelled_is_taken_back_and_asking_again_changes_nothing(
    http: TestClient, submit: Callable[..., str], run: Callable[..., Lease]
) -> None:
    study_id = submit()
    assert http.post(f"/v1/studies/{study_id}:cancel").json()["progress"]["by_outcome"] == {"cancelled": 24}
    for _ in range(2):
        answer = http.post(f"/v1/studies/{study_id}:retry")
        assert (answer.status_code, answer.json()["state"], answer.json()["progress"]["ended"]) == (200, "queued", 0)
    run(count=1)
    refused = http.post(f"/v1/studies/{study_id}:retry")
    assert (refused.status_code, refused.json()["state"]) == (409, "running")
    assert http.post(f"/v1/studies/{'0' * 8}:retry").status_code == 404


def test_a_study_of_other_code_is_adopted_or_refused_with_the_reason(http: TestClient, tmp_path: Path) -> None:
    plugin = described(tmp_path)
    with offered(plugin):
        study_id = http.post("/v1/studies", json=SPEC).json()["id"]
    with offered():
        gone = http.post(f"/v1/studies/{study_id}:retry")
    assert (gone.status_code, gone.json()["type"]) == (409, "urn:grokscale:problem:another-task")
    assert gone.json()["detail"] == "the task plain is not offered here"
    newer = described(tmp_path, memory="'a comment'")
    with offered(newer):
        answer = http.post(f"/v1/studies/{study_id}:retry").json()
    assert answer["versions"]["task"] == newer.code.to_json()
    assert answer["versions"]["task_before"] == [plugin.code.to_json()]


def test_a_task_that_cannot_name_its_draws_refuses_its_studies_by_name(http: TestClient, tmp_path: Path) -> None:
    plugin = described(tmp_path)
    with open(plugin.code.module, "a") as file:
        file.write("\nTask.identity = lambda *_: 1 / 0\n")
    with offered(described_again(plugin)):
        answer: Any = http.post("/v1/studies", json=SPEC)
    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert fault["pointer"] == "/task/kind"
    assert fault["detail"].startswith("the task plain could not name its draws: ZeroDivisionError")
