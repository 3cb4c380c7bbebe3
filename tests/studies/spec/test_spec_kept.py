"""Specifications are what they were before tasks described themselves: refused, read and described alike."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from typing import Any

import pytest

from tests.studies.spec.kept import KEPT, documents

_NOW = """
import json
from grokscale.trainers.tasks import registry
registry.BUILT_IN = tuple(one for one in registry.BUILT_IN if one.kind in ("sparse_recovery", "synthetic"))
from tests.studies.spec.kept import everything
print(json.dumps(everything()))
"""
_LATER = ("is not available in this version; accepted", "is refused; accepted")
"""Words of tasks to come were told apart from others: which there are depends on what a server offers."""


@pytest.fixture(scope="module")
def before() -> dict[str, Any]:
    return json.loads(gzip.decompress(KEPT.read_bytes()))


@pytest.fixture(scope="module")
def now() -> dict[str, Any]:
    """By the present code with the tasks of that time, in a process of its own: models are made once a process."""
    return json.loads(subprocess.run([sys.executable, "-c", _NOW], check=True, capture_output=True).stdout)


def test_documents_are_refused_and_read_as_they_were(before: dict[str, Any], now: dict[str, Any]) -> None:
    assert len(before["outcomes"]) > 1900
    for data, was, found in zip(documents(), before["outcomes"], now["outcomes"], strict=True):
        assert found == json.loads(json.dumps(was).replace(*_LATER)), data


def test_the_schema_and_the_catalogue_are_what_they_were(before: dict[str, Any], now: dict[str, Any]) -> None:
    for of_now, of_then in (
        (now["schema"], before["schema"]),
        (now["catalogue"]["schema"], before["catalogue"]["schema"]),
    ):
        assert with_levels_of_errors_alone(of_now) == with_levels_of_errors_alone(of_then)
    catalogue = {name: value for name, value in before["catalogue"].items() if name != "later"}
    assert without_additions(now["catalogue"]) == catalogue


def with_levels_of_errors_alone(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema but for the thresholds, which were levels of the errors and may be those of measures now."""
    budget = schema["$defs"]["BudgetSection"]
    for name in ("train_threshold", "test_threshold"):
        level = budget["properties"][name]
        of_error = level["anyOf"][0] if "anyOf" in level else {key: level[key] for key in ("type", *_ENDS)}
        assert of_error == {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}
        budget["properties"][name] = {key: level[key] for key in ("default", "x-unit")}
    return schema


_ENDS = ("exclusiveMinimum", "exclusiveMaximum")
ADDED = {"tasks": {"version", "code"}, "regularizers": {"tasks"}, "optimizers": {"tasks"}}
"""What a kind's entry has beside what version 0.1 said: where it comes from, and which tasks take it."""


def without_additions(catalogue: dict[str, Any]) -> dict[str, Any]:
    def kept(part: str, item: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in item.items() if name not in ADDED[part]}

    for part, names in ADDED.items():
        assert all(names <= set(item) for item in catalogue[part])
    return catalogue | {part: [kept(part, item) for item in catalogue[part]] for part in ADDED}
