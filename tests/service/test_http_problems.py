"""Every error is a problem document, and none shows how the server is made."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from grokscale.service.app import create_app
from grokscale.service.problems import ApiError, Fault, Problem, document, refusals
from grokscale.studies import logs
from grokscale.studies.settings import Settings
from grokscale.studies.store import DatabaseUnavailable
from tests.service.conftest import BASE_URL


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/v1", 404),
        ("GET", "/v1/nope", 404),
        ("GET", "/v1//studies", 404),
        ("POST", "/v1/studies/some-id:frobnicate", 404),
        ("GET", "/v1/studies/some-id:cancel", 405),
        ("PUT", "/v1/studies", 405),
        ("GET", "/v1/studies:validate", 405),
        ("POST", "/livez", 405),
    ],
)
def test_what_is_not_routed_is_a_problem_document(http: TestClient, method: str, path: str, status: int) -> None:
    answer = http.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["instance"]) == (status, path)
    assert set(problem) == {"type", "title", "status", "detail", "instance", "request_id", "errors"}


def test_a_method_that_is_not_served_is_told_which_are(http: TestClient) -> None:
    assert http.patch("/v1/studies").headers["allow"] == "GET, HEAD, POST"
    assert http.put("/v1/studies/some-id").headers["allow"] == "DELETE, GET, HEAD"


def test_every_route_refuses_an_unknown_parameter(http: TestClient, app: FastAPI) -> None:
    for path, operations in app.openapi()["paths"].items():
        for method, operation in operations.items():
            url = path.format(
                study_id="x", trial_id="x", fit_id="x", name="x", response="t2", chart="law", format="svg"
            )
            headers = {
                "Content-Type": next(iter(operation.get("requestBody", {}).get("content", ["application/yaml"])))
            }
            answer = http.request(method, url, params={"no_such": "1"}, headers=headers)
            assert answer.status_code == 422, (method, path)
            assert "/no_such" in [fault["pointer"] for fault in answer.json()["errors"]], (method, path)


def test_a_refused_parameter_names_the_accepted_ones(http: TestClient) -> None:
    detail = http.get("/v1/studies", params={"colour": "red"}).json()["errors"][0]["detail"]
    for name in ("limit", "cursor", "state", "task", "name_prefix", "tag", "created_after", "created_before"):
        assert name in detail


class Broken:
    """A store whose every method fails in the same way."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __getattr__(self, name: str) -> Any:
        def fail(*_: Any, **__: Any) -> Any:
            raise self.error

        return fail


def failing(settings: Settings, error: Exception) -> TestClient:
    store: Any = Broken(error)
    return TestClient(create_app(settings, store), base_url=BASE_URL)


def test_an_unexpected_failure_is_a_problem_without_a_trace(settings: Settings) -> None:
    answer = failing(settings, ZeroDivisionError("secret detail")).get("/v1/studies")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    for word in ("secret", "ZeroDivision", "Traceback", ".py"):
        assert word not in answer.text


def test_a_database_that_does_not_answer_is_503_with_retry_after(settings: Settings) -> None:
    answer = failing(settings, DatabaseUnavailable("postgresql://host: password refused")).get("/v1/studies")
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "postgresql" not in answer.text


def test_a_caller_s_request_id_comes_back(http: TestClient) -> None:
    answer = http.get("/nope", headers={"X-Request-ID": "trace-42"})
    assert answer.headers["x-request-id"] == "trace-42"
    assert answer.json()["request_id"] == "trace-42"


@pytest.mark.parametrize("given", ["", "two words", "x" * 129, "a\tb", '"quoted"'])
def test_a_request_id_that_fits_in_no_log_line_is_replaced(http: TestClient, given: str) -> None:
    assert http.get("/livez", headers={"X-Request-ID": given}).headers["x-request-id"] != given


def test_every_answer_has_its_own_request_id(http: TestClient) -> None:
    assert http.get("/livez").headers["x-request-id"] != http.get("/livez").headers["x-request-id"]


def test_the_log_is_json_lines_with_the_request_id(http: TestClient, capfd: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logs.configure("info")
    try:
        http.get("/v1/studies/nope", headers={"X-Request-ID": "trace-43"})
    finally:
        root.handlers, root.level = handlers, level
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    (line,) = [line for line in lines if line["event"] == "request"]
    assert (line["request_id"], line["status"], line["path"]) == ("trace-43", 404, "/v1/studies/nope")
    assert line["level"] == "info"
    assert line["timestamp"].endswith("Z")


class TooCold(ApiError):
    """It is too cold."""

    status, kind, title = 418, "too-cold", "Too cold"


def test_a_problem_carries_the_members_of_its_kind() -> None:
    error = TooCold("freezing", faults=[Fault(pointer="/oven", detail="off")], degrees=-3)
    problem = document({"path": "/tea", "state": {"request_id": "r"}}, error)
    assert json.loads(problem.model_dump_json(by_alias=True)) == {
        "type": "urn:grokscale:problem:too-cold",
        "title": "Too cold",
        "status": 418,
        "detail": "freezing",
        "instance": "/tea",
        "request_id": "r",
        "errors": [{"in": "body", "pointer": "/oven", "detail": "off"}],
        "degrees": -3,
    }


def test_errors_of_one_status_are_documented_together() -> None:
    class TooHot(ApiError):
        """It is too hot."""

        status, kind, title = 418, "too-hot", "Too hot"

    described = refusals(TooCold, TooHot)[418]
    assert described["model"] is Problem
    assert "Too cold" in described["description"]
    assert "Too hot" in described["description"]
