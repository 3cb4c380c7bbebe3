"""What a chart may be asked for, and what its route refuses."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from grokscale.service.problems import ApiError
from grokscale.service.queries import Listed, Parameters
from grokscale.studies.charts.sizes import LEAST_SIDE, MOST_SIDE, MOST_TRIALS


class ChartQuery(Parameters):
    """What to draw, and how large."""

    response: str = Field("t2", max_length=200, description="law: the response", examples=["t2"])
    x: str | None = Field(
        None,
        max_length=1000,
        description="law: one monomial of swept fields and theory columns, `1/(alpha*beta)` if left out; phases: the "
        "field across; pareto: the response across, t2 if left out",
        examples=["1/(alpha*beta)"],
    )
    y: str | None = Field(
        None, max_length=200, description="phases: the field up; pareto: the response up, error_settled if left out"
    )
    outcome: str = Field("generalised", max_length=50, description="phases: the outcome whose share is drawn")
    effect: Literal["draw", "fixed", "random", "none"] = Field("draw", description="law: what the draws are, see there")
    threshold: float | None = Field(None, gt=0, description="law: a rung of the ladder in place of the study's own")
    trial: Annotated[list[Annotated[str, Field(max_length=100), AfterValidator(str.lower)]], Listed] = Field(
        [],
        max_length=MOST_TRIALS,
        description="curves: a trial's id or its index in the study; up to six of them. "
        "If left out, a few spread over the study",
    )
    width: int | None = Field(None, ge=LEAST_SIDE, le=MOST_SIDE, description="of the picture, in pixels at scale 1")
    height: int | None = Field(
        None,
        ge=LEAST_SIDE,
        le=MOST_SIDE,
        description="of the picture; one of several panels comes near both sides, any other has them exactly",
    )
    scale: float = Field(1.0, ge=1, le=4, description="png: pixels in one of `width` and `height`")


class ChartNotFound(ApiError):
    """There is no chart of this name, or none in this format; `known` has those that there are."""

    status, kind, title = 404, "chart-not-found", "No such chart"


class NothingToDraw(ApiError):
    """The study has nothing for this chart so far; `detail` says what is missing."""

    status, kind, title = 409, "nothing-to-draw", "Nothing to draw"
