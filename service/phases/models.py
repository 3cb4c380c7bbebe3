"""Phase diagrams as the interface shows and refuses them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from grokscale.service.examples import example
from grokscale.service.problems import ApiError
from grokscale.service.queries import Parameters

EXAMPLE_PHASES = example("phases")


class _Open(BaseModel):
    model_config = ConfigDict(extra="allow")


class Axis(BaseModel):
    """A field as an axis."""

    name: str
    scale: str = Field(description="`log`, or `linear` where a value is not positive")
    values: list[int | float]


class Fraction(_Open):
    """A share of the trials with a result; where it is null, `reason` stands beside it."""

    value: float | None
    ci95: tuple[float, float] | None = Field(description="Wilson's interval")


class Cell(BaseModel):
    """What came of the trials at one place."""

    x: int | float
    y: int | float | None
    n: int = Field(description="trials that ended with a result: the denominator")
    draws: int = Field(description="draws among them; where fewer than n, some share their data")
    streams: int = Field(description="streams of random numbers that these are made of: what is independent")
    pending: int = Field(description="trials that have not ended")
    counts: dict[str, int] = Field(description="ended trials by outcome, all of them")
    fractions: dict[str, Fraction]


class Coefficient(_Open):
    """A coefficient of the logit; where it is null, `not_identifiable` and `reason` stand beside it."""

    value: float | None
    se: float | None = Field(description="model standard error")
    ci95: tuple[float, float] | None = Field(description="Wald's interval from `se`")
    se_draw: float | None = Field(description="cluster-robust by stream; null with a reason")
    ci95_draw: tuple[float, float] | None = Field(description="from `se_draw`, t with streams - 1 degrees of freedom")


class Point(_Open):
    """A point of the contour; where x or an end of its interval is null, `reason` stands beside it."""

    y: int | float | None
    x: float | None
    ci95: tuple[float | None, float | None] | None
    rises: bool = Field(description="the fraction rises with x here")
    extrapolated: bool | None = Field(description="x lies outside the values that were tried")


class Contour(BaseModel):
    """Where half of the trials end with the outcome."""

    outcome: str
    level: float
    method: str = Field(description="`maximum likelihood`, or `firth` where the axes separate the outcomes")
    separated: bool
    terms: list[str] = Field(description="of the logit; a quadratic or an interaction only where a test asked for it")
    coefficients: dict[str, Coefficient]
    interval: str
    covariance: str = Field(description="`draw` where the intervals allow for trials that share a draw, or its stream")
    unit: str = Field(description="`draw` where every draw, or stream that has several, counts as one trial")
    points: list[Point]
    tests: list[dict[str, Any]] = Field(description="of further terms: statistic, p, whether it was included")
    n: int
    draws: int
    streams: int
    log_likelihood: float
    converged: bool
    gradient_norm: float = Field(description="distance to the maximum in standard errors")
    iterations: int


class Unidentified(BaseModel):
    """Why there is no contour."""

    column: str
    reason: str


class Diagram(BaseModel):
    """Cells and contour."""

    cells: list[Cell]
    contour: Contour | None = Field(description="null where `not_identifiable` says why")
    not_identifiable: Unidentified | None
    counted_out: dict[str, int] = Field(description="trials outside the fractions, by reason")
    draws: int
    streams: int = Field(description="of random numbers that the draws are made of: fewer under `stream: legacy`")
    warnings: list[str]
    text: str = Field(description="the result in a sentence")


class Group(Diagram):
    """The diagram of one value of `by`."""

    value: int | float | str | None


class Levels(BaseModel):
    """A field and its values."""

    name: str
    values: list[int | float | str | None]


class Phases(Diagram):
    """A phase diagram; with `by`, one in `groups` for every value, and none over all of them."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_PHASES]})

    x: Axis
    y: Axis | None
    by: Levels | None
    outcome: str
    groups: list[Group] | None


class PhasesQuery(Parameters):
    """What to draw."""

    x: str = Field(max_length=200, description="a numeric field of the configuration", examples=[example("axes")[0]])
    y: str | None = Field(None, max_length=200, description="another one", examples=[example("axes")[1]])
    outcome: str = Field("generalised", max_length=40, description="the outcome whose contour is drawn")
    by: str | None = Field(
        None, max_length=200, description="any other field: one diagram a value", examples=[example("axes")[2]]
    )


class InvalidPhases(ApiError):
    """An argument names something that is not there, or leaves no room beside the others; `known` says what is."""

    status, kind, title = 422, "invalid-phases", "Invalid phase diagram"
