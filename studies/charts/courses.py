"""Which trials a chart of curves shows, and what it shows of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa

from grokscale.studies.charts.curves import Course
from grokscale.studies.charts.errors import NothingDrawn
from grokscale.studies.charts.sizes import MOST_TRIALS
from grokscale.studies.charts.words import fields as written_fields
from grokscale.studies.laws.rows import columns
from grokscale.studies.store import Store, StudyRecord
from grokscale.studies.vocabulary import NO_RESULT
from grokscale.trainers.trial import Crossing

_TRAIN, _TEST = "train_error", "test_error"
_MOST_POINTS = 400
"""Of one curve: more than a panel has pixels."""
_WITHOUT = ("", *(word for word in NO_RESULT if word != "pruned"))
"""Outcomes of trials that have no curve; the empty word has not ended."""


def spread(table: pa.Table) -> list[int]:
    """Return the positions of a few trials with a curve, spread over the study.

    Raises:
        NothingDrawn: no trial has one.
    """
    outcomes = columns.words(table, "outcome")
    with_curve = np.flatnonzero(~np.isin(outcomes, _WITHOUT))
    if not with_curve.size:
        raise NothingDrawn("no trial with a curve has ended")
    at = np.linspace(0, len(with_curve) - 1, min(MOST_TRIALS, len(with_curve))).round().astype(int)
    return with_curve[at].tolist()


def positions(table: pa.Table) -> dict[str, int]:
    """Return where each trial stands in the table, by its id and by its index as text."""
    rows = range(len(table))
    by_index = {str(index): i for i, index in zip(rows, table.column("index").to_pylist(), strict=True)}
    return by_index | {id: i for i, id in zip(rows, table.column("id").to_pylist(), strict=True)}


def courses(store: Store, table: pa.Table, chosen: Sequence[int]) -> list[Course]:
    """Read the trials at these positions of the table.

    Raises:
        NothingDrawn: one of them has no curve.
    """
    varying = [name for name in columns.fields(table) if len(table.column(name).unique()) > 1]
    ids = table.column("id")
    return [_course(store, ids[position].as_py(), varying) for position in chosen]


def thresholds(study: StudyRecord) -> dict[str, float | str]:
    """Return what t1 and t2 are held against: a level of the error, or in words a measure and its level."""
    levels = {name: study.spec["budget"][f"{name}_threshold"] for name in ("train", "test")}
    return {
        name: " ".join(f"{part}" for part in next(iter(level.items()))) if isinstance(level, dict) else level
        for name, level in levels.items()
    }


def _course(store: Store, trial_id: str, varying: Sequence[str]) -> Course:
    trial = store.trial(trial_id)
    curves = store.curves(trial_id, max_points=_MOST_POINTS)
    if not curves.step or not {_TRAIN, _TEST} <= curves.columns.keys():
        why = (trial.outcome or "it has not ended") if (trial.outcome or "") in _WITHOUT else "none was recorded"
        raise NothingDrawn(f"trial {trial.index} has no curve of its errors: {why}")
    shown = {name: trial.config.get(name) for name in varying} | {"seed": trial.seed}
    return Course(
        label=f"trial {trial.index}",
        config=written_fields(shown),
        step=curves.step,
        train=curves.columns[_TRAIN],
        test=curves.columns[_TEST],
        t1=_plain(trial.t1),
        t2=_plain(trial.t2),
    )


def _plain(crossing: Crossing | None) -> dict[str, Any] | None:
    return None if crossing is None else asdict(crossing)
