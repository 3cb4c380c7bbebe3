"""Column types in which SQLite and PostgreSQL differ, and the one guard against values that neither may hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
from sqlalchemy import DateTime, Dialect, Float, String, Text, TypeDecorator

from grokscale.studies.store.errors import DAMAGED, DatabaseUnavailable
from grokscale.trainers.trial import finite


def plain(value: Any) -> Any:
    """Return a value in a form that JSON can hold: non-finite floats as None, numpy scalars as Python's, text as
    storable.
    """
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
    if text.isprintable() and text.isascii():
        return text
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


class Words(TypeDecorator[str]):
    """Text ordered by code point on both databases, so that sorting and cursors agree."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(String(collation="C" if dialect.name == "postgresql" else None))

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else storable(value)


def readable(read: Callable[[Any], Any] | None) -> Callable[[Any], Any]:
    """Return a result processor that raises a clear error for a value that it cannot read, since it was never
    written so.
    """

    def checked(value: Any) -> Any:
        try:
            return value if read is None else read(value)
        except (ValueError, TypeError, RecursionError) as error:
            raise DatabaseUnavailable(f"{DAMAGED} ({error})") from error

    return checked


_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


class Json(TypeDecorator[Any]):
    """A JSON document as compact text, key order kept.

    PostgreSQL's jsonb would reorder keys and turn 1e22 into an integer; no query here needs its operators.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else _encode(plain(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """See `readable`."""
        return readable(super().result_processor(dialect, coltype))


class Finite(TypeDecorator[float]):
    """A double that is never NaN or infinite: such a value is stored as NULL."""

    impl = Float
    cache_ok = True

    def __init__(self) -> None:
        super().__init__(53)

    def process_bind_param(self, value: float | None, dialect: Dialect) -> float | None:
        return finite(value)


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

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """See `readable`."""
        return readable(super().result_processor(dialect, coltype))
