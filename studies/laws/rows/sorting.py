"""Which trials enter a likelihood, and the counts of those that do not, by reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from grokscale.studies.laws.inference.intercepts import Effect, Intercepts, alone, choose
from grokscale.studies.laws.likelihood.noise import NORMAL, Floats, Noise
from grokscale.studies.laws.likelihood.sample import Sample
from grokscale.studies.laws.rows import columns, identities
from grokscale.studies.laws.rows.responses import Observed
from grokscale.studies.laws.rows.settings import Setting, settings
from grokscale.studies.laws.terms.rate import Rate
from grokscale.studies.vocabulary import UNREACHABLE

CENSORED = (
    "left",
    "interval",
    "right",
    "infeasible",
    "stalled",
    "diverged",
    "pruned",
    "failed",
    "cancelled",
    "pending",
)


@dataclass(frozen=True, slots=True)
class Rows:
    """A study's trials, sorted into those that enter the likelihood and those that do not.

    Attributes:
        observed: the response of every trial.
        x: logarithms of the predictors of every trial, shape (rows, p); nan where missing, -inf where not positive.
        draw: the draw of every trial.
        inside: which trials are the rows of the likelihood, shape (rows,).
        sample: those rows.
        cluster: the draw of each row of the likelihood, numbered from 0.
        stream: the stream of each row of the likelihood, numbered from 0.
        draws, streams: number of draws, and of the streams that they are made of, among them.
        intercepts: what the draws are to the law.
        without_crossing: draws of which no trial crossed although one could have (fixed intercepts: counted out).
        counted_out: reason to count; rows, but for `draws_without_crossing`.
        censored: censoring word to the number of trials that bear it, in or out of the likelihood.
        strength: of the regulariser of every trial, nan where there is none; `rate` says which field that is.
        settings: the fields that vary within draws and that the law is not in, of the rows of the likelihood.
    """

    observed: Observed
    x: Floats
    draw: NDArray[np.intp]
    inside: NDArray[np.bool_]
    sample: Sample
    cluster: NDArray[np.intp]
    stream: NDArray[np.intp]
    draws: int
    streams: int
    intercepts: Intercepts
    without_crossing: int
    counted_out: dict[str, int]
    censored: dict[str, int]
    strength: Floats
    rate: Rate
    settings: dict[str, Setting]

    @property
    def alone(self) -> bool:
        """Whether there are several draws, each of one row of the likelihood."""
        return alone(np.bincount(self.cluster, minlength=self.draws))

    @property
    def unreachable(self) -> NDArray[np.bool_]:
        """Trials that cannot cross."""
        return np.isin(self.observed.words, UNREACHABLE)

    @property
    def unreachable_share(self) -> float:
        """Their share among the trials of which it is known whether they can."""
        known = int(self.unreachable.sum() + self.observed.inside.sum())
        return int(self.unreachable.sum()) / known if known else 0.0

    @property
    def counts(self) -> dict[str, object]:
        """All counts as one JSON object."""
        return {
            "rows": len(self.draw),
            "n": len(self.sample.draw),
            "draws": self.draws,
            "streams": self.streams,
            "uncensored": int(self.sample.crossed.sum()),
            "counted_out": self.counted_out,
            "censored": self.censored,
        }


def sort(
    table: pa.Table, observed: Observed, x: Floats, effect: Effect, noise: Noise = NORMAL, asked: Collection[str] = ()
) -> Rows:
    """Choose the rows of the likelihood and count the others; `asked` are the fields that the law is in."""
    draw, rate = identities.draws(table), Rate.of(table)
    missing, outside = np.isnan(x).any(axis=1), np.isneginf(x).any(axis=1)
    usable = observed.inside & ~missing & ~outside
    crossed = usable & np.isfinite(observed.lower) & np.isfinite(observed.upper)
    could = usable | np.isin(observed.words, UNREACHABLE)
    without = np.setdiff1d(draw[could], draw[crossed])
    intercepts = choose(
        effect,
        censored=bool((observed.lower != observed.upper)[usable].any()),
        data_vary=identities.data_vary(table),
        sizes=np.unique(draw[usable], return_counts=True)[1],
        crossings=np.unique(draw[crossed], return_counts=True)[1],
    )
    fixed = intercepts == "fixed"
    inside = usable & ~np.isin(draw, without) if fixed else usable
    found = Counter(observed.words.tolist())
    counted_out = {
        "draws_without_crossing": len(without) if fixed else 0,
        "rows_of_draws_without_crossing": int((usable & ~inside).sum()),
        "nonpositive": found["nonpositive"],
        "missing": found["missing"],
        "uninformative": found["uninformative"],
        "x_missing": int((observed.inside & missing).sum()),
        "x_nonpositive": int((observed.inside & outside & ~missing).sum()),
    }
    present, own = np.unique(draw[inside], return_inverse=True)
    own = own.reshape(-1).astype(np.intp)
    streams, stream = np.unique(identities.streams(table)[inside], return_inverse=True)
    pooled = intercepts == "pooled"
    return Rows(
        observed=observed,
        x=x,
        draw=draw,
        inside=inside,
        sample=Sample(
            lower=observed.lower[inside],
            upper=observed.upper[inside],
            x=x[inside],
            draw=np.zeros_like(own) if pooled else own,
            draws=1 if pooled else len(present),
            noise=noise,
        ),
        cluster=own,
        stream=stream.reshape(-1).astype(np.intp),
        draws=len(present),
        streams=len(streams),
        intercepts=intercepts,
        without_crossing=len(without),
        counted_out=counted_out,
        censored={word: found[word] for word in CENSORED},
        strength=columns.floats_if_any(table, rate.strength),
        rate=rate,
        settings={name: one.of(inside) for name, one in settings(table, draw, asked).items()},
    )
