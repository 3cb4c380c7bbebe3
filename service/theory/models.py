"""Theory against measurement as the interface shows it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from grokscale.service.examples import example

EXAMPLE_THEORY = example("theory")


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
    """Slope of the draws' log prefactor on the log of its prediction; nulls have `not_identifiable` and `reason`."""

    column: str | None = Field(description="the prediction that tells draws apart, null where the task has none")
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
