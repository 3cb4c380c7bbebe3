"""Theory against measurement as the interface shows it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

_RATIO = {
    "n": 90,
    "draws": 10,
    "streams": 10,
    "ratio": {"value": 1.003, "ci95": [0.998, 1.008], "se_log": 0.0022},
    "geometric_sd": 1.007,
    "method": "draw means",
    "gradient_norm": 0.0,
    "iterations": 0,
    "censored": {"interval": 0, "left": 0, "right": 0},
    "counted_out": {},
}

EXAMPLE_THEORY: dict[str, Any] = {
    "comparisons": {
        "t2": {
            "measured": "t2",
            "predicted": "t2_predicted",
            **_RATIO,
            "unpredicted": {},
            "cells": [{"configuration": 0, "config": {"alpha": 0.1, "beta": 1e-5}, **_RATIO}],
        }
    },
    "explains_draws": {
        "value": 0.998,
        "se": 0.005,
        "ci95": [0.986, 1.01],
        "intercept": -0.002,
        "r2": 0.9998,
        "draws": 10,
        "draws_without_crossing": 0,
        "tests": {
            "slope_is_0": {"statistic": 199.6, "p": 4e-16},
            "slope_is_1": {"statistic": -0.4, "p": 0.7},
            "equivalence": {"margin": 0.02, "p": 0.003},
        },
    },
    "trials": 90,
    "draws": 10,
    "streams": 10,
    "warnings": [],
    "text": "t2 / t2_predicted = 1.003 [0.998, 1.008] (90 trials in 10 draws). Slope 0.9980 [0.9860, 1.0100] of the "
    "draws' log prefactor on log T_star, R2 0.9998 (10 draws): a slope of exactly 0 is rejected (p = 4e-16), a slope "
    "of exactly 1 is not rejected (p = 0.7), and it is within 0.02 of 1 (equivalence p = 0.003).",
}


class _Open(BaseModel):
    model_config = ConfigDict(extra="allow")


class Ratio(_Open):
    """Geometric mean of measured / predicted; where a number is null, `reason` stands beside it."""

    value: float | None
    ci95: tuple[float, float] | None = Field(description="Student's interval over streams, mostly one a draw")
    se_log: float | None = Field(description="standard error of the log")


class Compared(BaseModel):
    """A ratio and what it rests on."""

    n: int = Field(description="trials that are compared")
    draws: int
    streams: int = Field(description="of random numbers that the draws are made of: each counts once")
    ratio: Ratio
    geometric_sd: float | None = Field(description="between draws, or of all values where some are censored")
    method: str | None = Field(description="`draw means`, or `censored log-normal likelihood`")
    gradient_norm: float | None
    iterations: int | None
    censored: dict[str, int] = Field(description="compared trials whose measured value is only bounded")
    counted_out: dict[str, int] = Field(description="trials that are not compared, by reason")


class Cell(Compared):
    """One configuration over its draws."""

    configuration: int
    config: dict[str, Any] = Field(description="its fields that vary in the study")


class Comparison(Compared):
    """A measured response beside its prediction, over the study and by configuration."""

    measured: str
    predicted: str
    unpredicted: dict[str, int] = Field(description="trials without a prediction, by its reason")
    cells: list[Cell]


class Explained(_Open):
    """Slope of the draws' log prefactor on log T_star; nulls have `not_identifiable` and `reason` beside them."""

    value: float | None
    se: float | None
    ci95: tuple[float, float] | None
    intercept: float | None
    r2: float | None
    draws: int
    draws_without_crossing: int
    tests: dict[str, dict[str, Any]]


class Theory(BaseModel):
    """Theory against what was measured."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_THEORY]})

    comparisons: dict[str, Comparison] = Field(description="`t1`, `t2`, `floor`, `floor_closed_form`")
    explains_draws: Explained
    trials: int
    draws: int
    streams: int
    warnings: list[str]
    text: str = Field(description="the result in sentences")
