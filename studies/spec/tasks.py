"""The task families of a specification: their fields, defaults, units and sources.

Sources name sections of the paper (Notsawo, Dumas, Rabusseau, ICML 2025, arXiv 2506.05718 v2) and of its code.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from grokscale.studies.spec.lists import ListOf
from grokscale.studies.spec.numbers import Number, whole
from grokscale.studies.spec.sweeps import Sweep, Swept
from grokscale.studies.spec.words import Text, Word

LARGEST = 1_000_000
"""Largest whole number of a size field; the server's own limits are lower."""

size = Sweep(whole(1, LARGEST))
MODERATE = 1e50
"""Largest number that is a strength, a step size, a scale or a variance, and one over the smallest: their products,
squares and quotients are then floats, neither 0 nor infinite."""

positive = Number(1e-50, MODERATE)


class Section(BaseModel):
    """A part of a specification: nothing but its fields, and frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def field(default: Any, description: str, *, unit: str = "1", source: str = "") -> Any:
    """Return a field with its default (`...` for none), what it is, its unit, and where it is defined."""
    extra: dict[str, Any] = {"x-unit": unit} | ({"x-source": source} if source else {})
    return Field(default, description=description, json_schema_extra=extra)


class SparseRecovery(Section):
    """Sparse recovery (compressed sensing): find an s-sparse a* in R^n from N linear measurements y* = X a* + noise.

    g(a) = 1/2 ||X a - y*||^2, relative train error ||X a - y*|| / ||y*||, relative test error ||a - a*|| / ||a*||.
    """

    kind: Literal["sparse_recovery"]
    n: Annotated[Swept, size] = field(100, "ambient dimension", source="paper section 3; code: n = 100")
    s: Annotated[Swept, size] = field(5, "non-zero coordinates of a*, at most n", source="paper section 3")
    N: Annotated[Swept, size] = field(30, "measurements", source="paper section 3; figures 3, 4, 7, 26: N = 30")
    tau: Annotated[Swept, Sweep(Number(0, 1))] = field(
        0.0, "coherence: int(tau N) measurements are single coordinates", source="paper section 3.3, figures 21 and 22"
    )
    snr: Annotated[Swept, Sweep(replace(positive, null="noise-free"))] = field(
        None, "signal-to-noise ratio E||a*||^2 / E||noise||^2; null is noise-free", source="code: SNR = 1e8 or none"
    )
    stream: Annotated[Literal["spawned", "legacy"], Word("stream", ("spawned", "legacy"))] = field(
        "spawned", "random streams: independent by role, or the published code's one RandomState for all"
    )
    init: Annotated[Literal["ones", "random", "least_squares"], Word("init", ("ones", "random", "least_squares"))] = (
        field("ones", "start a0: init_scale times ones, N(0, 1/n) or the least-squares solution", source="code: ones")
    )
    init_scale: Annotated[Swept, Sweep(Number(0, MODERATE))] = field(
        1e-6, "scale zeta of the start", source="code: 1e-6"
    )
    design_variance: Annotated[float | None, replace(positive, null="1/N")] = field(
        None, "variance of the entries of X; null is 1/N", source="code: 1/N; paper appendix G writes 1/n"
    )
    signal: Annotated[Literal["normal", "uniform"], Word("signal", ("normal", "uniform"))] = field(
        "normal", "non-zeros of a*: N(0, 1)/sqrt(n), or from {-1, 0, 1} and not all zero", source="code: normal"
    )


class Faults(Section):
    """Trials, by index, that misbehave on purpose; only where the server was started with GROKSCALE_TEST_TASKS=1."""

    diverge: Annotated[tuple[int, ...], ListOf(whole(0, LARGEST), 0, 1000)] = field((), "trials that diverge")
    raise_: Annotated[tuple[int, ...], ListOf(whole(0, LARGEST), 0, 1000)] = Field(
        (), alias="raise", description="trials that raise an exception", json_schema_extra={"x-unit": "1"}
    )
    hang: Annotated[tuple[int, ...], ListOf(whole(0, LARGEST), 0, 1000)] = field((), "trials that never return")
    exit: Annotated[tuple[int, ...], ListOf(whole(0, LARGEST), 0, 1000)] = field((), "trials that end their process")
    hold: Annotated[tuple[int, ...], ListOf(whole(0, LARGEST), 0, 1000)] = field(
        (), "trials that, halfway to t2, take next to no step until the file `until` is there"
    )
    until: Annotated[str, Text()] = field("never", "path of that file, on the worker's machine")


class Synthetic(Section):
    """A known law to recover: t1 and t2 are drawn from it and nothing is trained.

    t2 = prefactor exp(draw_sigma u + sigma e) (alpha beta)^-exponent with u ~ N(0, 1) of the seed and e ~ N(0, 1)
    of the trial, t1 = t1_prefactor / alpha, both rounded up to whole steps.
    """

    kind: Literal["synthetic"]
    prefactor: Annotated[Swept, Sweep(positive)] = field(0.1, "prefactor of t2", unit="steps")
    exponent: Annotated[Swept, Sweep(Number(-10, 10))] = field(1.0, "exponent of 1/(alpha beta)")
    sigma: Annotated[Swept, Sweep(Number(0, 10))] = field(0.0, "log-normal noise of a trial")
    draw_sigma: Annotated[Swept, Sweep(Number(0, 10))] = field(0.0, "log-normal spread between seeds")
    t1_prefactor: Annotated[Swept, Sweep(positive)] = field(1.0, "t1 times alpha", unit="steps")
    seconds: Annotated[float, Number(0, 3600)] = field(
        0.0, "time each trial pretends to take; above 0 only with GROKSCALE_TEST_TASKS=1", unit="s"
    )
    faults: Faults | None = field(None, "trials that misbehave; only with GROKSCALE_TEST_TASKS=1")


Task = Annotated[SparseRecovery | Synthetic, Field(discriminator="kind")]
