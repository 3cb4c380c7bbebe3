"""When each trial was looked at, so that a time drawn by a bootstrap can be censored as its own was.

A row seen to the step was looked at at every step up to its limit. One known to a bracket was looked at at the ends of
that bracket, and before and after in the same ratio: looks are as far apart as the time grows, whether errors are
evaluated on a logarithmic grid or a surrogate's uncertainty goes with its time. A bracket that begins at t = 0 says how
far apart looks are in steps. A row seen at its first look, or at none, is looked at between as the others are.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from grokscale.studies.laws.exponentials import LARGEST
from grokscale.studies.laws.likelihood.noise import Floats
from grokscale.studies.laws.likelihood.sample import Sample


@dataclass(frozen=True, slots=True)
class Looks:
    """When each row was looked at, in log t, columns of shape (rows,).

    Attributes:
        first: the first look of a row that had come by then, -inf: a look before any time that can be drawn.
        one: a look, from which the others are counted.
        apart: distance of looks, 0: at every step; inf: as many steps apart as `one` is from 0.
        last: the last look.
    """

    first: Floats
    one: Floats
    apart: Floats
    last: Floats

    @classmethod
    def of(cls, sample: Sample, limit: Floats) -> Looks:
        """Return how rows were looked at.

        Args:
            sample: the rows.
            limit: log t at which each would have been given up, inf where nothing bounds it, shape (rows,).
        """
        lower, upper = sample.lower, sample.upper
        open_above, open_below = np.isposinf(upper), np.isneginf(lower)
        widths = (upper - lower)[sample.crossed]
        usual = float(np.median(widths)) if widths.size else 0.0
        return cls(
            first=np.where(open_below, upper, -np.inf),
            one=np.where(open_above, lower, upper),
            apart=np.where(open_above | (open_below & (upper <= 0)), usual, upper - lower),
            last=np.where(open_above, lower, np.maximum(limit, upper)),
        )

    def only(self, chosen: NDArray[np.bool_]) -> Looks:
        """Return those of some rows."""
        return Looks(*(getattr(self, each.name)[chosen] for each in fields(self)))

    def see(self, t: Floats) -> tuple[Floats, Floats]:
        """Return what is seen of times, shape (rows,): the ends of log t, as in `Sample`."""
        lower, upper = t.copy(), t.copy()
        even = (self.apart > 0) & np.isfinite(self.apart)
        k = np.ceil((t - self.one)[even] / self.apart[even])
        upper[even] = self.one[even] + k * self.apart[even]
        lower[even] = upper[even] - self.apart[even]
        steps = np.isposinf(self.apart)
        k = np.ceil(np.exp(np.clip((t - self.one)[steps], -LARGEST, LARGEST)))
        with np.errstate(divide="ignore"):
            lower[steps], upper[steps] = self.one[steps] + np.log(k - 1), self.one[steps] + np.log(k)
        early, late = t <= self.first, t > self.last
        lower = np.where(early, -np.inf, np.where(late, self.last, np.maximum(lower, self.first)))
        return lower, np.where(early, self.first, np.where(late, np.inf, np.minimum(upper, self.last)))
