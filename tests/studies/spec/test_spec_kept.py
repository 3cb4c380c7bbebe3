"""Specifications are what they were before tasks described themselves: refused, read and described alike."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from tests.studies.spec.kept import KEPT, documents, everything


@pytest.fixture(scope="module")
def before() -> dict[str, Any]:
    return json.loads(gzip.decompress(KEPT.read_bytes()))


@pytest.fixture(scope="module")
def now() -> dict[str, Any]:
    return json.loads(json.dumps(everything()))


def test_documents_are_refused_and_read_as_they_were(before: dict[str, Any], now: dict[str, Any]) -> None:
    assert len(before["outcomes"]) > 1900
    for data, was, found in zip(documents(), before["outcomes"], now["outcomes"], strict=True):
        assert found == was, data


def test_the_schema_and_the_catalogue_are_what_they_were(before: dict[str, Any], now: dict[str, Any]) -> None:
    assert now["schema"] == before["schema"]
    assert without_additions(now["catalogue"]) == before["catalogue"]


ADDED = {"tasks": {"version", "code"}, "regularizers": {"tasks"}, "optimizers": {"tasks"}}
"""What a kind's entry has beside what version 0.1 said: where it comes from, and which tasks take it."""


def without_additions(catalogue: dict[str, Any]) -> dict[str, Any]:
    def kept(part: str, item: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in item.items() if name not in ADDED[part]}

    for part, names in ADDED.items():
        assert all(names <= set(item) for item in catalogue[part])
    return catalogue | {part: [kept(part, item) for item in catalogue[part]] for part in ADDED}
