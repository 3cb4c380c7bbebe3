"""Why trials have no response, counted by reason, in words."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from grokscale.studies.laws.rows.sorting import Rows

_SAID = {
    "infeasible": "certified never to reach the threshold (infeasible)",
    "stalled": "settled above the threshold (stalled)",
    "diverged": "diverged",
    "pruned": "pruned",
    "failed": "failed",
    "cancelled": "cancelled",
    "uninformative": "with uninformative data",
    "pending": "not ended yet",
    "missing": "ended without one",
    "nonpositive": "not above 0",
    "unended": "still running and not there yet",
    "right": "ended before it (right-censored)",
    "left": "there at the first look (left-censored)",
    "without": "without a value above 0 of a predictor",
}


def left_out(rows: Rows, chosen: NDArray[np.bool_] | None = None) -> str:
    """Return what became of trials none of which has a crossing that counts: `60 failed, 30 cancelled`.

    Args:
        rows: all trials.
        chosen: some of them, shape (rows,); None: all.
    """
    words = rows.observed.words.copy()
    inside = rows.observed.inside
    words[rows.observed.unended] = "unended"
    words[inside & ~np.isfinite(rows.x).all(axis=1)] = "without"
    counts = Counter(words[np.ones(len(words), dtype=bool) if chosen is None else chosen].tolist())
    said = [f"{counts[word]} {_SAID.get(word, _SAID['left'])}" for word in sorted(counts, key=lambda w: -counts[w])]
    return ", ".join(said)
