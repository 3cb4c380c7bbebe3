"""The same run in several studies, or in a study that is named twice, is one row.

A run is told by its data and its configuration; what a response was held against (its thresholds, the cadence of the
plateau) must agree too. Of rows that agree under different budgets or engines the one that says most stays: a time
before a bracket, a narrow bracket before a wide one, any of them before a censored time, and a late bound before an
early one. Rows that contradict each other are not judged by what they say, which would favour one side of the law: the
one stays that is named first, the fit's own study before the others, and they are counted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from grokscale.studies.laws.rows import columns, identities
from grokscale.studies.laws.rows.responses import Observed
from grokscale.studies.vocabulary import CROSSED, INFORMATIVE, PENDING, UNREACHABLE

HELD_AGAINST: dict[str, tuple[str, ...]] = {
    "t1": ("train_threshold",),
    "t2": ("test_threshold",),
    "t2_stayed": ("test_threshold",),
    "t2_plateau": ("plateau_every",),
    "delay": ("train_threshold", "test_threshold"),
    "error_plateau": ("plateau_every",),
}
"""Response to the fields of the budget that decide what it is."""


@dataclass(frozen=True, slots=True)
class Once:
    """Rows of which each run has one.

    Attributes:
        kept: which rows stay, shape (rows,).
        contradictions: rows that said something else than the one that stays.
    """

    kept: NDArray[np.bool_]
    contradictions: int

    @property
    def dropped(self) -> int:
        """Rows of runs that have another row."""
        return int((~self.kept).sum())


def once(table: pa.Table, observed: Observed, held_against: NDArray[np.intp]) -> Once:
    """Choose one row a run.

    Args:
        table: trials of several studies, the fit's own first.
        observed: the response of every trial.
        held_against: number of what it was held against, shape (rows,).
    """
    run = identities.numbered(table, "data_id", *(name for name in columns.fields(table) if name != columns.STUDY))
    run = np.unique(np.stack([run, held_against], axis=1), axis=0, return_inverse=True)[1].reshape(-1)
    steps = columns.floats(table, "steps")
    kept, contradictions = np.ones(len(table), dtype=bool), 0
    stays: dict[int, int] = {}
    for row in np.flatnonzero(np.bincount(run)[run] > 1).tolist():
        first = stays.setdefault(int(run[row]), row)
        if first == row:
            continue
        contradicts = _contradict(observed, first, row)
        contradictions += contradicts
        better = not contradicts and _says(observed, steps, row) > _says(observed, steps, first)
        kept[first if better else row] = False
        stays[int(run[row])] = row if better else first
    return Once(kept, contradictions)


def _contradict(observed: Observed, one: int, other: int) -> bool:
    """Whether no run can be what both rows say."""
    words = {observed.words[one], observed.words[other]}
    if not words <= set(INFORMATIVE):
        # a certificate says that it never crosses
        return "infeasible" in words and bool(words & {*CROSSED})
    lower = max(observed.lower[one], observed.lower[other])
    upper = min(observed.upper[one], observed.upper[other])
    # a bracket is open at its lower end
    brackets = [row for row in (one, other) if observed.lower[row] < observed.upper[row]]
    return bool(lower > upper or any(observed.lower[row] >= upper for row in brackets))


def _says(observed: Observed, steps: NDArray[np.float64], row: int) -> tuple[float, float, float]:
    """Return how much a row says of its response: the more, the larger."""
    word, ran = observed.words[row], float(np.nan_to_num(steps[row]))
    if word in CROSSED:
        return 3.0, -float(observed.upper[row] - observed.lower[row]), ran
    if word in UNREACHABLE:
        return 2.0, float(word == "infeasible"), ran
    if word == "right":
        return 1.0, float(observed.lower[row]), ran
    return 0.0, float(word not in (PENDING, "failed", "cancelled")), ran
