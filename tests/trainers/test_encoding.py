"""Values as data: what goes in comes out, bit for bit, and nothing that is read can run."""

from __future__ import annotations

import math
import pickle
import re
import struct
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from grokscale import trainers
from grokscale.trainers.checkpoint import OUTCOME
from grokscale.trainers.encoding import Encoding
from grokscale.trainers.trial import Crossing, ErrorPoint, Outcome

ENCODING = Encoding(*OUTCOME)


def again(value: Any) -> Any:
    return ENCODING.decode(b"".join(ENCODING.encode(value)))


def same(one: Any, other: Any) -> bool:
    """Equal in type, value and memory order, not a number included."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float) and not isinstance(one, np.generic):
        return struct.pack("d", one) == struct.pack("d", other)
    if isinstance(one, np.generic):
        return one.dtype == other.dtype and one.tobytes() == other.tobytes()
    if isinstance(one, np.ndarray):
        if (one.dtype, one.shape) != (other.dtype, other.shape):
            return False
        places = [array.strides[axis] for array in (one, other) for axis in range(one.ndim) if one.shape[axis] > 1]
        in_order = places[: len(places) // 2] == places[len(places) // 2 :]
        return (in_order or not one.size) and one.tobytes() == other.tobytes()
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return same(list(one.items()), list(other.items()))
    return bool(one == other)


DTYPES = st.one_of(
    npst.boolean_dtypes(),
    npst.integer_dtypes(endianness="?"),
    npst.unsigned_integer_dtypes(endianness="?"),
    npst.floating_dtypes(endianness="?", sizes=(16, 32, 64)),
    npst.complex_number_dtypes(endianness="?"),
    npst.datetime64_dtypes(),
    npst.byte_string_dtypes(max_len=5),
    npst.unicode_string_dtypes(max_len=5),
)
ARRAYS = npst.arrays(DTYPES, npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=-(2**200), max_value=2**200),
    st.floats(),
    st.text(),
    st.text(st.characters(categories=("Cs", "Lu"))),
    st.binary(),
    ARRAYS,
    ARRAYS.map(np.transpose),
    npst.arrays(np.float64, ()).map(lambda array: array[()]),
    npst.arrays(np.int32, ()).map(lambda array: array[()]),
)
KEYS = st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.tuples(st.integers(), st.text()), st.binary())
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.lists(inner, max_size=4).map(tuple), st.dictionaries(KEYS, inner, max_size=4)
    ),
    max_leaves=20,
)

READS = re.compile(
    r"^\s*(import|from) .*\b(pickle|cloudpickle|dill|marshal|shelve|joblib)\b|torch\.load\(|allow_pickle=True",
    re.MULTILINE,
)
SAFE = {"builtins", "numpy", "torch", "grokscale.trainers.trial"}


@given(VALUES)
def test_whatever_goes_in_comes_out_bit_for_bit(value: Any) -> None:
    assert same(again(value), value)


@given(VALUES, st.data())
def test_bytes_that_were_cut_or_changed_are_refused_or_read_as_data(value: Any, data: st.DataObject) -> None:
    encoded = bytearray(b"".join(ENCODING.encode(value)))
    if data.draw(st.booleans()):
        del encoded[data.draw(st.integers(0, len(encoded) - 1)) :]
    else:
        encoded[data.draw(st.integers(0, len(encoded) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with suppress(ValueError):
        assert type(ENCODING.decode(bytes(encoded))).__module__ in SAFE


@pytest.mark.parametrize("bits", ["7ff8000000000001", "fff8000000000000", "7ff0000000000000", "8000000000000000"])
def test_every_bit_of_a_float_is_kept(bits: str) -> None:
    (value,) = struct.unpack(">d", bytes.fromhex(bits))
    assert struct.pack(">d", again(value)).hex() == bits


def test_numbers_of_any_size_are_kept() -> None:
    for value in (2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 10**5000):
        assert again(value) == value


def test_arrays_keep_their_memory_order() -> None:
    array = np.arange(24.0).reshape(2, 3, 4)
    for axes in ((0, 1, 2), (2, 1, 0), (1, 2, 0)):
        kept = again(array.transpose(axes))
        assert kept.strides == array.transpose(axes).strides
        assert np.array_equal(kept, array.transpose(axes))
    assert again(array[:, ::2]).tolist() == array[:, ::2].tolist()


def test_what_was_read_can_be_written_to() -> None:
    array = again(np.zeros(3))
    array += 1
    assert array.tolist() == [1, 1, 1]


FLOATS = ("bfloat16", "float16", "float32", "float64", "float8_e4m3fn", "float8_e5m2")
OTHERS = ("bool", "uint8", "int8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "complex64", "complex128")


@pytest.mark.parametrize("dtype", FLOATS + OTHERS)
def test_tensors_of_every_type_come_back_bit_for_bit(dtype: str) -> None:
    raw = torch.randint(0, 2 if dtype == "bool" else 256, (6 * 32,), dtype=torch.uint8)
    tensor = raw.view(getattr(torch, dtype)).reshape(2, 3, -1).transpose(0, 2)
    kept = again(tensor)
    assert (kept.dtype, kept.shape, kept.stride()) == (tensor.dtype, tensor.shape, tensor.stride())
    assert torch.equal(*(t.contiguous().reshape(-1).view(torch.uint8) for t in (kept, tensor)))


def test_tensors_of_no_axes_and_of_no_elements_come_back() -> None:
    for tensor in (torch.tensor(3.5, dtype=torch.bfloat16), torch.zeros(0, 3), torch.zeros(4, 5)[:, 1]):
        kept = again(tensor)
        assert kept.dtype == tensor.dtype
        assert torch.equal(kept, tensor)


@pytest.mark.parametrize("kind", [torch.optim.AdamW, torch.optim.SGD, torch.optim.LBFGS])
def test_an_optimiser_goes_on_bit_for_bit_from_its_state(kind: type[torch.optim.Optimizer]) -> None:
    def steps(model: torch.nn.Module, optimiser: torch.optim.Optimizer, count: int) -> None:
        def loss() -> torch.Tensor:
            optimiser.zero_grad()
            value = (model(inputs) ** 2).sum()
            value.backward()
            return value

        for _ in range(count):
            optimiser.step(loss)  # type: ignore[arg-type]

    def begin() -> tuple[torch.nn.Module, torch.optim.Optimizer]:
        torch.manual_seed(0)
        model = torch.nn.Linear(3, 2).to(torch.bfloat16)
        options = {"momentum": 0.9} if kind is torch.optim.SGD else {}
        return model, kind(model.parameters(), lr=1e-2, **options)  # type: ignore[call-arg]

    inputs = torch.ones(4, 3, dtype=torch.bfloat16)
    model, optimiser = begin()
    steps(model, optimiser, 3)
    kept = again({"model": model.state_dict(), "optimiser": optimiser.state_dict()})
    steps(model, optimiser, 3)
    other_model, other_optimiser = begin()
    other_model.load_state_dict(kept["model"])
    other_optimiser.load_state_dict(kept["optimiser"])
    steps(other_model, other_optimiser, 3)
    assert all(map(torch.equal, model.parameters(), other_model.parameters()))


@pytest.mark.parametrize("kind", [np.random.PCG64, np.random.MT19937, np.random.Philox, np.random.SFC64])
def test_a_random_generator_goes_on_from_its_state(kind: Any) -> None:
    generator = np.random.Generator(kind(7))
    generator.normal(size=5)
    other = np.random.Generator(kind(0))
    other.bit_generator.state = again(generator.bit_generator.state)
    assert other.normal(size=100).tolist() == generator.normal(size=100).tolist()


def test_outcomes_come_back_as_they_were() -> None:
    crossing = Crossing(5, 4, 5, "exact")
    errors = {"stop": ErrorPoint(math.nan, 9, {"mean": 0.1, "norm": None}), "min": None}
    outcome = Outcome(3, "generalised", "stepped", 9, t1=crossing, errors=errors, curve={"step": np.arange(3)})
    kept = again(outcome)
    assert (kept.t1, kept.outcome, kept.errors["stop"].step) == (crossing, "generalised", 9)
    assert math.isnan(kept.errors["stop"].error)
    assert kept.errors["stop"].measures == {"mean": 0.1, "norm": None}
    assert kept.curve["step"].tolist() == [0, 1, 2]


def test_an_ordered_dictionary_comes_back_as_a_dictionary() -> None:
    kept = again(OrderedDict(b=1, a=2))
    assert type(kept) is dict
    assert list(kept.items()) == [("b", 1), ("a", 2)]


class Word(str):
    """A type that nobody has listed."""


@pytest.mark.parametrize(
    "value",
    [object(), Word("x"), {1, 2}, print, np.array([object()]), np.zeros(2, [("a", "f8")]), torch.eye(2).to_sparse()],
    ids=["object", "str", "set", "function", "objects", "records", "sparse"],
)
def test_anything_else_is_refused_by_its_type(value: Any) -> None:
    with pytest.raises(TypeError, match="cannot be written as data"):
        ENCODING.encode({"state": [value]})


@pytest.mark.parametrize(
    "header",
    [
        b'{"array":["O",[1]]}',
        b'{"array":["f8,O",[1]]}',
        b'{"tensor":["load",[1]]}',
        b'{"tensor":["__loader__",[]]}',
        b'{"eval":"1"}',
        b'{"tuple":[],"dict":[]}',
        b'{"dict":[1]}',
        b'{"dict":[[],1]}',
        b'{"Outcome":[1]}',
        b'{"array":["<f8",[-1]]}',
        b'{"bytes":1000}',
        b"[" * 100_000,
    ],
)
def test_what_is_made_up_is_refused(header: bytes) -> None:
    with pytest.raises(ValueError, match="not a value that this program wrote"):
        ENCODING.decode(struct.pack("<Q", len(header)) + header + bytes(16))


def test_a_pickle_is_no_value() -> None:
    with pytest.raises(ValueError, match="not a value that this program wrote"):
        ENCODING.decode(pickle.dumps({"a": 1}))


def test_no_module_reads_values_that_could_run_from_files_or_network() -> None:
    root = Path(trainers.__file__).parents[1]
    modules = [path for part in ("service", "studies", "trainers") for path in (root / part).rglob("*.py")]
    assert len(modules) > 100
    pipe = root / "service/work/frames.py"  # between the server and a process that it started: nobody else has an end
    assert [path for path in modules if READS.search(path.read_text())] == [pipe]
