"""What an imported table says of each run itself: its crossings, its outcome, its errors, in steps."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np

from grokscale.studies.imports import ladders, outcomes, times
from grokscale.studies.imports.cells import Cells, Floats
from grokscale.studies.imports.times import MOST_STEPS, Times, Units
from grokscale.studies.vocabulary import CROSSINGS, ERRORS_AT
from grokscale.trainers.ladder import NoDelay, delay
from grokscale.trainers.trial import Obtained

_MOST_SEED = 2**32 - 1
_DELAY_PARTS = ("step", "lower", "upper", "censoring")


class Runs:
    """The runs of a table, columns of shape (rows,); cells that are refused are noted.

    Attributes:
        seed: of the run.
        steps: that it took: as stated, else the last that its crossings tell of.
        limit: steps after which it was given up, nan where the table does not say so.
        outcome: its word.
    """

    def __init__(self, cells: Cells, units: Units) -> None:
        self.cells, self.units = cells, units
        self.seed = cells.within("seed", 0, _MOST_SEED, whole=True)
        if cells.has("seed"):
            cells.refuse(~cells.column("seed").is_valid().to_numpy(), "seed", "{}; accepted: a whole number")
        most = MOST_STEPS / units.steps
        took = cells.within("steps", 0, most, whole=units.whole)
        said = outcomes.stated(cells)
        ended = np.isin(said, outcomes.ENDED_WITHOUT)
        self.crossings = {name: times.read(cells, name, units, took, ended) for name in CROSSINGS}
        t1, t2 = self.crossings["t1"], self.crossings["t2"]
        self.outcome = outcomes.agreed(cells, said, t2.words, t1.words)
        known = times.last_known(self.crossings.values(), cells.rows)
        self.steps = np.where(np.isnan(took), known, units.up(took))
        self.limit = units.up(cells.within("limit", 1 / units.steps, most, whole=units.whole))
        self.ladder = ladders.read(cells, units)
        self.errors = self._errors()

    def columns(self) -> dict[str, Any]:
        """Return the flat columns."""
        obtained = self.cells.words("obtained", get_args(Obtained))
        made: dict[str, Any] = {"seed": self.seed, "outcome": self.outcome, "steps": self.steps}
        made |= {"obtained": obtained, "looks": self.cells.texts("looks")}
        for name, read in self.crossings.items():
            one = _stored(read)
            made |= {f"{name}_{part}": getattr(one, part) for part in ("step", "lower", "upper", "stayed")}
            made[f"{name}_censoring"] = one.words
        made |= self._delays() | self.errors
        made |= {"ladder": self.ladder, "host": self.cells.texts("host")}
        return made | {"seconds": self.cells.numbers("seconds")}

    def _delays(self) -> dict[str, list[Any]]:
        t1, t2 = _stored(self.crossings["t1"]), _stored(self.crossings["t2"])
        found = [delay(one, other) for one, other in zip(t1.crossings(), t2.crossings(), strict=True)]
        lags = [None if isinstance(one, NoDelay) else one for one in found]
        reasons = [one.reason if isinstance(one, NoDelay) else None for one in found]
        parts = {f"delay_{part}": [lag and getattr(lag, part) for lag in lags] for part in _DELAY_PARTS}
        return parts | {"delay_reason": reasons}

    def _errors(self) -> dict[str, Floats]:
        """Return the errors with their steps: where an error is without one, that of the crossing or of the end."""
        made: dict[str, Floats] = {}
        most = MOST_STEPS / self.units.steps
        for name in ERRORS_AT:
            error = self.cells.numbers(f"error_{name}")
            step = self.units.up(self.cells.within(f"error_{name}_step", 0, most, whole=self.units.whole))
            there = self.crossings[name].upper if name in ("t1", "t2") else self.steps
            step = np.where(np.isnan(step), np.where(np.isnan(there), self.steps, there), step)
            made |= {f"error_{name}": error, f"error_{name}_step": np.where(np.isnan(error), np.nan, step)}
        return made


def _stored(one: Times) -> Times:
    """Return a crossing without the words that are an outcome's: a pruned run's was still to come."""
    without = np.isin(one.words, outcomes.ENDED_WITHOUT)
    pruned = (one.words == "pruned") & np.isfinite(one.lower)
    words = np.where(pruned, "right", np.where(without, "", one.words)).astype(object)
    return Times(one.step, np.where(without & ~pruned, np.nan, one.lower), one.upper, words, one.stayed)
