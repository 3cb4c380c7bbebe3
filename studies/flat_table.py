"""The columns of a flat table of trials, in order, by the type of each: what the store makes and what imports fill in.

Between them stand the fields of the configurations (after `THRESHOLDS`), what a task measures beside its errors
(after `ERRORS`), and its predictions (before `TAIL`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pyarrow as pa

from grokscale.studies.vocabulary import CROSSINGS, ERRORS_AT

Level = float | Mapping[str, float]
"""A threshold as specifications have it: of the error, or of one measure by name."""
INT, FLOAT, TEXT = pa.int64(), pa.float64(), pa.string()

NAMES: Final = {"id": TEXT, "index": INT, "configuration": INT, "seed": INT, "data_id": TEXT, "stream_id": TEXT}
HEAD: Final = {**NAMES, "outcome": TEXT, "obtained": TEXT, "looks": TEXT}
REACHED: Final = {"steps": INT, "started": pa.bool_(), "limit": INT}
THRESHOLDS: Final = ("train_threshold", "test_threshold")
MEASURES: Final = ("train_measure", "test_measure")
"""Which measure is held against which level (`test_accuracy 0.99`): columns of a table whose thresholds are those of
measures, beside `THRESHOLDS`, which are null there."""
_CROSSING = {"step": INT, "lower": INT, "upper": INT, "censoring": TEXT, "stayed": INT}
TIMES: Final = {f"{name}_{part}": kind for name in CROSSINGS for part, kind in _CROSSING.items()}
DELAY: Final = {f"delay_{part}": kind for part, kind in _CROSSING.items() if part != "stayed"}
ERRORS: Final = {f"error_{name}{part}": kind for name in ERRORS_AT for part, kind in (("", FLOAT), ("_step", INT))}
TAIL: Final = {"ladder": TEXT, "pack": INT, "attempt": INT, "host": TEXT, "seconds": FLOAT}
COLUMNS: Final = HEAD | REACHED | dict.fromkeys(THRESHOLDS, FLOAT) | TIMES | DELAY | ERRORS | TAIL
"""The columns of every table, in its order."""


def held_against(levels: Sequence[Level], rows: int) -> dict[str, pa.Array]:
    """Return the columns of a study's two thresholds: levels of the errors, or null and beside it the measure's."""
    errors = [None if isinstance(level, Mapping) else level for level in levels]
    measures = {
        column: " ".join(str(part) for part in next(iter(level.items())))
        for column, level in zip(MEASURES, levels, strict=True)
        if isinstance(level, Mapping)
    }
    return {name: pa.array([value] * rows, FLOAT) for name, value in zip(THRESHOLDS, errors, strict=True)} | {
        name: pa.array([value] * rows, TEXT) for name, value in measures.items()
    }
