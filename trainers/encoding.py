"""Values as bytes that are data alone: reading them runs nothing, whoever wrote them.

A length (8 bytes, little-endian), so many bytes of JSON, and after them the bytes of the arrays in the order in which
the JSON names them. In the JSON a list is a list; whatever JSON does not have is an object of one member, its kind:

```
{"tuple": [...]}                     {"dict": [key, value, key, value, ...]}       {"Outcome": [field, field, ...]}
{"array": ["<f8", [2, 3]]}           {"tensor": ["bfloat16", [4]]}                 {"scalar": "<i8"}
{"bytes": 5}                         {"int": "0x1ffffffffffffffff"}                {"float": "7ff8000000000000"}
```

Everything comes back bit for bit, and arrays in the memory order that they had, on which the last digits of a product
may depend.
"""

from __future__ import annotations

import json
import math
import operator
import struct
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from functools import cache
from typing import Any

import numpy as np

_LENGTH = struct.Struct("<Q")
_FLOAT = struct.Struct(">d")
_LARGEST = 1 << 63
_SMALL = 1 << 16
"""Bytes of an array that are sooner copied than referred to."""
_PLAIN = frozenset({str, bool, type(None)})
_MADE_UP = (
    struct.error,
    ValueError,
    KeyError,
    TypeError,
    IndexError,
    AttributeError,
    RuntimeError,
    OverflowError,
    MemoryError,
    RecursionError,
)
"""What comes of bytes that nobody wrote."""

Buffer = bytes | memoryview


class Encoding:
    """Values of Python's own types, numpy's and torch's, and records.

    None, bool, int, float, str, bytes, list, tuple, dict (which an OrderedDict comes back as), numpy arrays and scalars
    of any type but objects and fields, dense torch tensors of any type (values and memory order; they come back on the
    CPU), and so the states of optimisers, modules and random generators.

    Args:
        records: dataclasses that may occur; their fields are kept by position, so that a change of them is a change of
            the format.
    """

    def __init__(self, *records: type[Any]) -> None:
        self._records = {record.__name__: record for record in records}
        self._fields = {record: operator.attrgetter(*(f.name for f in fields(record))) for record in records}

    def encode(self, value: Any) -> list[Buffer]:
        """Return a value as pieces of bytes, which are the value's own memory where it is large.

        Raises:
            TypeError: it holds a value of another type, which is named.
        """
        writer = _Writer(self._fields)
        tree = writer.tree(value)
        # lone surrogates go as they are: as escapes, two in a row would come back as one character
        text = json.dumps(tree, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        header = text.encode("utf-8", "surrogatepass")
        return [_LENGTH.pack(len(header)) + header, *writer.buffers]

    def decode(self, data: bytes, begin: int = 0) -> Any:
        """Return the value that `encode` was given; its bytes are all of `data` from `begin` on.

        Raises:
            ValueError: these are not bytes that `encode` made.
        """
        try:
            (length,) = _LENGTH.unpack_from(data, begin)
            text, end = begin + _LENGTH.size, begin + _LENGTH.size + length
            reader = _Reader(data, end, self._records)
            header = data[text:end].decode("utf-8", "surrogatepass")
            value = json.loads(header, object_hook=reader.value)
            if reader.at != len(data):
                raise ValueError(f"{len(data)} bytes, and {reader.at} were expected")
        except _MADE_UP as error:
            raise ValueError(f"not a value that this program wrote: {error}") from error
        return value


class _Writer:
    """Makes JSON of a value, and a list of the bytes beside it."""

    def __init__(self, fields: dict[type[Any], Callable[[Any], Any]]) -> None:
        self._fields = fields
        self.buffers: list[Buffer] = []

    def tree(self, value: Any) -> Any:
        kind = type(value)
        if kind in _PLAIN:
            return value
        if kind is int:
            # in base 16, since Python bounds the digits of numbers in base 10
            return value if -_LARGEST <= value < _LARGEST else {"int": hex(value)}
        if kind is float:
            return value if math.isfinite(value) else {"float": _FLOAT.pack(value).hex()}
        if kind is list:
            return [self.tree(item) for item in value]
        if kind is tuple:
            return {"tuple": [self.tree(item) for item in value]}
        if kind is dict or kind is OrderedDict:
            return {"dict": [self.tree(item) for pair in value.items() for item in pair]}
        if kind in self._fields:
            return {kind.__name__: [self.tree(item) for item in self._fields[kind](value)]}
        if kind is np.ndarray:
            return {"array": self._array(value)}
        return self._rare(kind, value)

    def _rare(self, kind: type[Any], value: Any) -> Any:
        if kind is bytes:
            self.buffers.append(value)
            return {"bytes": len(value)}
        if isinstance(value, np.generic):
            return {"scalar": self._array(np.asarray(value))[0]}
        torch = sys.modules.get("torch")  # where nobody has imported it there is no tensor
        if torch is not None and kind is torch.Tensor:
            return {"tensor": self._tensor(torch, value)}
        raise TypeError(f"a value of type {kind.__module__}.{kind.__qualname__} cannot be written as data")

    def _array(self, array: np.ndarray) -> list[Any]:
        name = _name(array.dtype)
        if array.flags.c_contiguous and array.nbytes < _SMALL:  # most are: the curves of outcomes
            self.buffers.append(array.tobytes())
            return [name, list(array.shape)]
        axes = _axes(array.strides)
        moved = np.ascontiguousarray(array.transpose(axes)).reshape(-1)
        if moved.nbytes:
            self.buffers.append(moved.view(np.uint8).data)
        return _described(name, array.shape, axes)

    def _tensor(self, torch: Any, tensor: Any) -> list[Any]:
        if tensor.layout != torch.strided or tensor.is_quantized:
            raise TypeError(f"a tensor of layout {tensor.layout} and type {tensor.dtype} cannot be written as data")
        axes = _axes(tensor.stride())
        moved = tensor.detach().cpu().resolve_conj().resolve_neg().permute(axes).contiguous().reshape(-1)
        if moved.numel():
            self.buffers.append(moved.view(torch.uint8).numpy().data)
        return _described(str(tensor.dtype).removeprefix("torch."), tensor.shape, axes)


class _Reader:
    """Makes values of JSON's objects: called with the innermost first, so that arrays come in order of their bytes."""

    def __init__(self, data: bytes, at: int, records: dict[str, type[Any]]) -> None:
        self._data, self._records = data, records
        self.at = at

    def value(self, described: dict[str, Any]) -> Any:
        ((kind, content),) = described.items()
        if kind == "dict":
            items: Iterator[Any] = iter(content)
            return dict(zip(items, items, strict=True))
        if kind == "array":
            return self._array(*content)
        if kind == "tuple":
            return tuple(content)
        if kind in self._records:
            return self._records[kind](*content)
        if kind == "scalar":
            return self._array(content, ())[()]
        if kind == "tensor":
            return self._tensor(*content)
        if kind == "bytes":
            return self._take(content)
        if kind == "int":
            return int(content, 16)
        if kind == "float":
            return _FLOAT.unpack(bytes.fromhex(content))[0]
        raise ValueError(f"a value of kind {kind!r}")

    def _array(self, name: str, shape: Sequence[int], axes: Sequence[int] | None = None) -> np.ndarray:
        dtype = np.dtype(name)
        if dtype.hasobject:
            raise ValueError(f"an array of type {name}")
        moved = tuple(shape) if axes is None else tuple(shape[axis] for axis in axes)
        begun = self._skip(math.prod(shape) * dtype.itemsize)
        array = np.ndarray(moved, dtype, self._data, begun).copy()
        return array if axes is None else array.transpose(np.argsort(axes))

    def _tensor(self, name: str, shape: Sequence[int], axes: Sequence[int] | None = None) -> Any:
        import torch

        dtype = getattr(torch, name)
        moved = tuple(shape) if axes is None else tuple(shape[axis] for axis in axes)
        tensor = torch.empty(moved, dtype=dtype)
        raw = self._take(tensor.numel() * dtype.itemsize)
        if raw:  # torch makes no tensor of an empty buffer
            tensor.view(-1).view(torch.uint8).copy_(torch.frombuffer(bytearray(raw), dtype=torch.uint8))
        return tensor if axes is None else tensor.permute(*map(int, np.argsort(axes)))

    def _take(self, size: int) -> bytes:
        begun = self._skip(size)
        return self._data[begun : self.at]

    def _skip(self, size: int) -> int:
        """Go past the next bytes; return where they begin."""
        begun, self.at = self.at, self.at + size
        if size < 0 or self.at > len(self._data):
            raise ValueError("it ends too early")
        return begun


@cache
def _name(dtype: np.dtype[Any]) -> str:
    """Return what numpy makes the type of again."""
    if dtype.hasobject or np.dtype(dtype.str) != dtype:
        raise TypeError(f"an array of type {dtype} cannot be written as data")
    return dtype.str


def _axes(strides: Sequence[int]) -> list[int]:
    """Return the axes from the slowest to the fastest in memory; axes of one stride stay in order."""
    return sorted(range(len(strides)), key=lambda axis: -abs(strides[axis]))


def _described(name: str, shape: Sequence[int], axes: Sequence[int]) -> list[Any]:
    described = [name, list(shape)]
    return described if list(axes) == list(range(len(axes))) else [*described, list(axes)]
