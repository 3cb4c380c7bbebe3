"""The rows that a family of models is fitted to, with the columns of all of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from grokscale.studies.laws.inference.intercepts import Intercepts
from grokscale.studies.laws.likelihood.noise import Floats
from grokscale.studies.laws.likelihood.sample import Sample
from grokscale.studies.laws.rows.looks import Looks
from grokscale.studies.laws.rows.settings import levels
from grokscale.studies.laws.rows.sorting import Rows
from grokscale.studies.laws.terms.rate import Rate


@dataclass(frozen=True, slots=True)
class Data:
    """Rows of the likelihood with the columns of every model, each of shape (rows,).

    Attributes:
        rows: the study's trials, sorted; `sample.x` has no columns of its own yet.
        rate: what the models are in.
        log_x: log(1/rate).
        log_strength: log of the regulariser's strength.
        terms: the logarithm of each swept field, not finite where a row has none (see `known`).
        gap: that of the theory column that may explain the draws, likewise; `gap_name` which, empty: none.
        log_floor: log(predicted floor of the test error / threshold), nan where it is not known.
        looks: when each row was looked at.
        studies: of several studies, which each row is of, 0 to their number - 1, shape (rows,); `levels` their ids.
    """

    rows: Rows
    rate: Rate
    log_x: Floats
    log_strength: Floats
    terms: dict[str, Floats]
    gap_name: str
    gap: Floats
    log_floor: Floats
    looks: Looks
    studies: NDArray[np.intp]
    levels: tuple[str, ...]

    def of_studies(self) -> dict[str, Floats]:
        """Return the indicator column of each study of the rows but the first."""
        present = np.unique(self.studies)
        return {f"study[{self.levels[i]}]": (self.studies == i).astype(float) for i in present[1:]}

    def of_settings(self, asked: Collection[str] = ()) -> dict[str, Floats]:
        """Return the columns of the fields that vary within draws, but for those asked for: see `settings`."""
        return levels({name: one for name, one in self.rows.settings.items() if name not in asked})

    @property
    def sample(self) -> Sample:
        """The rows without predictors."""
        return self.rows.sample

    def stacked(self, named: Sequence[Floats]) -> Floats:
        """Return columns as predictors, shape (rows, p)."""
        return np.stack(named, axis=1) if named else np.empty((len(self.log_x), 0))

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
        streams, stream = np.unique(self.rows.stream[chosen], return_inverse=True)
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
            rows=replace(
                self.rows,
                sample=part,
                cluster=cluster,
                stream=stream.reshape(-1).astype(np.intp),
                draws=len(present),
                streams=len(streams),
                settings={name: one.of(chosen) for name, one in self.rows.settings.items()},
            ),
            rate=self.rate,
            log_x=self.log_x[chosen],
            log_strength=self.log_strength[chosen],
            terms={name: column[chosen] for name, column in self.terms.items()},
            gap_name=self.gap_name,
            gap=self.gap[chosen],
            log_floor=self.log_floor[chosen],
            looks=self.looks.only(chosen),
            studies=self.studies[chosen],
            levels=self.levels,
        )

    def with_crossings(self) -> Data:
        """Return the rows of draws with a crossing: under fixed intercepts the others carry no information."""
        crossed = np.bincount(self.sample.draw[self.sample.crossed], minlength=self.sample.draws) > 0
        return self if crossed.all() else self.only(crossed[self.sample.draw])

    def by_draw(self) -> Data:
        """Return the rows with their own draws, where these were pooled."""
        sample = replace(self.sample, draw=self.rows.cluster, draws=self.rows.draws)
        return replace(self, rows=replace(self.rows, sample=sample))
