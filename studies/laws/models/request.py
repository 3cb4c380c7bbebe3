"""What a family of models is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import pyarrow as pa

from grokscale.studies.laws.errors import NotApplicable, UnknownName
from grokscale.studies.laws.inference.intercepts import Effect
from grokscale.studies.laws.likelihood.noise import NOISES
from grokscale.studies.laws.models.forms import Name
from grokscale.studies.laws.rows import columns
from grokscale.studies.laws.terms.grammar import field, fields
from grokscale.studies.laws.terms.rate import Rate

Covariance = Literal["model", "draw"]
Interval = Literal["wald", "profile", "bootstrap"]
Scatter = Literal["constant", "error_floor"]


@dataclass(frozen=True, slots=True)
class Request:
    """What a family of models is asked for.

    Attributes:
        response: see `law`.
        models: which, of M0 to M5.
        terms: fields of M3 and M5, one exponent each; None: every numeric field that varies.
        gap: the theory column of M4; None: what the task's heuristic count of steps divides by the rate.
        effect: see `law`; M4 always has a random intercept.
        noise: the distribution of t about the law: `log-normal`, `Weibull` or `log-logistic`.
        scale: of the noise: `constant`, or `error_floor`, a power of the error floor over the threshold (`dispersion`).
        covariance: `model`, or `draw` (CR2, clustered by draw).
        intervals: which, beside the recommended one (Wald, with t).
        threshold: a rung of the ladder; None: the study's own thresholds.
        bootstrap: samples of the wild bootstrap, and of the parametric one of M5's break.
        break_samples: samples of the latter: each is two fits.
        seed: of both.
    """

    response: str = "t2"
    models: tuple[Name, ...] = get_args(Name)
    terms: tuple[str, ...] | None = None
    gap: str | None = None
    effect: Effect = "draw"
    noise: str = "log-normal"
    scale: Scatter = "constant"
    covariance: Covariance = "model"
    intervals: tuple[Interval, ...] = ("wald",)
    threshold: float | None = None
    bootstrap: int = 1999
    break_samples: int = 0
    seed: int = 0


def check(request: Request, table: pa.Table) -> None:
    """Hold a request against what there is.

    Raises:
        UnknownName, NotApplicable, BadExpression: see the classes.
    """
    for value, known, parameter in (
        (request.effect, get_args(Effect), "effect"),
        (request.noise, tuple(NOISES), "noise"),
        (request.scale, get_args(Scatter), "scale"),
        (request.covariance, get_args(Covariance), "covariance"),
        *((model, get_args(Name), "models") for model in request.models),
        *((interval, get_args(Interval), "intervals") for interval in request.intervals),
    ):
        if value not in known:
            raise UnknownName(str(value), known, parameter)
    if not request.models:
        raise NotApplicable("models= names at least one of M0 to M5", "models")
    if request.terms is not None:
        fields(request.terms)
    if request.gap is not None:
        field(request.gap, "gap")
    rate = Rate.of(table).fields
    missing = [name for name in rate if name not in columns.predictors(table)]
    if missing:
        raise NotApplicable(f"the models are of {' and '.join(rate)}, and this study has no {missing[0]}", "models")
