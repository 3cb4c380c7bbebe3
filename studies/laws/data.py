"""The rows that a family of models is fitted to: the same ones for each, so that their likelihoods compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from studies.laws.effects import Intercepts
from studies.laws.likelihood import Sample
from studies.laws.noise import Floats
from studies.laws.rows import Rows


@dataclass(frozen=True, slots=True)
class Data:
    """Rows of the likelihood with the columns that models are made of, each of shape (rows,).

    Attributes:
        rows: the study's trials, sorted; `sample.x` has no columns of its own yet.
        log_ab: log(alpha*beta).
        beta: beta itself.
        terms: the logarithm of each swept field.
        gap: the theory column that may explain the draws, None where some row has none; `gap_name` what it is.
        log_floor: log(predicted floor of the test error / threshold), nan where it is not known.
        studies: of several studies, which each row is of, 0 to their number - 1, shape (rows,); `levels` their ids.
    """

    rows: Rows
    log_ab: Floats
    beta: Floats
    terms: dict[str, Floats]
    gap_name: str
    gap: Floats | None
    log_floor: Floats
    studies: NDArray[np.intp]
    levels: tuple[str, ...]

    def of_studies(self) -> dict[str, Floats]:
        """Return a column for each study but the first: by how much its log prefactor differs."""
        return {f"study[{level}]": (self.studies == i).astype(float) for i, level in enumerate(self.levels) if i}

    @property
    def sample(self) -> Sample:
        """The rows without predictors."""
        return self.rows.sample

    def stacked(self, named: Sequence[Floats]) -> Floats:
        """Return columns as predictors, shape (rows, p)."""
        return np.stack(named, axis=1) if named else np.empty((len(self.log_ab), 0))

    def under(self, intercepts: Intercepts) -> Data:
        """Return the same rows with other intercepts."""
        pooled = intercepts == "pooled"
        cluster, draws = self.rows.cluster, self.rows.draws
        sample = replace(self.sample, draw=np.zeros_like(cluster) if pooled else cluster, draws=1 if pooled else draws)
        return replace(self, rows=replace(self.rows, sample=sample, intercepts=intercepts))

    def only(self, chosen: NDArray[np.bool_]) -> Data:
        """Return some of the rows; draws that have none of them are left out, and the others numbered anew."""
        sample = self.rows.sample
        present, cluster = np.unique(self.rows.cluster[chosen], return_inverse=True)
        cluster = cluster.reshape(-1).astype(np.intp)
        pooled = self.rows.intercepts == "pooled"
        part = replace(
            sample,
            lower=sample.lower[chosen],
            upper=sample.upper[chosen],
            x=sample.x[chosen],
            draw=np.zeros_like(cluster) if pooled else cluster,
            draws=1 if pooled else len(present),
            stretch=None if sample.stretch is None else sample.stretch[chosen],
        )
        return Data(
            rows=replace(self.rows, sample=part, cluster=cluster, draws=len(present)),
            log_ab=self.log_ab[chosen],
            beta=self.beta[chosen],
            terms={name: column[chosen] for name, column in self.terms.items()},
            gap_name=self.gap_name,
            gap=None if self.gap is None else self.gap[chosen],
            log_floor=self.log_floor[chosen],
            studies=self.studies[chosen],
            levels=self.levels,
        )
