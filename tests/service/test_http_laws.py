"""Laws over HTTP: the fit itself is tested where it lives; here, that the answer and the refusals are what it says."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pyarrow.parquet
import pytest
from starlette.testclient import TestClient

from grokscale.service.commands.tables import law_tables
from grokscale.studies.laws import law
from grokscale.studies.store import Lease, Store

KNOWN_X = "1/(alpha*beta)"


def fit(http: TestClient, study_id: str, response: str = "t2", **parameters: Any) -> Any:
    return http.get(f"/v1/studies/{study_id}/laws/{response}", params=parameters)


def test_the_known_law_comes_back(http: TestClient, finished: str) -> None:
    found = fit(http, finished, x=KNOWN_X).json()
    assert found["exponent"]["value"] == pytest.approx(1, abs=5e-3)
    assert found["exponent"]["ci95"][0] <= found["exponent"]["value"] <= found["exponent"]["ci95"][1]
    assert (found["n"], found["draws"]) == (24, 4)
    assert found["converged"] is True


def test_the_answer_is_the_library_s_own(http: TestClient, store: Store, finished: str) -> None:
    answer = fit(http, finished, x=KNOWN_X, effect="none").json()
    assert answer == json.loads(json.dumps(law(store.table(finished), "t2", x=KNOWN_X, effect="none")))


def test_the_answer_has_the_documented_fields(http: TestClient, finished: str) -> None:
    documented = (
        "response x terms effect intercepts covariance n draws streams counted_out censored model prefactor exponent"
    )
    documented += " exponents groups sigma tau r2_log tests converged warnings text"
    assert list(fit(http, finished).json()) == documented.split()


def test_each_term_has_its_own_exponent(http: TestClient, finished: str) -> None:
    found = fit(http, finished, terms="alpha, beta").json()
    assert found["exponent"] is None
    assert {name: round(one["value"], 2) for name, one in found["exponents"].items()} == {"alpha": -1, "beta": -1}


def test_another_response_can_be_asked_for(http: TestClient, finished: str) -> None:
    found = fit(http, finished, "t1", x="1/alpha").json()
    assert found["exponent"]["value"] == pytest.approx(1, abs=1e-6)
    assert found["prefactor"]["value"] == pytest.approx(10, rel=1e-3)


def test_the_study_s_own_threshold_may_be_named(
    http: TestClient, submit: Callable[..., str], run: Callable[..., Lease]
) -> None:
    study_id = submit(budget={"test_threshold": 0.05})
    run()
    assert fit(http, study_id, threshold="0.05").json() == fit(http, study_id).json()
    refused = fit(http, study_id, threshold="0.04")
    assert refused.json()["known"] == ["0.05", "1e-2", "1e-3"]
    # the train error has a threshold of its own, and the delay two that differ
    assert fit(http, study_id, "t1", threshold="0.05").json()["known"] == ["1e-2", "1e-3"]
    assert fit(http, study_id, "delay", threshold="0.05").json()["known"] == ["1e-2", "1e-3"]


def test_a_rung_of_the_ladder_can_be_asked_for(http: TestClient, finished: str) -> None:
    assert fit(http, finished, threshold="1e-2").json()["exponent"]["value"] == pytest.approx(1, abs=5e-3)


def test_too_little_is_said_with_what_there_is(http: TestClient, submit: Callable[..., str]) -> None:
    answer = fit(http, submit(), x=KNOWN_X)
    assert answer.status_code == 409
    problem = answer.json()
    assert problem["type"] == "urn:grokscale:problem:too-little-data"
    assert problem["detail"]
    assert isinstance(problem["counts"], dict)


def test_a_law_can_be_asked_while_the_study_runs(
    http: TestClient, submit: Callable[..., str], run: Callable[..., Lease]
) -> None:
    study_id = submit()
    run(20)
    found = fit(http, study_id, x=KNOWN_X).json()
    assert found["n"] >= 20
    assert sum(found["censored"].values()) + sum(found["counted_out"].values()) >= 4


@pytest.mark.parametrize(
    ("response", "parameters", "place", "pointer"),
    [
        ("colour", {}, "path", "/response"),
        ("t2", {"x": "1/(alpha*colour)"}, "query", "/x"),
        ("t2", {"x": "1/(alpha*"}, "query", "/x"),
        ("t2", {"x": "__import__('os')"}, "query", "/x"),
        ("t2", {"x": ""}, "query", "/x"),
        ("t2", {"terms": "alpha,colour"}, "query", "/terms"),
        ("t2", {"terms": ""}, "query", "/terms"),
        ("t2", {"x": "alpha", "terms": "alpha"}, "query", "/terms"),
        ("t2", {"effect": "guess"}, "query", "/effect"),
        ("t2", {"threshold": "0.33"}, "query", "/threshold"),
        ("t2", {"threshold": "nan"}, "query", "/threshold"),
        ("t2", {"threshold": "-1"}, "query", "/threshold"),
        ("t2", {"x": "x" * 1001}, "query", "/x"),
        ("t2", {"colour": "red"}, "query", "/colour"),
    ],
)
def test_a_wrong_argument_is_named(
    http: TestClient, finished: str, response: str, parameters: dict[str, str], place: str, pointer: str
) -> None:
    answer = fit(http, finished, response, **parameters)
    assert answer.status_code == 422, answer.text
    assert [(fault["in"], fault["pointer"]) for fault in answer.json()["errors"]] == [(place, pointer)]


def test_one_law_a_level_of_a_field(http: TestClient, finished: str) -> None:
    found = fit(http, finished, terms="beta", by="alpha").json()
    assert [group["value"] for group in found["groups"]] == [0.01, 0.1]
    for group in found["groups"]:
        alone = law_of_rows(http, finished, group["value"])
        assert group["law"]["exponents"] == alone["exponents"]
    (table,) = law_tables(found, "alpha")
    assert table.heads == ["alpha", "n", "beta [95 %]", ""]
    assert [row[:2] for row in table.rows] == [["0.01", "12"], ["0.1", "12"]]
    assert all(row[2].startswith("-") for row in table.rows)
    assert fit(http, finished, by="gamma").json()["errors"][0]["pointer"] == "/by"


def law_of_rows(http: TestClient, study_id: str, alpha: float) -> Any:
    made = {"models": ["M3"], "terms": ["beta"], "where": {"alpha": [alpha, alpha]}}
    stored = http.post(f"/v1/studies/{study_id}/fits", json=made).json()
    content = http.get(f"/v1/fits/{stored['id']}/rows").content
    return json.loads(json.dumps(law(pyarrow.parquet.read_table(io.BytesIO(content)), "t2", terms=["beta"])))
