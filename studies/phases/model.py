"""The model of an outcome word on the axes: which terms it has, and its fit.

logit P(word) = b0 + b1 u + b2 v, u and v the axes on their scales. A curved or tilted contour takes v^2 and u v, one at
a time, each only where a likelihood-ratio test asks for it: with these the contour stays one place in x for every y.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, ndtri, stdtrit

from grokscale.studies.laws.likelihood.newton import AT_MAXIMUM
from grokscale.studies.phases.logistic import Counts, Floats, Maxima, clustered, covariance, fit, separated

NEEDED = 0.005
"""Significance at which a further term enters: 1 % shared by the two that are tried."""
FEWEST_CLUSTERS = 8
"""Streams below which a sandwich by them is not to be trusted."""

_STEEPEST = 25.0
"""Logit beyond which a wider model is taken to separate the data: its likelihood then says nothing of the term."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The trials of one regression, arrays of shape (trials,).

    Attributes:
        u, v: the axes in standard deviations about their means; v None: one axis.
        won: the trial ended with the word.
        stream: the stream of each trial, the random numbers that its data are made of: mostly one a draw.
        draws: how many draws there are.
    """

    u: Floats
    v: Floats | None
    won: NDArray[np.bool_]
    stream: NDArray[np.intp]
    draws: int

    @property
    def streams(self) -> int:
        """How many streams there are: what is independent."""
        return len(np.unique(self.stream))

    @property
    def shared(self) -> bool:
        """Whether trials of one stream stand beside each other."""
        return self.streams < len(self.stream)

    @property
    def noun(self) -> str:
        """What trials share."""
        return "draw" if self.streams == self.draws else "stream"


@dataclass(frozen=True, slots=True)
class Model:
    """A fitted model.

    Attributes:
        terms: of `u`, `v`, `vv`, `uv`, in the order of the coefficients after the intercept.
        counts: the data by place.
        places: u and v of the counts' rows, shape (rows, 2); v is 0 where there is one axis.
        maximum: of the likelihood, a batch of one.
        firth: the likelihood is penalised since the data are separated.
        unit: `trial`, or `draw` where trials share streams and nothing allows for that but to count every one as one.
        model, draw: covariances, shape (p, p), the second by stream; `draw` None with `no_draw` saying why.
        tests: of every term that was tried: `{term, statistic, p, included}`; `uu` cannot enter.
    """

    terms: tuple[str, ...]
    counts: Counts
    places: Floats
    maximum: Maxima
    firth: bool
    unit: Literal["trial", "draw"]
    model: Floats
    draw: Floats | None
    no_draw: str
    tests: tuple[dict[str, Any], ...]

    @property
    def coefficients(self) -> Floats:
        """The estimate, shape (p,), the intercept first."""
        return self.maximum.coefficients[0]

    @property
    def converged(self) -> bool:
        """Whether the search ended at the maximum."""
        return bool(self.maximum.gradient_norm[0] < AT_MAXIMUM)


def features(terms: tuple[str, ...], u: Floats, v: Floats) -> Floats:
    """Return the design at places (u, v), shape (places, 1 + terms)."""
    columns = {"u": u, "v": v, "vv": v * v, "uv": u * v, "uu": u * u}
    return np.stack([np.ones_like(u), *(columns[term] for term in terms)], axis=1)


def fit_model(sample: Sample) -> Model:
    """Fit the sample; u varies, and so does v where there is one, and the word occurs and does not always."""
    places, row = _places(sample)
    terms = ("u",) if sample.v is None else ("u", "v")
    firth = separated(_counts(terms, places, row, sample, "trial"))
    clusters = sample.streams
    no_draw = ""
    if firth:
        no_draw = f"separated data leave no residuals to tell the scatter between {sample.noun}s from"
    elif clusters < FEWEST_CLUSTERS:
        few = f"fewer than {FEWEST_CLUSTERS} say nothing sound of the scatter between {sample.noun}s"
        no_draw = f"{clusters} {sample.noun}s: {few}"
    unit = "draw" if sample.shared and no_draw else "trial"
    tests: list[dict[str, Any]] = []
    if not firth and unit == "trial":
        terms, tests = _grow(terms, places, row, sample)
    data = _counts(terms, places, row, sample, unit)
    found = fit(data, firth=firth)
    coefficients = found.coefficients[0]
    return Model(
        terms=terms,
        counts=data,
        places=places,
        maximum=found,
        firth=firth,
        unit=unit,
        model=covariance(data, coefficients),
        draw=None if no_draw else clustered(data, coefficients, row, sample.won, sample.stream),
        no_draw=no_draw,
        tests=tuple(tests),
    )


def quantile(model: Model, sample: Sample, *, by_draw: bool) -> float:
    """Return the 97.5 % point that an interval is built with: of t with streams - 1 degrees of freedom, or normal."""
    return float(stdtrit(sample.streams - 1, 0.975)) if by_draw and model.draw is not None else float(ndtri(0.975))


def _counts(
    terms: tuple[str, ...], places: Floats, row: NDArray[np.intp], sample: Sample, unit: Literal["trial", "draw"]
) -> Counts:
    """Return the data by place; by draw, the trials of a stream weigh one together."""
    weight = np.ones(len(row))
    if unit == "draw":
        _, member, size = np.unique(sample.stream, return_inverse=True, return_counts=True)
        weight = 1 / size[member.reshape(-1)]
    won, trials = (np.bincount(row, w, len(places)).astype(float) for w in (weight * sample.won, weight))
    return Counts(features(terms, places[:, 0], places[:, 1]), won, trials)


def _grow(
    terms: tuple[str, ...], places: Floats, row: NDArray[np.intp], sample: Sample
) -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    """Add what a test asks for; a curvature in u is tested last, for a warning."""
    tests: list[dict[str, Any]] = []
    left = ["vv", "uv"] if sample.v is not None else []
    while left:
        tried = {name: _test(terms, name, places, row, sample) for name in left}
        found = {name: test for name, test in tried.items() if test is not None}
        if not found:
            break
        best = min(found, key=lambda name: found[name][1])
        enters = found[best][1] < NEEDED
        tests += [_told(name, found[name], included=enters) for name in found if name == best or not enters]
        if not enters:
            break
        terms = (*terms, best)
        left.remove(best)
    test = _test(terms, "uu", places, row, sample)
    if test is not None:
        tests.append(_told("uu", test, included=False))
    return terms, tests


def _told(name: str, test: tuple[float, float], *, included: bool) -> dict[str, Any]:
    return {"term": name, "statistic": test[0], "p": test[1], "included": included}


def _test(
    terms: tuple[str, ...], name: str, places: Floats, row: NDArray[np.intp], sample: Sample
) -> tuple[float, float] | None:
    """Return the likelihood-ratio statistic of a further term and its p; None: the data cannot tell it."""
    wide = _counts((*terms, name), places, row, sample, "trial")
    if np.linalg.matrix_rank(wide.design) < wide.design.shape[1] or len(wide.design) <= wide.design.shape[1]:
        return None
    broad = fit(wide, firth=False)
    if np.abs(wide.design @ broad.coefficients[0]).max() > _STEEPEST:
        return None
    narrow = fit(_counts(terms, places, row, sample, "trial"), firth=False)
    statistic = max(0.0, 2 * float(broad.value[0] - narrow.value[0]))
    if sample.shared:
        # trials of a stream are not independent: the statistic on the scale of the scatter between streams
        at = broad.coefficients[0]
        robust = clustered(wide, at, row, sample.won, sample.stream)[-1, -1]
        statistic *= float(covariance(wide, at)[-1, -1] / robust) if robust > 0 else 0.0
    return statistic, float(chdtrc(1, statistic))


def _places(sample: Sample) -> tuple[Floats, NDArray[np.intp]]:
    v = np.zeros_like(sample.u) if sample.v is None else sample.v
    places, row = np.unique(np.stack([sample.u, v], axis=1), axis=0, return_inverse=True)
    return places, row.reshape(-1)
