"""The canonical form and the hash."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings

from grokscale.studies.spec import StudySpec, from_json, load, parse
from grokscale.trainers.tasks import registry
from grokscale.trainers.tasks.sparse_recovery.description import SPARSE_RECOVERY
from grokscale.trainers.tasks.synthetic.description import SYNTHETIC
from tests.studies.spec.spec_samples import BASE, changed, specs


@given(specs())
@settings(max_examples=100, deadline=None)
def test_a_valid_spec_comes_back_from_its_canonical_form(data: dict[str, Any]) -> None:
    spec = parse(data)
    text = json.dumps(spec.canonical(), allow_nan=False)
    assert parse(from_json(text)) == spec
    assert load(text).canonical() == spec.canonical()
    assert load(text).hash() == spec.hash()


@given(specs())
@settings(max_examples=40, deadline=None)
def test_valid_specs_meet_the_published_schema(data: dict[str, Any]) -> None:
    validator = jsonschema.Draft202012Validator(StudySpec.model_json_schema())
    validator.validate(data)
    validator.validate(parse(data).canonical())


@given(specs())
@settings(max_examples=40, deadline=None)
def test_the_order_of_the_fields_does_not_matter(data: dict[str, Any]) -> None:
    turned = {key: dict(reversed(v.items())) if isinstance(v, dict) else v for key, v in reversed(data.items())}
    assert parse(turned).hash() == parse(data).hash()


def test_defaults_are_filled_in() -> None:
    short = {
        "name": "short",
        "task": {"kind": "sparse_recovery"},
        "regularizer": {"kind": "l1", "beta": 1e-5},
        "optimizer": {"kind": "subgradient", "alpha": 0.1},
        "seeds": 1,
    }
    assert parse(short).canonical() == short | {
        "tags": [],
        "seed": 0,
        "task": {
            "kind": "sparse_recovery",
            "n": 100,
            "s": 5,
            "N": 30,
            "tau": 0.0,
            "snr": None,
            "stream": "spawned",
            "init": "ones",
            "init_scale": 1e-6,
            "design_variance": None,
            "signal": "normal",
        },
        "search": {"kind": "grid"},
        "budget": {
            "max_steps": 10_000_000,
            "max_seconds": None,
            "stop": "auto",
            "record": "curves",
            "train_threshold": 0.01,
            "test_threshold": 0.01,
            "plateau_every": 1000,
        },
        "engine": "auto",
        "resources": {"cpus": 1, "gpus": 0, "max_packs": None},
        "priority": 0,
    }


@pytest.mark.parametrize(
    ("field", "one", "other"),
    [
        ("/task/init_scale", 1, 1.0),
        ("/task/tau", 0, -0.0),
        ("/task/N", 30, 30.0),
        ("/task/N", [10, 20], [10.0, 2e1]),
        ("/optimizer/alpha", {"linear": [1, 2], "num": 2}, {"linear": [1.0, 2.0], "num": 2.0}),
        ("/budget/max_steps", 1e7, 10_000_000),
        ("/seeds", [3, 4], [3.0, 4.0]),
    ],
)
def test_numbers_that_are_equal_hash_alike(field: str, one: Any, other: Any) -> None:
    assert parse(changed(field, one)).hash() == parse(changed(field, other)).hash()


@pytest.mark.parametrize(
    ("field", "value"),
    [("/seed", 1), ("/name", "other"), ("/task/N", [30]), ("/optimizer/alpha", [0.02, 0.1, 0.05]), ("/seeds", 11)],
)
def test_another_spec_has_another_hash(field: str, value: Any) -> None:
    assert parse(changed(field, value)).hash() != parse(BASE).hash()


def test_the_hash_is_the_sha256_of_the_canonical_form_with_its_keys_sorted() -> None:
    text = json.dumps(parse(BASE).canonical(), sort_keys=True, separators=(",", ":"))
    assert parse(BASE).hash() == hashlib.sha256(text.encode()).hexdigest()


def test_thresholds_that_are_left_out_are_the_tasks_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "BUILT_IN", (replace(SYNTHETIC, thresholds=(0.2, 0.3)), SPARSE_RECOVERY))
    registry.described.cache_clear()
    body = {
        "name": "thresholds",
        "task": {"kind": "synthetic"},
        "regularizer": {"kind": "l1", "beta": 1e-3},
        "optimizer": {"kind": "proximal", "alpha": 0.1},
        "seeds": 1,
    }
    own = parse(body).budget
    assert (own.train_threshold, own.test_threshold) == (0.2, 0.3)
    given = parse(body | {"budget": {"test_threshold": 0.5}}).budget
    assert (given.train_threshold, given.test_threshold) == (0.2, 0.5)
    monkeypatch.undo()
    registry.described.cache_clear()
    other = parse(body | {"task": {"kind": "sparse_recovery"}}).budget
    assert (other.train_threshold, other.test_threshold) == (1e-2, 1e-2)
