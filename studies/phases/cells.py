"""The cells of a phase diagram: what came of the trials of every pair of values."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from grokscale.studies.laws.rows.columns import Words
from grokscale.studies.phases.axes import Axis
from grokscale.studies.phases.wilson import wilson
from grokscale.studies.vocabulary import RESULTS


def cells(
    x: Axis, y: Axis | None, outcomes: Words, draw: NDArray[np.intp], stream: NDArray[np.intp], outcome: str
) -> list[dict[str, Any]]:
    """Return the cells in order of y, then x.

    Args:
        x: an axis, values of shape (rows,).
        y: the other one.
        outcomes: of each row, empty where it has not ended, shape (rows,).
        draw: of each row, shape (rows,).
        stream: of each row, shape (rows,).
        outcome: the word asked for, shown in every cell beside those that occur.
    """
    ys = np.zeros(len(x.values)) if y is None else y.values
    placed = np.flatnonzero(~np.isnan(x.values) & ~np.isnan(ys))
    places, member = np.unique(np.stack([ys[placed], x.values[placed]], axis=1), axis=0, return_inverse=True)
    words, word = np.unique(outcomes[placed].astype(str), return_inverse=True)
    table = np.zeros((len(places), len(words)), dtype=int)
    np.add.at(table, (member.reshape(-1), word.reshape(-1)), 1)
    result = np.isin(outcomes[placed].astype(str), RESULTS)
    distinct = []
    for cluster in (draw, stream):
        pairs = np.unique(np.stack([member.reshape(-1)[result], cluster[placed][result]], axis=1), axis=0)
        distinct.append(np.bincount(pairs[:, 0], minlength=len(places)).tolist())
    shown = [name for name in RESULTS if name in words.tolist() or name == outcome]
    return [
        _cell(x, y, place, dict(zip(words.tolist(), row, strict=True)), counts, shown)
        for place, row, *counts in zip(places.tolist(), table.tolist(), *distinct, strict=True)
    ]


def _cell(
    x: Axis, y: Axis | None, place: list[float], found: dict[str, int], distinct: list[int], shown: list[str]
) -> dict[str, Any]:
    n = sum(found.get(word, 0) for word in RESULTS)
    return {
        "x": x.plain(place[1]),
        "y": None if y is None else y.plain(place[0]),
        "n": n,
        "draws": distinct[0],
        "streams": distinct[1],
        "pending": found.get("", 0),
        "counts": {word: count for word, count in found.items() if word and count},
        "fractions": {word: _fraction(found.get(word, 0), n) for word in shown},
    }


def _fraction(successes: int, n: int) -> dict[str, Any]:
    if n == 0:
        return {"value": None, "ci95": None, "reason": "no trial has ended with a result"}
    return {"value": successes / n, "ci95": list(wilson(successes, n))}
