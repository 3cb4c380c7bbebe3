"""SQL functions that SQLite and PostgreSQL spell differently, so that every query is written once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Float
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from grokscale.studies.store.types import UtcDateTime


def _arguments(element: FunctionElement[Any], compiler: SQLCompiler, **kw: Any) -> list[str]:
    return [compiler.process(clause, **kw) for clause in element.clauses]


class Now(FunctionElement[datetime]):
    """`Now()` or `Now(seconds)`: the time of the database's clock at the call, plus some seconds.

    PostgreSQL's own `now()` is the start of the transaction, which may have waited long for a lock.
    """

    type = UtcDateTime()
    inherit_cache = True


@compiles(Now, "postgresql")
def _now_postgresql(element: Now, compiler: SQLCompiler, **kw: Any) -> str:
    offset = _arguments(element, compiler, **kw)
    return f"(clock_timestamp() + make_interval(secs => {offset[0]}))" if offset else "clock_timestamp()"


@compiles(Now, "sqlite")
def _now_sqlite(element: Now, compiler: SQLCompiler, **kw: Any) -> str:
    # %f gives milliseconds; three zeros more make it compare with what the driver writes
    offset = "".join(f", {seconds} || ' seconds'" for seconds in _arguments(element, compiler, **kw))
    return f"(strftime('%Y-%m-%d %H:%M:%f', 'now'{offset}) || '000')"


class SecondsSince(FunctionElement[float]):
    """`SecondsSince(time)`: seconds from a stored time to that of the database's clock."""

    type = Float(53)
    inherit_cache = True


@compiles(SecondsSince, "postgresql")
def _seconds_since_postgresql(element: SecondsSince, compiler: SQLCompiler, **kw: Any) -> str:
    (time,) = _arguments(element, compiler, **kw)
    return f"CAST(EXTRACT(EPOCH FROM clock_timestamp() - {time}) AS DOUBLE PRECISION)"


@compiles(SecondsSince, "sqlite")
def _seconds_since_sqlite(element: SecondsSince, compiler: SQLCompiler, **kw: Any) -> str:
    (time,) = _arguments(element, compiler, **kw)
    return f"((julianday('now') - julianday({time})) * 86400.0)"


class Number(FunctionElement[float]):
    """`Number(document, field)`: a field of a JSON object as a double, NULL where it is null or absent."""

    type = Float(53)
    inherit_cache = True


@compiles(Number, "postgresql")
def _number_postgresql(element: Number, compiler: SQLCompiler, **kw: Any) -> str:
    document, field = _arguments(element, compiler, **kw)
    return f"CAST(CAST({document} AS JSON) ->> CAST({field} AS TEXT) AS DOUBLE PRECISION)"


@compiles(Number, "sqlite")
def _number_sqlite(element: Number, compiler: SQLCompiler, **kw: Any) -> str:
    document, field = _arguments(element, compiler, **kw)
    return f"""CAST(json_extract({document}, '$."' || {field} || '"') AS REAL)"""


class Holds(FunctionElement[bool]):
    """`Holds(document, text)`: whether a JSON list of strings contains this one."""

    type = Boolean()
    inherit_cache = True


@compiles(Holds, "postgresql")
def _holds_postgresql(element: Holds, compiler: SQLCompiler, **kw: Any) -> str:
    document, text = _arguments(element, compiler, **kw)
    return f"EXISTS (SELECT 1 FROM json_array_elements_text(CAST({document} AS JSON)) AS item WHERE item = {text})"


@compiles(Holds, "sqlite")
def _holds_sqlite(element: Holds, compiler: SQLCompiler, **kw: Any) -> str:
    document, text = _arguments(element, compiler, **kw)
    return f"EXISTS (SELECT 1 FROM json_each({document}) AS item WHERE item.value = {text})"
