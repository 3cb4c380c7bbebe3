"""The OpenAPI document says everything, and its page asks no other server."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi import FastAPI
from jsonschema import Draft202012Validator
from starlette.testclient import TestClient

from grokscale.service.studies.models import EXAMPLE_SPEC, EXAMPLE_YAML
from grokscale.studies import spec as specification


def operations(app: FastAPI) -> list[tuple[str, dict[str, Any]]]:
    paths = app.openapi()["paths"]
    return [(f"{method} {path}", one) for path, found in paths.items() for method, one in found.items()]


def test_every_operation_has_a_summary_and_a_description(app: FastAPI) -> None:
    for name, operation in operations(app):
        assert operation["summary"], name
        assert operation["description"], name


def test_every_documented_error_is_a_problem_document(app: FastAPI) -> None:
    for name, operation in operations(app):
        for status, response in operation["responses"].items():
            if status >= "400" and "readyz" not in name:
                assert list(response["content"]) == ["application/problem+json"], (name, status)


def test_every_model_that_is_answered_has_an_example(app: FastAPI) -> None:
    schemas = app.openapi()["components"]["schemas"]
    for name, operation in operations(app):
        for status, response in operation["responses"].items():
            reference = response.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref")
            if status < "300" and reference and not reference.endswith("/Alive"):
                assert schemas[reference.rsplit("/", 1)[1]].get("examples"), name


def test_examples_are_of_their_own_schema(app: FastAPI) -> None:
    made = app.openapi()
    for name, schema in made["components"]["schemas"].items():
        for example in schema.get("examples", []):
            whole = {"$ref": f"#/components/schemas/{name}", "components": made["components"]}
            errors = list(Draft202012Validator(whole).iter_errors(example))
            assert not errors, (name, errors[0].message)


def test_the_specification_s_schema_accepts_the_example_and_refuses_another(app: FastAPI) -> None:
    made = app.openapi()
    check = Draft202012Validator({"$ref": "#/components/schemas/StudySpec", "components": made["components"]})
    assert check.is_valid(EXAMPLE_SPEC)
    assert not check.is_valid(EXAMPLE_SPEC | {"colour": "red"})


def test_the_example_specifications_are_accepted() -> None:
    assert specification.load(EXAMPLE_YAML).hash() == specification.parse(EXAMPLE_SPEC).hash()


def test_no_reference_leads_nowhere(app: FastAPI) -> None:
    made = app.openapi()
    for reference in re.findall(r"'\$ref': '#/components/schemas/([^']+)'", str(made)):
        assert reference in made["components"]["schemas"]


def test_the_page_and_its_files_come_from_this_server(http: TestClient) -> None:
    page = http.get("/docs")
    assert page.status_code == 200
    files = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(files) >= 3
    for file in files:
        assert file.startswith("/")
        assert http.get(file).status_code == 200


def test_the_page_may_not_ask_another_server(http: TestClient) -> None:
    policy = http.get("/docs").headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy


@pytest.mark.parametrize("path", ["/docs/assets/../app.py", "/docs/assets/%2e%2e/core.py", "/docs/assets/"])
def test_the_page_s_files_are_all_that_is_served(http: TestClient, path: str) -> None:
    assert http.get(path).status_code == 404
