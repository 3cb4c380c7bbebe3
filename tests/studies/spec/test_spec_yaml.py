"""YAML by the core schema of YAML 1.2, and JSON: what texts mean, and the traps in them."""

from __future__ import annotations

import json
import math
import time
from typing import Any

import pytest

from grokscale.studies.documents import read
from grokscale.studies.library import item
from grokscale.studies.spec import SpecError, load, parse
from tests.studies.spec.spec_samples import BASE

SHORT = """
name: short
task: {kind: sparse_recovery}
regularizer: {kind: l1, beta: 1e-5}
optimizer: {kind: subgradient, alpha: .1}
seeds: 2
budget: {max_steps: 1e7}
"""


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-5", 1e-5),
        ("1e7", 1e7),
        ("1E+3", 1e3),
        ("-.5e3", -500.0),
        ("1.", 1.0),
        ("+12", 12),
        ("010", 10),
        ("0o17", 15),
        ("0x1f", 31),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        # what YAML 1.1 and its libraries take for something else
        ("yes", "yes"),
        ("on", "on"),
        ("no", "no"),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("0b11", "0b11"),
        ("2026-01-01", "2026-01-01"),
        ("=", "="),
        ("1e", "1e"),
        ("'1e-5'", "1e-5"),
        ('"true"', "true"),
        ("|\n 12\n", "12\n"),
    ],
)
def test_a_scalar_means_what_yaml_1_2_says(text: str, value: Any) -> None:
    found = read(f"a: {text}")["a"]
    assert found == value
    assert type(found) is type(value)


def test_not_a_number_is_read_and_refused_by_pointer() -> None:
    assert math.isnan(read("[.nan]")[0])
    with pytest.raises(SpecError) as error:
        load(SHORT.replace(".1}", ".nan}"))
    assert [p.pointer for p in error.value.problems] == ["/optimizer/alpha"]


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_json_has_not_are_refused_by_pointer(word: str) -> None:
    text = json.dumps(BASE).replace("[0.02, 0.05, 0.1]", f"[0.02, {word}]")
    with pytest.raises(SpecError) as error:
        load(text)
    assert [p.pointer for p in error.value.problems] == ["/optimizer/alpha/1"]


def test_yaml_and_json_of_one_study_agree() -> None:
    assert load(SHORT).hash() == load(json.dumps(load(SHORT).canonical())).hash()
    assert load(SHORT).budget.max_steps == 10_000_000


def test_a_flow_mapping_that_is_not_json_is_yaml() -> None:
    assert read("{a: 1, b: [x, 'y'],}") == {"a": 1, "b": ["x", "y"]}


def test_anchors_and_aliases_stand_for_values() -> None:
    assert read("a: &x [1, 2]\nb: *x") == {"a": [1, 2], "b": [1, 2]}


def test_a_merge_key_is_a_field_like_any_other() -> None:
    with pytest.raises(SpecError) as error:
        load(SHORT + "<<: {priority: 3}")
    assert [p.pointer for p in error.value.problems] == ["/<<"]


@pytest.mark.parametrize(
    ("text", "pointer", "message"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2\n", "/b/c", "given twice; accepted: once (line 4)"),
        ('{"b": [{"c": 1, "c": 1}]}', "/b/0/c", "given twice; accepted: once"),
        ("a: !!python/object/apply:os.system [ls]", "/a", "the tag 'tag:yaml.org,2002:python/object/apply:os.system'"),
        ("a: !!int '3'", "/a", "accepted: no tags (line 1)"),
        ("[1, 2]: 3", "", "a key is not a text; accepted: texts as keys (line 1)"),
        ("a: *nowhere", "/a", "the alias 'nowhere' names nothing that ended before it (line 1)"),
        ("a: &a [*a]", "/a/0", "the alias 'a' names nothing that ended before it (line 1)"),
        ("---\na: 1\n---\nb: 2", "", "a second document; accepted: one (line 3)"),
        ("a: [1", "", "not readable as YAML: "),
        ("a: b: c", "", "line 1, column 5"),
        ("\x00", "", "not readable as YAML: "),
        ("a: " + "9" * 5000, "/a", "a number of 5000 digits"),
        ('{"a": ' + "9" * 5000 + "}", "", "not readable as JSON: "),
        ('{"a": ' * 5000, "", "not readable as JSON: "),
        ("[" * 5000, "/0", "nested too deep; accepted: up to 16 deep"),
        ("x" * (1 << 21), "", "the text is too large; accepted: up to 1048576 bytes"),
        ("x" * (1 << 19), "", "the text is too large; accepted: up to 131072 characters of YAML, more of JSON"),
    ],
    ids=lambda part: part[:24],
)
def test_a_text_is_refused_where_it_goes_wrong(text: str, pointer: str, message: str) -> None:
    with pytest.raises(SpecError) as error:
        read(text)
    assert error.value.problems[0].pointer == pointer
    assert message in error.value.problems[0].message


def test_a_nest_of_aliases_is_harmless() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 10)
    )
    started = time.perf_counter()
    with pytest.raises(SpecError) as error:
        load(bomb)
    assert "too large; accepted: up to" in error.value.problems[0].message
    assert time.perf_counter() - started < 5


def test_a_large_study_fits_as_json() -> None:
    text = json.dumps(BASE | {"seeds": list(range(100_000)), "regularizer": {"kind": "none"}})
    assert len(text) > 500_000
    with pytest.raises(SpecError) as error:
        load(text)
    assert [p.pointer for p in error.value.problems] == ["/seeds"]  # 300,000 trials, but read all the same


def test_a_file_of_the_library_loads_as_yaml() -> None:
    assert parse(item("quickstart").spec.canonical()) == item("quickstart").spec
