"""Runs of a power law as a notebook has them, in every form that a table comes in."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from grokscale.studies.imports import bodies
from grokscale.studies.imports.errors import TableError
from grokscale.studies.imports.reading import CSV, JSON, PARQUET
from grokscale.studies.imports.trials import Imported

Row = dict[str, Any]
RATE = {"name": "adamw sweep", "rate": "lr*weight_decay"}
MOST = 100_000


def sweep(seeds: int = 4, sigma: float = 0.1) -> list[Row]:
    """Runs with t2 = c_seed / (lr * weight_decay)^1.1, times exp(noise) with noise known, to the step."""
    noise = np.random.default_rng(7)
    return [
        {
            "seed": seed,
            "lr": lr,
            "weight_decay": decay,
            "optimizer": "adamw",
            "t1_step": round(2 / lr),
            "t2_step": round(100 * math.exp(0.4 * seed + sigma * noise.standard_normal()) / (lr * decay) ** 1.1),
        }
        for seed in range(seeds)
        for lr in (1e-3, 3e-3, 1e-2)
        for decay in (0.1, 0.3, 1.0)
    ]


def slope(rows: Sequence[Row], draw: Sequence[Any], time: str = "t2_step") -> float:
    """Least squares of log t2 on log 1/(lr*weight_decay) with a level a draw, by numpy's own solver."""
    levels = sorted({*draw})
    design = np.array(
        [
            [-math.log(row["lr"] * row["weight_decay"]), *(one == own for one in levels)]
            for row, own in zip(rows, draw, strict=True)
        ],
        dtype=float,
    )
    return float(np.linalg.lstsq(design, np.log([row[time] for row in rows]), rcond=None)[0][0])


def as_csv(rows: Sequence[Row]) -> bytes:
    text = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, names)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def as_parquet(rows: Sequence[Row] | pa.Table) -> bytes:
    names = [] if isinstance(rows, pa.Table) else list(dict.fromkeys(name for row in rows for name in row))
    table = rows if isinstance(rows, pa.Table) else pa.table({name: [row.get(name) for row in rows] for name in names})
    whole = io.BytesIO()
    pyarrow.parquet.write_table(table, whole)
    return whole.getvalue()


def as_json(rows: Sequence[Any], said: Mapping[str, Any] = RATE, **task: Any) -> bytes:
    beside = {name: value for name, value in said.items() if name not in bodies.OF_TASK}
    own = {name: value for name, value in said.items() if name in bodies.OF_TASK}
    return json.dumps({**beside, "task": own | task, "rows": list(rows)}).encode()


def read(rows: Sequence[Row] | bytes, media: str = CSV, most: int = MOST, **said: Any) -> Imported:
    """Read a table as a server does."""
    written = {CSV: as_csv, PARQUET: as_parquet, JSON: lambda some: as_json(some, RATE | said)}
    content = rows if isinstance(rows, bytes) else written[media](rows)
    return bodies.read(content, media, RATE | said, most)


def refused(rows: Sequence[Row] | bytes, media: str = CSV, **said: Any) -> dict[str, str]:
    """Return what is refused of a table, by pointer."""
    try:
        read(rows, media, **said)
    except TableError as error:
        return {problem.pointer: problem.message for problem in error.problems}
    return {}
