"""A trial's curve as rows of float64, and back; it is thinned before it is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from sqlalchemy import Connection, select

from grokscale.studies.store.errors import InvalidFilter, NotFound
from grokscale.studies.store.models import VISIBLE, CurvePoint, Study, Trial
from grokscale.studies.store.records import Curves
from grokscale.trainers.trial import Outcome

if TYPE_CHECKING:
    import psycopg

COORDINATES = "coordinates"
_FLOAT = np.dtype("<f8")


def write(connection: Connection, curves: Iterable[tuple[str, Outcome]]) -> None:
    """Insert the curves of trials by the database driver's bulk interface: these are by far the most rows of a
    commit.
    """
    rows = [row for trial_id, outcome in curves for row in _rows(trial_id, outcome)]
    if not rows:
        return
    table = CurvePoint.__tablename__
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"INSERT INTO {table} ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", rows)
        return
    driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
    with (
        driver.cursor() as cursor,
        cursor.copy(f"COPY {table} ({_COLUMNS}) FROM STDIN (FORMAT BINARY)".encode()) as copy,
    ):
        copy.set_types(["text", "int8", "int8", "bytea", "int8", "bytea"])
        for row in rows:
            copy.write_row(row)


_COLUMNS = 'trial_id, k, step, "values", missing, coordinates'


def _rows(trial_id: str, outcome: Outcome) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of an outcome's curve. A value that is not finite is marked as missing and not stored."""
    if not outcome.curve:
        return
    steps = np.asarray(outcome.curve["step"]).astype(np.int64).tolist()
    columns = [np.asarray(column, dtype=_FLOAT) for name, column in outcome.curve.items() if name != "step"]
    table = np.stack(columns, axis=1) if columns else np.empty((len(steps), 0), dtype=_FLOAT)
    absent = ~np.isfinite(table)
    missing = (absent @ (1 << np.arange(table.shape[1], dtype=np.int64))).tolist()
    packed = np.where(absent, 0.0, table)
    iterates = [None] * len(steps) if outcome.coordinates is None else [_bytes(point) for point in outcome.coordinates]
    for k, (step, row, bits, iterate) in enumerate(zip(steps, packed, missing, iterates, strict=True)):
        yield trial_id, k, step, row.tobytes(), bits, iterate


def read(connection: Connection, trial_id: str, metrics: Sequence[str] | None, max_points: int) -> Curves:
    """See `Store.curves`."""
    of_a_study = select(Trial.points, Trial.curve_columns).join(Study, Study.id == Trial.study_id)
    trial = connection.execute(of_a_study.where(Trial.id == trial_id, VISIBLE)).first()
    if trial is None:
        raise NotFound("trial", trial_id)
    recorded: list[str] = trial.curve_columns or []
    wanted = recorded if metrics is None else [name for name in metrics if name != COORDINATES]
    for name in wanted:
        if name not in recorded:
            raise InvalidFilter(name, "not a recorded metric", [*recorded, COORDINATES])
    columns = [CurvePoint.step, CurvePoint.values, CurvePoint.missing]
    with_coordinates = metrics is not None and COORDINATES in metrics
    if with_coordinates:
        columns.append(CurvePoint.coordinates)
    statement = select(*columns).where(CurvePoint.trial_id == trial_id).order_by(CurvePoint.k)
    if (trial.points or 0) > max_points:
        statement = statement.where(CurvePoint.k.in_(_spread(trial.points, max_points)))
    points = connection.execute(statement).all()
    table = np.frombuffer(b"".join(point[1] for point in points), dtype=_FLOAT).reshape(len(points), len(recorded))
    missing = [point[2] for point in points]
    return Curves(
        step=[point[0] for point in points],
        columns={name: _column(table, missing, recorded.index(name)) for name in wanted},
        coordinates=[_floats(point[3]) for point in points] if with_coordinates else None,
    )


def _bytes(iterate: np.ndarray) -> bytes | None:
    return np.asarray(iterate, dtype=_FLOAT).tobytes() if np.isfinite(iterate).all() else None


def _floats(iterate: bytes | None) -> list[float] | None:
    return None if iterate is None else np.frombuffer(iterate, dtype=_FLOAT).tolist()


def _column(table: np.ndarray, missing: list[int], at: int) -> list[float | None]:
    return [None if bits >> at & 1 else value for value, bits in zip(table[:, at].tolist(), missing, strict=True)]


def _spread(points: int, count: int) -> list[int]:
    return np.unique(np.linspace(0, points - 1, count).round().astype(int)).tolist()
