"""Descriptions as JSON: what processes hand to each other and what studies keep."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import replace
from typing import Any

import pytest

from grokscale.trainers.tasks.description import MISSING
from grokscale.trainers.tasks.documents import NoDescription, digest, from_json, to_json
from grokscale.trainers.tasks.registry import BUILT_IN


@pytest.mark.parametrize("one", BUILT_IN, ids=lambda one: one.kind)
def test_a_description_comes_back_as_it_was(one: Any) -> None:
    document = json.loads(json.dumps(to_json(one), allow_nan=False))
    assert from_json(document) == one
    assert digest(from_json(document)) == digest(one)
    assert from_json(document).data_fields == one.data_fields


def test_what_differs_has_another_hash() -> None:
    one, *others = BUILT_IN
    changed = replace(one, fields=(replace(one.fields[0], default=101), *one.fields[1:]))
    assert len({digest(one), *map(digest, others), digest(changed), digest(replace(one, version=2))}) == 3 + len(others)


def test_a_field_without_a_default_has_none_in_another_process_too() -> None:
    assert pickle.loads(pickle.dumps(MISSING)) is MISSING
    assert copy.deepcopy(MISSING) is MISSING


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.pop("kind"), r"description: Description\.kind is missing"),
        (lambda d: d.update(colour="red"), r"knows no Description\.colour"),
        (lambda d: d["fields"][0]["accepts"].update(type="Colour"), r"fields\[0\]\.accepts is of no type .*'Colour'"),
        (lambda d: d.update(type="Field"), r"knows no Field\.coordinates"),
    ],
)
def test_what_is_no_description_is_refused_with_its_place(change: Any, message: str) -> None:
    document = to_json(BUILT_IN[0])
    change(document)
    with pytest.raises(NoDescription, match=message):
        from_json(document)


def test_what_json_cannot_hold_is_refused_with_its_place() -> None:
    one = BUILT_IN[0]
    wrong = replace(one, fields=(replace(one.fields[0], default=float("inf")),))
    with pytest.raises(NoDescription, match=rf"{one.kind}\.fields\[0\]\.default is inf"):
        to_json(wrong)
