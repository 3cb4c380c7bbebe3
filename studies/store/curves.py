"""A trial's curves, thinned before they are read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sqlalchemy import Connection, select

from studies.store.errors import InvalidFilter, NotFound
from studies.store.models import CurvePoint, Trial
from studies.store.records import Curves

COORDINATES = "coordinates"


def read(connection: Connection, trial_id: str, metrics: Sequence[str] | None, max_points: int) -> Curves:
    """See `Store.curves`."""
    trial = connection.execute(select(Trial.points, Trial.curve_columns).where(Trial.id == trial_id)).first()
    if trial is None:
        raise NotFound("trial", trial_id)
    recorded: list[str] = trial.curve_columns or []
    wanted = recorded if metrics is None else [name for name in metrics if name != COORDINATES]
    for name in wanted:
        if name not in recorded:
            raise InvalidFilter(name, "not a recorded metric", [*recorded, COORDINATES])
    columns = [CurvePoint.step, CurvePoint.values]
    with_coordinates = metrics is not None and COORDINATES in metrics
    if with_coordinates:
        columns.append(CurvePoint.coordinates)
    points = select(*columns).where(CurvePoint.trial_id == trial_id).order_by(CurvePoint.k)
    if (trial.points or 0) > max_points:
        points = points.where(CurvePoint.k.in_(_spread(trial.points, max_points)))
    rows = connection.execute(points).all()
    return Curves(
        step=[row[0] for row in rows],
        columns={name: [row[1][recorded.index(name)] for row in rows] for name in wanted},
        coordinates=[row[2] for row in rows] if with_coordinates else None,
    )


def _spread(points: int, count: int) -> list[int]:
    return np.unique(np.linspace(0, points - 1, count).round().astype(int)).tolist()
