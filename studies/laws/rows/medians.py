"""A response of each configuration: the median over its seeds, and the range.

A seed whose trial ended without the response (never crossed, diverged, failed, ...) counts as later, or worse, than
any that has it. So a configuration has a median where more than half of its seeds have the response, and one that
gets there only now and then has none. Seeds whose data are uninformative, and cancelled ones,
say nothing of the configuration and are left out.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from grokscale.studies.laws.likelihood.noise import Floats
from grokscale.studies.laws.rows import columns
from grokscale.studies.laws.rows.responses import observe
from grokscale.studies.vocabulary import CROSSED, PENDING

Censored = Literal["unreached", "late"]

_SILENT = ("uninformative", "cancelled")
LATE = 2.0
"""A right-censored time counts as so many times its lower bound where a number is needed: after every time that was
seen within the same budget, and those that ran on longer after those that ran less."""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A response by configuration, columns of shape (configurations,).

    Attributes:
        numbers: of the configurations, ascending.
        median: of the response's logarithm; inf where there is none, and where it is not known yet.
        low, high: least and greatest logarithm over the seeds; inf where a seed has none.
        reached: seeds that have the response.
        seeds: seeds that say something.
        pending: seeds whose trials have not ended.
        words: why there is no median, empty where there is one: the word of most of the seeds without the response.
    """

    numbers: NDArray[np.int64]
    median: Floats
    low: Floats
    high: Floats
    reached: NDArray[np.int64]
    seeds: NDArray[np.int64]
    pending: NDArray[np.int64]
    words: tuple[str, ...]


def aggregate(table: pa.Table, response: str, censored: Censored = "unreached") -> Aggregate:
    """Return a response by configuration.

    Args:
        table: a study's trials.
        response: one of the laws' responses. Of a time known as an interval the upper end counts.
        censored: what a right-censored time, or that of a pruned trial, counts as: no time, or a late one (see `LATE`).
    """
    numbers, of = np.unique(columns.floats(table, "configuration").astype(np.int64), return_inverse=True)
    observed = observe(table, response, None)
    words = observed.words.copy()
    words[columns.words(table, "outcome") == ""] = PENDING
    logs = np.full(len(words), np.inf)
    pruned = words == "pruned"
    seen = np.isin(words, CROSSED) | (pruned & np.isfinite(observed.upper))
    logs[seen] = observed.upper[seen]
    if censored == "late":
        late = (words == "right") | (pruned & ~seen & np.isfinite(observed.lower))
        logs[late] = observed.lower[late] + np.log(LATE)
    counts = np.bincount(of, minlength=len(numbers))
    ends = np.cumsum(counts)
    by_configuration = np.argsort(of, kind="stable")
    rows = [_one(logs[some], words[some]) for some in np.split(by_configuration, ends[:-1])] if len(numbers) else []
    median, low, high, reached, seeds, pending, why = zip(*rows, strict=True) if rows else ((),) * 7
    return Aggregate(
        numbers,
        np.array(median, dtype=float),
        np.array(low, dtype=float),
        np.array(high, dtype=float),
        np.array(reached, dtype=np.int64),
        np.array(seeds, dtype=np.int64),
        np.array(pending, dtype=np.int64),
        tuple(why),
    )


def _one(logs: Floats, words: columns.Words) -> tuple[float, float, float, int, int, int, str]:
    said = ~np.isin(words, _SILENT)
    pending = int((words == PENDING).sum())
    logs = logs[said]
    reached, seeds = int(np.isfinite(logs).sum()), len(logs)
    if pending:
        return np.inf, np.inf, np.inf, reached, seeds, pending, PENDING
    if not seeds:
        return np.inf, np.inf, np.inf, 0, 0, 0, str(words[0])
    # not np.median: the mean of a number and infinity is none, and two infinities make a warning
    median = _middle(np.sort(logs))
    why = "" if np.isfinite(median) else _most_common(words[said][~np.isfinite(logs)])
    return median, float(logs.min()), float(logs.max()), reached, seeds, 0, why


def _middle(ordered: Floats) -> float:
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return float(high) if np.isinf(high) else float((low + high) / 2)


def _most_common(words: columns.Words) -> str:
    counts = Counter(words.tolist())
    return max(sorted(counts), key=lambda word: counts[word])
