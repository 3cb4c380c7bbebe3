"""A likelihood without a maximum, and why: found out from the rows themselves, since a search cannot tell."""

from __future__ import annotations

import numpy as np
import scipy.optimize
import scipy.sparse

from studies.laws.design import means
from studies.laws.likelihood import Sample
from studies.laws.noise import Floats

BRACKETS = "the crossings are known only to brackets that one curve passes: they do not tell its scatter"
TIMES = "a curve of each draw passes all of its times: they do not tell the scatter within draws"
SEARCH = "the search for the maximum of the likelihood came to no end"
_SLACK = 1e-6
"""Part of the scatter that a linear program takes for nothing."""


class NoMaximum(Exception):
    """The likelihood has no maximum: it grows as sigma goes to 0, or is flat in some direction.

    Attributes:
        sample: the rows, where they are known.
    """

    def __init__(self, sample: Sample | None = None) -> None:
        super().__init__("the likelihood has no maximum")
        self.sample = sample

    @property
    def reason(self) -> str:
        """What of the rows leaves the likelihood without a maximum, in a sentence."""
        if self.sample is None or not curves_pass(self.sample):
            return SEARCH
        return TIMES if self.sample.exact.any() else BRACKETS


def curves_pass(sample: Sample) -> bool:
    """Return whether curves of the same slopes, one a draw, pass between the ends of every row.

    Then nothing contradicts a law without scatter.
    """
    columns, lower, upper = _about_a_line(sample)
    own = scipy.sparse.csr_matrix((np.ones(len(lower)), (np.arange(len(lower)), sample.draw)))
    rows = scipy.sparse.hstack([own, scipy.sparse.csr_matrix(columns)]).tocsr()
    above, below = np.isfinite(upper), np.isfinite(lower)
    found = scipy.optimize.linprog(
        np.zeros(rows.shape[1]),
        A_ub=scipy.sparse.vstack([rows[above], -rows[below]]),
        b_ub=np.concatenate([upper[above], -lower[below]]) + _SLACK,
        bounds=(None, None),
    )
    return found.status == 0


def _about_a_line(sample: Sample) -> tuple[Floats, Floats, Floats]:
    """Return predictors and ends about least squares within draws, in units of the scatter about it."""
    crossed, draw = sample.crossed, sample.draw[sample.crossed]
    middle = (sample.lower[crossed] + sample.upper[crossed]) / 2
    y_mean = means(middle[:, None], draw, sample.draws)[sample.draw, 0]
    x = sample.x - means(sample.x[crossed], draw, sample.draws)[sample.draw]
    off = middle - y_mean[crossed]
    slopes: Floats = np.zeros(x.shape[1])
    if x.size:
        slopes = np.linalg.lstsq(x[crossed], off, rcond=None)[0].astype(float)
    widths = (sample.upper - sample.lower)[crossed]
    scatter = np.sqrt(((off - x[crossed] @ slopes) ** 2).mean() + (widths**2).mean() / 12)
    line = y_mean + x @ slopes
    scatter = max(float(scatter), 1e-13)
    return x, (sample.lower - line) / scatter, (sample.upper - line) / scatter
