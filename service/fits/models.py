"""Fits as the interface takes, shows and refuses them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictStr

from grokscale.service.examples import example
from grokscale.service.problems import ApiError
from grokscale.studies.fits import Wanted
from grokscale.studies.laws import Request

_EXAMPLE = example("fit_request")
_EXAMPLE_SUMMARY = example("fit_summary")
EXAMPLE_FIT = example("fit")
_Model = Literal["M0", "M1", "M2", "M3", "M4", "M5"]
_End = Annotated[float | None, Field(allow_inf_nan=False)]


class FitRequest(BaseModel):
    """Which models to fit to which trials, and how."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"examples": [_EXAMPLE]})

    response: str = Field("t2", max_length=100, description="`t1`, `t1_gradient`, `t2`, `t2_stayed`, `delay`, ...")
    models: list[_Model] = Field(
        ["M0", "M1", "M2", "M3", "M4", "M5"],
        min_length=1,
        max_length=6,
        description="M0 the paper's law, M1 with its offset, M2 one free exponent, M3 one a field, M4 with the theory "
        "column between draws, M5 M3 with a break",
    )
    terms: list[StrictStr] | None = Field(
        None, description="1 to 20 fields of M3 and M5, one exponent each; null: every numeric field that varies"
    )
    gap: str | None = Field(
        None,
        max_length=100,
        description="the theory column of M4; null: that of the task's heuristic",
    )
    effect: Literal["draw", "fixed", "random", "none"] = Field(
        "draw", description="what the draws are: `draw` is fixed or random by what the rows are, `none` pools them"
    )
    noise: Literal["log-normal", "Weibull", "log-logistic"] = Field("log-normal", description="of t about the law")
    scale: Literal["constant", "error_floor"] = Field(
        "constant", description="of the noise; `error_floor`: a power of the predicted error floor over the threshold"
    )
    covariance: Literal["model", "draw"] = Field(
        "model",
        description="`draw`: CR2, clustered by draw, or by streams of random numbers where these have several draws",
    )
    intervals: list[Literal["wald", "profile", "bootstrap"]] = Field(["wald"], max_length=3)
    threshold: float | None = Field(None, gt=0, allow_inf_nan=False, description="a rung of the ladder")
    bootstrap: int = Field(1999, ge=99, le=20_000, description="samples of the wild bootstrap by draw")
    break_samples: int = Field(0, ge=0, le=999, description="samples of the test of M5's break; each is two fits")
    seed: int = Field(0, ge=0, lt=2**32, description="of the bootstraps")
    where: dict[str, Annotated[list[_End], Field(min_length=2, max_length=2)]] = Field(
        default_factory=dict, max_length=20, description="field to [lowest, highest], null for an open end"
    )
    studies: list[Annotated[StrictStr, AfterValidator(str.lower)]] = Field(
        default_factory=list,
        max_length=20,
        description="ids of further studies: do they share an exponent? A run that several have (one `data_id`, one "
        "configuration) is one row; `counted_out.repeated` says how many were left out",
    )

    def wanted(self) -> Wanted:
        """Return it as the floor below takes it."""
        asked = self.model_dump(exclude={"where", "studies"})
        tuples: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in asked.items()
        }
        where = {name: (ends[0], ends[1]) for name, ends in self.where.items()}
        return Wanted(Request(**tuples), tuple(dict.fromkeys(self.studies)), where)


class FitSummary(BaseModel):
    """What a stored fit was made of: what was asked, of which rows, by which code."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_EXAMPLE_SUMMARY]})

    id: str
    study_id: str
    created: datetime
    request: dict[str, Any] = Field(description="in full, defaults and the ids of all studies among it")
    versions: dict[str, str] = Field(description="of the code and libraries that fitted")
    rows_hash: str = Field(description="SHA-256 of the rows of the likelihood as CSV, which `/rows` exports")


class Fit(FitSummary):
    """A stored fit with its answer."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [EXAMPLE_FIT]})

    result: dict[str, Any] = Field(
        description="`models` with parameters, intervals and evidence of convergence; `scale`, `likelihood_ratios`, "
        "`weights`, `tests`, `break`, `draws_explained`, `by_study`, `lack_of_fit`, `low_floor`, `by_decade`, "
        "`extrapolation`, `warnings`, `text`"
    )
    stale: bool = Field(False, description="the same request would meet other rows now")


class Fits(BaseModel):
    """A study's fits without their answers, newest first."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [{"items": [_EXAMPLE_SUMMARY]}]})

    items: list[FitSummary]


class FitNotFound(ApiError):
    """There is no fit with this id."""

    status, kind, title = 404, "fit-not-found", "No such fit"


class UnreadableBody(ApiError):
    """The body is no text, so that it cannot be JSON either."""

    status, kind, title = 400, "http-error", "HTTP error"
