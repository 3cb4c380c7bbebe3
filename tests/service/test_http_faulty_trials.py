"""Studies whose configuration holds an object (the synthetic task's switches) are shown like any other."""

from __future__ import annotations

from starlette.testclient import TestClient

from grokscale.service.app import create_app
from grokscale.studies.settings import Settings
from grokscale.studies.store import Store
from tests.service.conftest import BASE_URL, SPEC

FAULTY = SPEC | {"task": {"kind": "synthetic", "faults": {"raise": [3]}}}


def test_a_study_with_switches_is_validated_and_its_trials_are_listed(settings: Settings, store: Store) -> None:
    app = create_app(settings.model_copy(update={"test_tasks": True}), store)
    with TestClient(app, base_url=BASE_URL) as http:
        assert http.post("/v1/studies:validate", json=FAULTY).status_code == 200
        study = http.post("/v1/studies", json=FAULTY).json()
        answer = http.get(f"/v1/studies/{study['id']}/trials")
        assert answer.status_code == 200
        assert answer.json()["items"][0]["config"]["faults"]["raise"] == [3]
        for media in ("text/csv", "application/x-ndjson"):
            assert http.get(f"/v1/studies/{study['id']}/trials", headers={"Accept": media}).status_code == 200


def test_the_switches_are_refused_where_the_server_was_not_started_for_tests(http: TestClient) -> None:
    answer = http.post("/v1/studies", json=FAULTY)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/task/faults"]
