"""What theory predicts and what was measured, side by side: one row a trial, every row either compared or counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from grokscale.studies import roles
from grokscale.studies.laws.likelihood.noise import Floats
from grokscale.studies.laws.rows import columns
from grokscale.studies.laws.rows.columns import Words
from grokscale.studies.laws.rows.responses import observe
from grokscale.studies.vocabulary import INFORMATIVE, PENDING

Reasons = Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Pair:
    """One comparison, arrays of shape (rows,).

    Attributes:
        measured, predicted: names of the response and of the column.
        lower, upper: ends of log(measured / predicted), nan where it is not compared.
        words: `exact`, `interval`, `left`, `right` (these are compared), or why not: `unpredicted`,
            `predicted_nonpositive`, `pending`, `infeasible`, `stalled`, `diverged`, `failed`, `cancelled`,
            `uninformative`, `nonpositive`, `missing`.
        reasons: why a row has no prediction, empty where it has one.
        draw, stream: of each row.
    """

    measured: str
    predicted: str
    lower: Floats
    upper: Floats
    words: Words
    reasons: Words
    draw: NDArray[np.intp]
    stream: NDArray[np.intp]

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Rows that are compared."""
        return np.isin(self.words, INFORMATIVE)

    def compared(self, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the compared rows among some, all by number."""
        return rows[np.isin(self.words[rows], INFORMATIVE)]


def pair(
    table: pa.Table,
    measured: str,
    predicted: str,
    reasons: Reasons,
    draw: NDArray[np.intp],
    stream: NDArray[np.intp],
) -> Pair:
    """Set a prediction beside what was measured.

    Args:
        table: a study's trials.
        measured: the response.
        predicted: the theory column.
        reasons: of each row, theory column to why it is null.
        draw: of each row, shape (rows,).
        stream: of each row, shape (rows,).
    """
    observed = observe(table, measured, None)
    theory = columns.floats(table, predicted) if predicted in table.column_names else np.full(len(table), np.nan)
    ended = columns.words(table, "outcome") != ""
    words = np.where(observed.inside & (observed.lower == observed.upper), "exact", observed.words).astype(object)
    comparable = np.isin(words, INFORMATIVE)
    words[~ended] = PENDING
    words[comparable & ended & (theory <= 0)] = "predicted_nonpositive"
    trained = ended & ~np.isin(words, ("failed", "cancelled", "uninformative", "diverged", "pruned"))
    missing = trained & np.isnan(theory)
    words[missing] = "unpredicted"
    compared = np.isin(words, INFORMATIVE)
    logs = np.log(np.where(compared, theory, 1.0))
    told = [reason.get(predicted) or _UNKNOWN if none else "" for reason, none in zip(reasons, missing, strict=True)]
    return Pair(
        measured=measured,
        predicted=predicted,
        lower=np.where(compared, observed.lower - logs, np.nan),
        upper=np.where(compared, observed.upper - logs, np.nan),
        words=words,
        reasons=columns.objects(told),
        draw=draw,
        stream=stream,
    )


_UNKNOWN = "this task has no such prediction, or its reason was not given"


def measured_rows(table: pa.Table) -> list[dict[str, Any]]:
    """Return every measured value beside its first prediction, seen to the step: `{trial, seed, quantity, ...}`.

    Args:
        table: a study's trials.

    Returns:
        Rows with `predicted`, `measured` and their `ratio`.
    """
    none: list[dict[str, str]] = [{}] * len(table)
    anyone = np.zeros(len(table), dtype=np.intp)
    trials, seeds = table.column("index").to_pylist(), table.column("seed").to_pylist()
    found = []
    seen: set[str] = set()
    for name, measured, predicted in roles.of(table).comparisons():
        if measured in seen:
            continue
        seen.add(measured)
        one = pair(table, measured, predicted, none, anyone, anyone)
        exact = np.flatnonzero(one.words == "exact")
        values = columns.floats(table, one.predicted)[exact] if exact.size else []
        for i, value in zip(exact, values, strict=True):
            ratio = float(np.exp(one.lower[i]))
            found.append(
                {
                    "trial": trials[i],
                    "seed": seeds[i],
                    "quantity": name,
                    "predicted": float(value),
                    "measured": float(value) * ratio,
                    "ratio": ratio,
                }
            )
    return found
