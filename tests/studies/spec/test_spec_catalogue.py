"""What `GET /v1/tasks` shows."""

from __future__ import annotations

import json

import jsonschema
import pytest

from grokscale.studies.spec import parse
from grokscale.studies.spec.catalogue import PARTS, catalogue
from tests.studies.spec.spec_samples import BASE


def test_every_kind_of_this_version_is_described() -> None:
    found = {plural: [member["kind"] for member in catalogue()[plural]] for plural in PARTS}
    assert found == {
        "tasks": ["sparse_recovery", "diagonal_network", "matrix_completion", "synthetic"],
        # methods of factors bear the names of those of vectors: each says in `tasks` whose it is
        "regularizers": ["none", "l1", "l2", "elastic", "nuclear", "l1", "l2"],
        "optimizers": ["subgradient", "proximal", "projected", "gd", "subgradient", "proximal", "gd"],
        "searches": ["grid", "random", "sobol", "tpe", "cmaes", "gp"],
    }


def test_every_schema_is_one_and_the_whole_is_json() -> None:
    whole = catalogue()
    assert json.loads(json.dumps(whole, allow_nan=False)) == whole
    for plural in PARTS:
        for member in whole[plural]:
            jsonschema.Draft202012Validator.check_schema(member["schema"])
            assert member["description"]
    jsonschema.Draft202012Validator.check_schema(whole["schema"])


@pytest.mark.parametrize("plural", ["tasks", "regularizers", "optimizers", "searches"])
def test_every_field_says_what_it_is_and_its_unit(plural: str) -> None:
    for member in catalogue()[plural]:
        for name, field in member["schema"]["properties"].items():
            if name != "kind":
                assert field["description"]
                assert field["x-unit"]


def test_defaults_are_those_that_parsing_fills_in() -> None:
    filled = parse(BASE | {"task": {"kind": "sparse_recovery"}}).canonical()["task"]
    [sparse] = [member for member in catalogue()["tasks"] if member["kind"] == "sparse_recovery"]
    shown = {name: field["default"] for name, field in sparse["schema"]["properties"].items() if name != "kind"}
    assert {"kind": "sparse_recovery"} | shown == filled
