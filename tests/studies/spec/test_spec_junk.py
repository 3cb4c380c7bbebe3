"""Whatever comes in, nothing but a specification or a `SpecError` comes out."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grokscale.studies.spec import SpecError, StudySpec, load, parse
from tests.studies.spec.spec_samples import BASE, specs

WORDS = ["kind", "task", "l1", "log", "num", "sparse_recovery", "alpha", "", "/", "~", "faults", "raise", "\ud800"]
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.just(10**400), st.floats(), st.text(max_size=5), st.sampled_from(WORDS)
)
junk = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=3), inner),
    max_leaves=8,
)


def outcome(data: Any) -> StudySpec | SpecError:
    try:
        return parse(data, test_tasks=True)
    except SpecError as error:
        return error


def exists(data: Any, pointer: str) -> bool:
    """Whether the pointer, or for a field that is missing its parent, is there in the data (RFC 6901)."""
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    for i, part in enumerate(parts):
        if isinstance(data, list) and part.isdigit() and int(part) < len(data):
            data = data[int(part)]
        elif isinstance(data, dict) and part in data:
            data = data[part]
        else:
            return isinstance(data, dict) and i == len(parts) - 1
    return True


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(place for key, value in inner for place in places(value, (*path, key)))]


@given(junk)
@settings(max_examples=100, deadline=None)
def test_junk_is_refused(data: Any) -> None:
    found = outcome(data)
    assert isinstance(found, SpecError)
    assert found.problems


@given(specs(), st.data())
@settings(max_examples=200, deadline=None)
def test_a_broken_spec_is_refused_at_places_that_the_user_wrote(data: dict[str, Any], more: st.DataObject) -> None:
    data = copy.deepcopy(BASE | data)
    for _ in range(more.draw(st.integers(1, 3))):
        *path, last = more.draw(st.sampled_from(places(data)[1:]))
        place: Any = data
        for part in path:
            place = place[part]
        place[last] = more.draw(junk)
    found = outcome(data)
    if isinstance(found, SpecError):
        assert found.problems
        assert all(exists(data, problem.pointer) for problem in found.problems)
        assert all("accepted: " in problem.message for problem in found.problems)
    else:
        assert parse(found.canonical(), test_tasks=True) == found


@given(
    st.text(alphabet=st.characters(codec="utf-8"), max_size=60)
    | st.text(alphabet="{}[]:,-&*!|>'\"#%?@ \n\tab1.", max_size=40)
)
@settings(max_examples=300, deadline=None)
def test_texts_that_are_no_spec_are_refused(text: str) -> None:
    with pytest.raises(SpecError) as error:
        load(text)
    assert error.value.problems


@given(junk)
@settings(max_examples=100, deadline=None)
def test_junk_as_json_text_is_refused(data: Any) -> None:
    with pytest.raises(SpecError) as error:
        load(json.dumps({"task": data}))
    assert error.value.problems
