"""A likelihood without a maximum, and the reason, which is found from the rows: a search cannot tell it."""

from __future__ import annotations

import numpy as np
import scipy.optimize
import scipy.sparse

from grokscale.studies.laws.likelihood.mixed.centred import Centred
from grokscale.studies.laws.likelihood.mixed.start import first_units
from grokscale.studies.laws.likelihood.sample import Sample
from grokscale.studies.portable import PortableError

BRACKETS = "the crossings are known only to brackets that one curve passes: they do not tell its scatter"
TIMES = "a curve of each draw passes all of its times: they do not tell the scatter within draws"
SEARCH = "the search for the maximum of the likelihood came to no end"
_SLACK = 1e-6
"""Tolerance of the linear program, in units of the scatter."""


class NoMaximum(PortableError):
    """The likelihood has no maximum: it grows as sigma goes to 0, or is flat in some direction.

    Attributes:
        sample: the rows, where they are known.
    """

    def __init__(self, sample: Sample | None = None) -> None:
        super().__init__("the likelihood has no maximum")
        self.sample = sample

    @property
    def reason(self) -> str:
        """Why the likelihood has no maximum, in a sentence."""
        if self.sample is None or not curves_pass(self.sample):
            return SEARCH
        return TIMES if self.sample.exact.any() else BRACKETS


def curves_pass(sample: Sample) -> bool:
    """Return whether curves of the same slopes, one a draw, pass between the ends of every row.

    Then the rows agree with a law without scatter.
    """
    units, _ = first_units(sample)
    centred = Centred.of(sample, units).rows
    columns, lower, upper = centred.x, centred.lower, centred.upper
    own = scipy.sparse.csr_matrix((np.ones(len(lower)), (np.arange(len(lower)), sample.draw)))
    rows = scipy.sparse.csr_matrix(scipy.sparse.hstack([own, scipy.sparse.csr_matrix(columns)]))
    above, below = np.isfinite(upper), np.isfinite(lower)
    found = scipy.optimize.linprog(
        np.zeros(sample.draws + columns.shape[1]),
        A_ub=scipy.sparse.vstack([rows[above], -rows[below]]),
        b_ub=np.concatenate([upper[above], -lower[below]]) + _SLACK,
        bounds=(None, None),
    )
    return bool(found.status == 0)
