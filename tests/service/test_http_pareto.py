"""Fronts over HTTP, by the client and as lines: the numbers are tested where they are made."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from grokscale.service.client import Client
from grokscale.service.commands.tables import pareto_tables
from grokscale.service.pareto.models import EXAMPLE_PARETO, Pareto, ParetoQuery
from grokscale.studies.pareto import pareto
from grokscale.studies.store import Lease, Store
from grokscale.studies.vocabulary import RESPONSES
from tests.service.conftest import BASE_URL

ADAPTIVE: dict[str, Any] = {
    "regularizer": {"kind": "l1", "beta": {"log": [1e-5, 1e-3]}},
    "search": {
        "kind": "tpe",
        "num_configs": 20,
        "objective": {"minimize": "t2", "subject_to": {"error_min": {"max": 1e-2}}},
    },
}


@pytest.fixture
def client(http: TestClient) -> Iterator[Client]:
    with Client(BASE_URL, transport=http._transport) as opened:
        yield opened


def front(http: TestClient, study_id: str, **parameters: Any) -> Any:
    return http.get(f"/v1/studies/{study_id}/pareto", params=parameters)


def test_the_answer_is_the_library_s_own(http: TestClient, store: Store, finished: str) -> None:
    found = front(http, finished, y="error_min", max_error=1e-2).json()
    assert found == json.loads(json.dumps(pareto(store.table(finished), "t2", "error_min", 1e-2)))
    assert found["best"]["config"]["alpha"] == 0.1
    assert found["best"]["config"]["beta"] == 1e-3
    assert found["complete"] == 6


def test_a_grid_answers_for_t2_and_the_settled_error(http: TestClient, finished: str) -> None:
    found = front(http, finished).json()
    assert (found["x"], found["y"], found["max_error"]) == ("t2", "error_settled", None)
    assert found["left_out"] == {"missing": 6}
    assert found["best"] is None
    assert found["best_reason"] == "no configuration has both responses"


def test_a_running_adaptive_study_tells_the_best_so_far(
    http: TestClient, submit: Callable[..., str], run: Callable[..., Lease]
) -> None:
    study_id = submit(**ADAPTIVE)
    run(16)
    found = front(http, study_id).json()
    assert (found["y"], found["max_error"]) == ("error_min", 1e-2)
    assert found["not_proposed_yet"] == 12
    assert found["left_out"]["pending"] + found["complete"] == 8
    progress = http.get(f"/v1/studies/{study_id}").json()["progress"]
    assert (progress["ended"], progress["total"]) == (16, 80)


def test_a_law_over_an_adaptive_study_says_that_its_rows_were_chosen(
    http: TestClient, submit: Callable[..., str], run: Callable[..., Lease]
) -> None:
    study_id = submit(**ADAPTIVE)
    run(32)
    law = http.get(f"/v1/studies/{study_id}/laws/t2").json()
    assert law["warnings"][0].startswith("tpe chose these configurations by the results of others")


def test_validating_an_adaptive_study_counts_all_of_it(http: TestClient) -> None:
    body = {"name": "adaptive", "task": {"kind": "synthetic"}, "optimizer": {"kind": "proximal", "alpha": [0.1, 0.2]}}
    found = http.post("/v1/studies:validate", json=body | ADAPTIVE | {"seeds": 4}).json()
    assert (found["trials"], found["configurations"], len(found["cells"])) == (80, 20, 8)
    assert any(warning["pointer"] == "/search/kind" for warning in found["warnings"] if warning.get("pointer"))


@pytest.mark.parametrize(
    ("parameters", "pointer"), [({"x": "speed"}, "/x"), ({"max_error": "0"}, "/max_error"), ({"z": "1"}, "/z")]
)
def test_a_faulty_question_is_refused_by_name(
    http: TestClient, finished: str, parameters: dict[str, str], pointer: str
) -> None:
    answer = front(http, finished, **parameters)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_an_unknown_study_is_not_found(http: TestClient) -> None:
    assert front(http, "nobody").status_code == 404


def test_the_responses_are_those_of_the_specification() -> None:
    [schema, _] = ParetoQuery.model_json_schema()["properties"]["x"]["anyOf"]
    assert tuple(schema["enum"]) == RESPONSES


def test_the_example_is_an_answer() -> None:
    assert Pareto.model_validate(EXAMPLE_PARETO).model_dump() == EXAMPLE_PARETO


def test_the_client_asks_the_same(client: Client, http: TestClient, finished: str) -> None:
    found = client.study(finished).pareto("t2", "error_min", max_error=1e-2, limit=3)
    assert found == front(http, finished, x="t2", y="error_min", max_error=1e-2, limit=3).json()
    assert len(found["points"]) == 3


def test_a_front_is_printed_as_a_table(client: Client, finished: str) -> None:
    (table,) = pareto_tables(client.pareto(finished, "t2", "error_min"))
    assert table.heads == ["", "configuration", "beta", "alpha", "t2 [least, most]", "error_min [least, most]"]
    (row,) = table.rows
    assert row[:2] == ["*", "5"]
    assert row[-1] == "0.001 [0.001, 0.001]"
