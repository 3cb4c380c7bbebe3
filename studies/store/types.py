"""Column types in which SQLite and PostgreSQL differ, and the one guard against what neither may hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
from sqlalchemy import DateTime, Dialect, Float, LargeBinary, String, Text, TypeDecorator

from trainers.trial import finite


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it: non-finite floats as None, numpy scalars as Python's, text storable."""
    if isinstance(value, str):
        return storable(value)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, (float, np.floating)):
        return finite(float(value))
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, Mapping):
        return {storable(str(key)): plain(item) for key, item in value.items()}
    return [plain(item) for item in value]


def storable(text: str) -> str:
    """Return text that both databases take: PostgreSQL refuses NUL, and neither stores lone surrogates."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


class Words(TypeDecorator[str]):
    """Text ordered by code point on both databases, so that sorting and cursors agree."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(String(collation="C" if dialect.name == "postgresql" else None))

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else storable(value)


class Json(TypeDecorator[Any]):
    """A JSON document as compact text, key order kept.

    PostgreSQL's jsonb would reorder keys and turn 1e22 into an integer; no query here needs its operators.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else dumps(plain(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


class Values(TypeDecorator[list[float | None]]):
    """The values of one curve point in the order of the trial's `curve_columns`, as a JSON list.

    Curves are by far the most rows, so a list of plain floats skips the walk that `Json` does unless it must be
    guarded.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: list[float | None] | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        try:
            return dumps(value)
        except ValueError:  # a NaN or infinity among them
            return dumps([finite(item) for item in value])

    def process_result_value(self, value: str | None, dialect: Dialect) -> list[float | None] | None:
        return None if value is None else json.loads(value)


_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False, ensure_ascii=True).encode


def dumps(value: Any) -> str:
    """Return compact JSON.

    Raises:
        ValueError: a NaN or infinity is in it.
    """
    return _encode(value)


class Finite(TypeDecorator[float]):
    """A double that is never NaN or infinite: such a value is stored as NULL."""

    impl = Float
    cache_ok = True

    def __init__(self) -> None:
        super().__init__(53)

    def process_bind_param(self, value: float | None, dialect: Dialect) -> float | None:
        return finite(value)


class Vector(TypeDecorator[list[float]]):
    """A float64 vector as little-endian bytes; one with a NaN or infinity in it is stored as NULL."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        if value is None or not np.isfinite(value).all():
            return None
        return np.ascontiguousarray(value, dtype="<f8").tobytes()

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> list[float] | None:
        return None if value is None else np.frombuffer(value, dtype="<f8").tolist()


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime: timestamptz on PostgreSQL, `YYYY-MM-DD HH:MM:SS.ffffff` on SQLite."""

    impl = DateTime
    cache_ok = True

    def __init__(self) -> None:
        super().__init__(timezone=True)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc if dialect.name == "postgresql" else utc.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
