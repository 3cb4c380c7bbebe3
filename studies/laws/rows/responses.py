"""The response of each trial as an interval of its logarithm, with a word for its kind of censoring.

Every row enters as what is known about it, or is counted under the word that keeps it out. An exact time enters as
log t. t = 0 is (-1, 0] and has no logarithm: such a row says that t + 1 is at most 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from grokscale.studies import roles
from grokscale.studies.flat_table import MEASURES
from grokscale.studies.laws.errors import NotApplicable, UnknownName
from grokscale.studies.laws.likelihood.noise import Floats
from grokscale.studies.laws.rows import columns, crossings
from grokscale.studies.laws.rows.columns import Words
from grokscale.studies.laws.rows.crossings import Crossings
from grokscale.studies.vocabulary import INFORMATIVE, RESPONSES
from grokscale.trainers.schedule import end_after, latest_t2

_ENDED_WITHOUT = {
    "diverged": "diverged",
    "pruned": "pruned",
    "failed": "failed",
    "cancelled": "cancelled",
    "uninformative_data": "uninformative",
}
_SHORTEST = 20
"""Steps below which rounding up to whole steps moves log t by more than 5 %."""


@dataclass(frozen=True, slots=True)
class Observed:
    """A response, one row a trial, columns of shape (rows,).

    Attributes:
        lower, upper: ends of the response's logarithm; equal where it was seen to the step; nan outside the likelihood,
            but for what is known of a pruned trial's.
        words: `exact`, `interval`, `left`, `right` (these enter the likelihood), `infeasible`, `stalled`, `diverged`,
            `pruned`, `failed`, `cancelled`, `uninformative`, `pending` (has not ended, nothing known), `nonpositive`
            (no logarithm), `missing` (ended without this response).
        unended: `right` rows of trials that are still running.
        limit: logarithm of the time up to which the response would have been seen; inf: any time.
        remarks: what a reader should know of the rows.
    """

    lower: Floats
    upper: Floats
    words: Words
    unended: NDArray[np.bool_]
    limit: Floats
    remarks: tuple[str, ...]

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Rows of the likelihood."""
        return np.isin(self.words, INFORMATIVE)


@dataclass(frozen=True, slots=True)
class _Response:
    """How a response is read.

    Attributes:
        read: from the table's columns.
        rung: from a rung of the ladder at a threshold; None: the ladder does not have it.
        ends: under `stop: after_t2` it ends a trial, so that a running one has not reached it yet.
        first: a first crossing, after which the error may rise again.
        watched: the time up to which it would have been seen, shape (rows,), nan where that is not known.
        own: columns of the study's thresholds that it is a crossing of.
    """

    read: Callable[[pa.Table], Crossings]
    rung: Callable[[pa.Table, float], Crossings] | None = None
    ends: bool = False
    first: bool = False
    watched: Callable[[pa.Table], Floats] = lambda table: np.full(len(table), np.nan)
    own: tuple[str, ...] = ()


def _given_up(table: pa.Table) -> Floats:
    return columns.floats_if_any(table, columns.LIMIT)


def _ended(table: pa.Table) -> Floats:
    # what does not end a trial is seen until something else ends it
    return columns.floats(table, "steps")


def _crossing(name: Literal["t1", "t2"], *, ends: bool) -> _Response:
    return _Response(
        lambda table: crossings.of_column(table, name),
        lambda table, at: crossings.of_rung(table, at, name),
        ends,
        first=True,
        watched=_given_up if ends else _ended,
        own=(columns.THRESHOLD if ends else "train_threshold",),
    )


def _error(name: str) -> _Response:
    return _Response(lambda table: crossings.positive(crossings.of_values(columns.floats(table, name))))


def _last(table: pa.Table, first: Crossings) -> Crossings:
    return crossings.last(first, columns.floats(table, "steps"))


_READ: dict[str, _Response] = {
    "t1": _crossing("t1", ends=False),
    "t1_gradient": _Response(lambda table: crossings.of_column(table, "t1_gradient"), watched=_ended),
    "t2": _crossing("t2", ends=True),
    "t2_stayed": _Response(
        lambda table: _last(table, crossings.of_column(table, "t2")),
        lambda table, at: _last(table, crossings.of_rung(table, at, "t2")),
        ends=True,
        watched=_given_up,
        own=(columns.THRESHOLD,),
    ),
    "t2_plateau": _Response(lambda table: crossings.of_column(table, "t2_plateau"), watched=_ended),
    "delay": _Response(
        crossings.delay_of_column,
        crossings.delay_of_rung,
        watched=lambda table: _given_up(table) - columns.floats(table, "t1_upper"),
        own=("train_threshold", columns.THRESHOLD),
    ),
    "error_settled": _error("error_settled"),
    "error_min": _error("error_min"),
    "error_plateau": _error("error_plateau"),
}


def observe(table: pa.Table, response: str, threshold: float | None) -> Observed:
    """Read a response of every trial.

    Args:
        table: a study's trials.
        response: one of `vocabulary.RESPONSES`.
        threshold: a rung of the ladder; None: the study's own thresholds.

    Raises:
        UnknownName: no such response, or no such rung.
        NotApplicable: the response is no threshold's.
    """
    how = _READ.get(response)
    if how is None:
        raise UnknownName(response, RESPONSES, "response")
    own = np.ones(len(table), dtype=bool) if threshold is None else _own(table, how, threshold)
    read = how.read(table)
    if threshold is not None and not own.all():
        read = crossings.either(own, read, _of_rung(table, response, how, threshold, own))
    outcomes = columns.words(table, "outcome")
    running = outcomes == ""
    read = _running(table, read, running, known=how.ends and bool(own.all()))
    words = np.where(read.words == "", "missing", read.words)
    for outcome, word in _ENDED_WITHOUT.items():
        words[outcomes == outcome] = word
    remarks = tuple(_remarks(table, response, read, words == "exact", first=how.first))
    lower, upper, words = _logarithms(read, words)
    watched = np.where(own, how.watched(table), _ended(table))
    with np.errstate(divide="ignore", invalid="ignore"):
        limit = np.where(watched > 0, np.log(watched), np.inf)
    return Observed(lower, upper, words, running & (words == "right"), limit, remarks)


def _own(table: pa.Table, how: _Response, threshold: float) -> NDArray[np.bool_]:
    """Return the trials whose study has this threshold as its own: they need no rung of the ladder."""
    own = [columns.floats_if_any(table, name) == threshold for name in how.own]
    return np.all(own, axis=0) if own else np.zeros(len(table), dtype=bool)


def _of_rung(table: pa.Table, response: str, how: _Response, threshold: float, own: NDArray[np.bool_]) -> Crossings:
    if how.rung is None:
        possible = ", ".join(name for name, other in _READ.items() if other.rung)
        raise NotApplicable(f"threshold= picks a rung of {possible}; {response} has none", "threshold")
    train, test = (columns.words_if_any(table, name) for name in MEASURES)
    if ((train != "") | (test != "")).all():
        told = ", ".join(dict.fromkeys(word for word in (*train, *test) if word))
        raise NotApplicable(
            f"threshold= picks a rung of the ladder of errors, which trials held against {told} do not have",
            "threshold",
        )
    try:
        return how.rung(table, threshold)
    except UnknownName as unknown:
        if own.any():
            return crossings.none(len(table))
        studies = set(zip(*(columns.floats_if_any(table, name).tolist() for name in how.own), strict=True))
        rungs = {at[0]: f"{at[0]:g}" for at in studies if set(at) == {at[0]} and at[0] > 0}
        rungs |= {float(known): known for known in unknown.known}
        known = [rungs[value] for value in sorted(rungs, reverse=True)]
        raise UnknownName(unknown.name, known, "threshold") from None


def _running(table: pa.Table, read: Crossings, running: NDArray[np.bool_], *, known: bool) -> Crossings:
    """Censor the trials that are still running where they cannot have crossed yet; the others are pending."""
    words, lower = read.words.copy(), read.lower.copy()
    words[running] = "pending"
    steps = columns.floats(table, "steps")
    if known and _stops_after(read, steps):
        started = columns.floats(table, "started") == 1
        # one that crossed by then would have been stopped
        crossed_by = latest_t2(steps)
        censored = running & started & (crossed_by > 0)
        words[censored], lower[censored] = "right", crossed_by[censored]
    return Crossings(read.step, lower, read.upper, words, read.stayed)


def _stops_after(read: Crossings, steps: Floats) -> bool:
    """Whether every trial that crossed ended soon after: under the other stop rules a running one may have crossed."""
    return bool((steps <= end_after(read.upper))[read.seen].all())


def _logarithms(read: Crossings, words: Words) -> tuple[Floats, Floats, Words]:
    pruned = words == "pruned"
    words = np.where(pruned, read.words, words)
    exact = (words == "exact") & (read.step > 0)
    interval = (words == "interval") & (read.upper > 0)
    right = (words == "right") & (read.lower > 0)
    left = (words == "left") | (np.isin(words, ("exact", "interval")) & ~exact & ~interval)
    # a bracket of one step is a time seen to the step
    seen = exact | (interval & (read.upper - read.lower <= 1))
    lower, upper = np.full(len(words), np.nan), np.full(len(words), np.nan)
    lower[seen] = upper[seen] = np.log(np.where(exact, read.step, read.upper)[seen])
    bracket = interval & ~seen
    with np.errstate(divide="ignore"):  # one that begins at t = 0 is open below
        lower[bracket] = np.log(np.maximum(read.lower[bracket], 0))
    upper[bracket] = np.log(read.upper[bracket])
    lower[left], upper[left] = -np.inf, np.log(np.fmax(read.upper[left], 0) + 1)
    lower[right], upper[right] = np.log(read.lower[right]), np.inf
    words = np.where(left, "left", np.where((words == "right") & ~right, "missing", words))
    return lower, upper, np.where(pruned, "pruned", words)


def _remarks(
    table: pa.Table, response: str, read: Crossings, exact: NDArray[np.bool_], *, first: bool
) -> Iterator[str]:
    if returned := int((exact & ~(read.stayed <= read.step)).sum()) if first else 0:
        yield f"{returned} trials rose above the threshold again after they first crossed it (step is not stayed)"
    if response == "t1":
        t2 = columns.floats(table, "t2_step")
        if late := int((exact & (read.step > t2)).sum() + ((read.words == "right") & (t2 >= 0)).sum()):
            slow = f"the train error of the slow phase is of order {roles.of(table).strength}"
            yield f"{late} trials reach t1 only after t2, if at all: {slow}"
    if response == "t2_plateau" and (near := int((exact & (read.step > 0.9 * columns.floats(table, "steps"))).sum())):
        yield f"{near} plateaus lie in the last tenth of their run, where any decreasing curve shows one"
    if not response.startswith("error") and (short := int((exact & (read.step < _SHORTEST)).sum())):
        yield f"{short} times are below {_SHORTEST} steps: rounding up to whole steps moves their logarithms"
    if surrogate := int((columns.words(table, "obtained") == "surrogate").sum()):
        yield f"{surrogate} trials were predicted by a surrogate, not run"
