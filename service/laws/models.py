"""Laws as the interface shows and refuses them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from grokscale.service.examples import example
from grokscale.service.problems import ApiError
from grokscale.service.queries import Listed, Parameters

EXAMPLE_LAW = example("law")


class Estimate(BaseModel):
    """A fitted number; where it is null, `not_identifiable` and `reason` stand beside it."""

    model_config = ConfigDict(extra="allow")

    value: float | None
    se: float | None = Field(description="standard error")
    ci95: tuple[float | None, float | None] | None = Field(description="95 % interval of the recommended kind")


class Law(BaseModel):
    """A scaling law fitted to a study's trials: response = prefactor * x^exponent."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [EXAMPLE_LAW]})

    response: str
    x: str | None
    terms: list[str] | None
    effect: str
    intercepts: str = Field(description="`fixed`, `random` or `pooled`: what the draws were taken as")
    covariance: str
    n: int = Field(description="rows in the likelihood")
    draws: int = Field(description="data sets, told by the trials' `data_id`: each has an intercept")
    streams: int = Field(
        description="of random numbers that the draws are made of (`stream_id`), one a draw but under `stream: "
        "legacy`: intervals of what lies between draws are those of the streams"
    )
    counted_out: dict[str, int] = Field(description="rows that are not in the likelihood, by reason")
    censored: dict[str, int]
    model: str
    prefactor: Estimate
    exponent: Estimate | None = Field(description="of x; null where terms were asked for")
    exponents: dict[str, Estimate] | None = Field(description="by field, where terms were asked for")
    groups: list[dict[str, Any]] | None = Field(
        description="`{value, law}` for each value of `by`; a law that cannot be fitted is null, with `reason`"
    )
    sigma: float | None = Field(description="log-normal scatter; within draws where they have intercepts")
    tau: float | None = Field(description="log-normal scatter of the draws' prefactors where they are random")
    r2_log: float | None = Field(description="of log response; within draws where effect is draw")
    tests: dict[str, dict[str, Any]] = Field(
        description="of the paper's exponents of the predictors asked for: 1 of 1/(alpha*beta), -1 of alpha and of beta"
    )
    converged: bool
    warnings: list[str]
    text: str = Field(description="the result in sentences")


class LawQuery(Parameters):
    """What to fit."""

    x: str | None = Field(
        None,
        max_length=1000,
        description="one monomial of swept fields and theory columns: names, numbers, `*`, `/`, `^`, parentheses; `α`, "
        "`β`, `τ`, `·` and `×` are read as `alpha`, `beta`, `tau` and `*`",
        examples=["1/(alpha*beta)"],
    )
    terms: Annotated[list[Annotated[str, Field(max_length=200)]], Listed] = Field(
        [], max_length=100, description="fields: one exponent each", examples=[example("terms")]
    )
    effect: Literal["draw", "fixed", "random", "none"] = Field(
        "draw",
        description="what the draws are: `fixed` intercepts, a `random` one, `none`: one for all; `draw`: fixed while "
        "every row was seen to the step and no field that changes the data varies, else random",
    )
    by: str | None = Field(None, max_length=100, description="a field: one law a value of it, in `groups`")
    threshold: float | None = Field(None, gt=0, description="a rung of the ladder in place of the study's threshold")


class TooLittleData(ApiError):
    """There is too little to fit; `detail` says what is missing, `counts` what there is."""

    status, kind, title = 409, "too-little-data", "Too little to fit"


class InvalidLaw(ApiError):
    """The response or an argument names something that is not there, or does not parse."""

    status, kind, title = 422, "invalid-law", "Invalid law"
