"""The crossings of a table of runs, in steps: what its columns say, held against itself.

A time that is exact in another unit is a bracket in steps: epoch 7 of 391 steps each is (2346, 2737].
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np

from grokscale.studies.imports.cells import Cells, Floats, Rows, Words
from grokscale.studies.imports.outcomes import ENDED_WITHOUT
from grokscale.trainers.trial import Censoring, Crossing

MOST_STEPS = 10**15
"""Of a run: all whole numbers up to here are floats too."""
CENSORED: tuple[str, ...] = get_args(Censoring)
UNCROSSED = ("right", "infeasible", "stalled")
_SEEN = ("exact", "interval", "left")
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Units:
    """How times become steps.

    Attributes:
        steps: in one unit.
    """

    steps: float

    @property
    def whole(self) -> bool:
        """Whether a time is a whole number: one in steps is."""
        return self.steps == 1

    def down(self, times: Floats) -> Floats:
        """Return the last whole step at or before each time; what lies before the start stays -1."""
        return np.where(times < 0, -1.0, np.floor(self._exactly(times)))

    def up(self, times: Floats) -> Floats:
        """Return the first whole step at or after each time."""
        return np.ceil(self._exactly(times))

    def _exactly(self, times: Floats) -> Floats:
        steps = times * self.steps
        near = np.round(steps)
        return np.where(np.abs(steps - near) <= _ROUNDING * np.maximum(1.0, np.abs(near)), near, steps)


@dataclass(frozen=True, slots=True)
class Times:
    """A crossing a run, in steps within `(lower, upper]`: columns of shape (rows,), nan and the empty word for none.

    `words` are those of `trainers.trial.Censoring`; of a run that ended without it, also what became of it.
    """

    step: Floats
    lower: Floats
    upper: Floats
    words: Words
    stayed: Floats

    def crossings(self) -> list[Crossing | None]:
        """Return that of every row."""
        parts = (part.tolist() for part in (self.step, self.lower, self.upper, self.words, self.stayed))
        return [_crossing(*row) if row[3] in CENSORED else None for row in zip(*parts, strict=True)]

    @property
    def known(self) -> Floats:
        """The last step that each run is known to have come to by this crossing, shape (rows,); nan: none."""
        return np.fmax(self.upper, self.lower)


def read(cells: Cells, name: str, units: Units, steps: Floats, ended_without: Rows) -> Times:
    """Read the columns `{name}_step`, `_lower`, `_upper`, `_censoring` and `_stayed`, as many as there are.

    Args:
        cells: the table.
        name: of the crossing.
        units: of its times.
        steps: that each run took, in units; nan where that is not known.
        ended_without: runs that are said to have ended without a result: their cells may be missing.
    """
    part = {one: f"{name}_{one}" for one in ("step", "lower", "upper", "censoring", "stayed")}
    words = cells.words(part["censoring"], (*CENSORED, *(ENDED_WITHOUT if name == "t2" else ())))
    most = MOST_STEPS / units.steps
    step, upper, stayed = (cells.within(part[one], 0, most, whole=units.whole) for one in ("step", "upper", "stayed"))
    lower = cells.within(part["lower"], -1, most, whole=units.whole)
    given = Times(step, lower, upper, words, stayed)
    on = steps if part["censoring"] not in cells.names else np.full(cells.rows, np.nan)
    given = _completed(given, steps, np.where(ended_without, np.nan, on))
    _check(cells, given, part, name, ended_without)
    made = _in_steps(given, units)
    return made if part["stayed"] in cells.names else replace(made, stayed=made.upper)


def _completed(given: Times, steps: Floats, on: Floats) -> Times:
    """Fill in what the other cells of a row say: a step alone is exact, and a run without one went on until `on`."""
    words, lower, upper = given.words.copy(), given.lower.copy(), given.upper.copy()
    words[(words == "") & np.isfinite(given.step)] = "exact"
    nothing = (words == "") & np.isnan(lower) & np.isnan(upper)
    words[nothing & np.isfinite(on)] = "right"
    ends = np.isin(words, ("exact", "left"))
    upper[ends & np.isnan(upper)] = given.step[ends & np.isnan(upper)]
    words[(words == "exact") & (upper == 0)] = "left"
    exact, left = words == "exact", words == "left"
    lower[exact & np.isnan(lower)] = upper[exact & np.isnan(lower)] - 1
    lower[left & np.isnan(lower)] = -1
    without = np.isin(words, UNCROSSED) & np.isnan(lower)
    lower[without] = steps[without]
    return Times(given.step, lower, upper, words, given.stayed)


def _check(cells: Cells, given: Times, part: dict[str, str], name: str, ended_without: Rows) -> None:
    """Note what is missing, and what contradicts itself."""
    words, lower, upper, step = given.words, given.lower, given.upper, given.step
    seen, uncrossed = np.isin(words, _SEEN), np.isin(words, UNCROSSED)
    unsaid = (words == "") & (np.isfinite(lower) | np.isfinite(upper))
    if name == "t2":
        unsaid |= (words == "") & ~ended_without
    accepted = ", ".join((*CENSORED, *(ENDED_WITHOUT if name == "t2" else ())))
    if part["censoring"] in cells.names:
        cells.refuse(unsaid, part["censoring"], f"{{}}; accepted: {accepted}")
    else:
        says = "accepted: the time, or steps, how long the run went on without it"
        cells.refuse(unsaid, part["step"], f"{{}}, and steps is too; {says}")
    for rows, column, message in (
        (seen & np.isnan(upper), "upper", "{}, and the run is said to have crossed; accepted: the time"),
        ((words == "interval") & np.isnan(lower), "lower", "{}; accepted: the last time at which it had not crossed"),
        (uncrossed & np.isnan(lower), "lower", "{}; accepted: the last time at which it had not crossed, or steps"),
        (seen & (lower >= upper), "lower", "{} is not before the upper end; accepted: (lower, upper]"),
        ((words == "exact") & (upper - lower > 1), "lower", "{} is more than 1 before an exact time; use interval"),
        (
            seen & ~np.isin(words, ("interval",)) & (step != upper) & np.isfinite(step),
            "step",
            "{} is not the upper end",
        ),
        ((words == "interval") & np.isfinite(step), "step", "{} is said of an interval; accepted: nothing"),
        (~seen & np.isfinite(step) & (words != ""), "step", "{}, but the run is said not to have crossed"),
        (~seen & np.isfinite(upper) & (words != ""), "upper", "{}, but the run is said not to have crossed"),
        (seen & (given.stayed < upper), "stayed", "{} is before the crossing"),
        (~seen & np.isfinite(given.stayed), "stayed", "{}, but the run is said not to have crossed"),
    ):
        cells.refuse(rows, part[column], message)


def _in_steps(given: Times, units: Units) -> Times:
    lower, upper = units.down(given.lower), units.up(given.upper)
    words = given.words.copy()
    if not units.whole:
        bracket = np.isin(words, ("exact", "interval"))
        words[bracket] = np.where((upper - lower)[bracket] <= 1, "exact", "interval")
    exact = (words == "exact") | ((words == "left") & (upper == 0))
    return Times(np.where(exact, upper, np.nan), lower, upper, words, units.up(given.stayed))


def _crossing(step: float, lower: float, upper: float, word: Censoring, stayed: float) -> Crossing:
    at, after, by, kept = (None if math.isnan(time) else int(time) for time in (step, lower, upper, stayed))
    return Crossing(at, -1 if after is None else after, by, word, kept)  # without a lower end where it is refused


def last_known(times: Iterable[Times], rows: int) -> Floats:
    """Return the last step that each run is known to have come to, shape (rows,); 0 where none is."""
    known = np.zeros(rows)
    for one in times:
        known = np.fmax(known, one.known)
    return known
