"""Crossings of all trials as columns, read from the table or from a rung of the ladder, or derived."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from grokscale.studies.laws.errors import UnknownName
from grokscale.studies.laws.likelihood.noise import Floats
from grokscale.studies.laws.rows import columns
from grokscale.studies.laws.rows.columns import Words
from grokscale.studies.vocabulary import CROSSED, UNREACHABLE


@dataclass(frozen=True, slots=True)
class Crossings:
    """A crossing a trial, in steps within `(lower, upper]`.

    Every column has shape (rows,), with nan and the empty word where a trial has no crossing.
    """

    step: Floats
    lower: Floats
    upper: Floats
    words: Words
    stayed: Floats

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Rows that have crossed."""
        return np.isin(self.words, CROSSED)


def of_column(table: pa.Table, name: str) -> Crossings:
    """Read the columns `{name}_step`, `_lower`, `_upper`, `_censoring` and, but for the delay, `_stayed`."""
    step, lower, upper = (columns.floats(table, f"{name}_{part}") for part in ("step", "lower", "upper"))
    stayed = step if name == "delay" else columns.floats(table, f"{name}_stayed")
    return Crossings(step, lower, upper, columns.words(table, f"{name}_censoring"), stayed)


def of_rung(table: pa.Table, threshold: float, name: str) -> Crossings:
    """Read the crossing `t1` or `t2` of the ladder's rung at a threshold.

    Raises:
        UnknownName: no trial has a rung at this threshold.
    """
    ladders = [json.loads(text) if text else {} for text in columns.words(table, "ladder")]
    rungs = sorted({rung for ladder in ladders for rung in ladder}, key=float, reverse=True)
    key = next((rung for rung in rungs if float(rung) == threshold), None)
    if key is None:
        raise UnknownName(repr(threshold), rungs, "threshold")
    return _of_documents((ladder.get(key) or {}).get(name) for ladder in ladders)


def either(chosen: NDArray[np.bool_], first: Crossings, second: Crossings) -> Crossings:
    """Return the first where `chosen`, else the second."""
    parts = [np.where(chosen, getattr(first, name), getattr(second, name)) for name in Crossings.__slots__]
    return Crossings(*parts)


def none(rows: int) -> Crossings:
    """Return trials that have no crossing."""
    nothing = np.full(rows, np.nan)
    return Crossings(nothing, nothing, nothing, columns.objects([""] * rows), nothing)


def of_values(values: Floats) -> Crossings:
    """Return uncensored values as exact crossings; nan: absent."""
    return Crossings(values, values, values, np.where(np.isnan(values), "", "exact").astype(object), values)


def last(first: Crossings, end: Floats) -> Crossings:
    """Return the step from which each trial never rose above the threshold again, judged by its run up to `end`.

    A trial that was above it when its run ended is right-censored there.
    """
    above_at_end = first.seen & np.isnan(first.stayed)
    # an interval row's bracket is that of the first crossing: it holds for the last where they are one
    same = first.stayed == first.upper
    moved = first.seen & ~above_at_end & ~same
    return Crossings(
        step=np.where(moved, first.stayed, np.where(above_at_end, np.nan, first.step)),
        lower=np.where(above_at_end, end, first.lower),
        upper=np.where(above_at_end, np.nan, np.where(moved, first.stayed, first.upper)),
        words=np.where(above_at_end, "right", np.where(moved, "exact", first.words)),
        stayed=first.stayed,
    )


def delay_of_column(table: pa.Table) -> Crossings:
    """Read the delay; where it is null, t1 and t2 say why: t2 unreachable, t1 not before t2, or t1 missing."""
    delay, t1, t2 = of_column(table, "delay"), of_column(table, "t1"), of_column(table, "t2")
    absent = delay.words == ""
    words = np.where(absent & np.isin(t2.words, UNREACHABLE), t2.words, delay.words)
    words[absent & t2.seen & (t1.lower >= t2.upper)] = "nonpositive"
    return positive(replace(delay, words=words))


def delay_of_rung(table: pa.Table, threshold: float) -> Crossings:
    """Return t2 - t1 at a rung of the ladder, as an interval."""
    t1, t2 = of_rung(table, threshold, "t1"), of_rung(table, threshold, "t2")
    step = t2.step - t1.step
    words = np.where(t2.seen, np.where(np.isnan(step), "interval", "exact"), t2.words)
    words = np.where(t1.seen | np.isin(t2.words, UNREACHABLE), words, "")
    return positive(Crossings(step, t2.lower - t1.upper, t2.upper - t1.lower, words, step))


def positive(values: Crossings) -> Crossings:
    """Mark the rows without a logarithm: their values are certainly not above 0."""
    words = values.words.copy()
    words[((words == "exact") & (values.step <= 0)) | ((words == "interval") & (values.upper <= 0))] = "nonpositive"
    return replace(values, words=words)


def _of_documents(documents: Iterable[Mapping[str, Any] | None]) -> Crossings:
    rows = [document or {} for document in documents]
    step, lower, upper, stayed = (
        np.array([row.get(part) for row in rows], dtype=float) for part in ("step", "lower", "upper", "stayed")
    )
    return Crossings(step, lower, upper, columns.objects(row.get("censoring") or "" for row in rows), stayed)
