"""Trials as the interface shows them, and what it refuses. Times are in steps."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from grokscale.service.examples import example
from grokscale.service.problems import ApiError
from grokscale.service.queries import Listed, Paging, Parameters
from grokscale.trainers.trial import Censoring, Obtained, OutcomeWord

EXAMPLE_CROSSING = example("crossing")

EXAMPLE_TRIAL = example("trial")


class _Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class Crossing(_Shown):
    """When an error first came to or below a threshold: in `(lower, upper]`."""

    step: int | None = Field(description="where it was seen to the step")
    lower: int
    upper: int | None = Field(description="null where there is no upper end")
    censoring: Censoring
    stayed: int | None = Field(None, description="the step from which it never rose above the threshold again")


class Delay(_Shown):
    """t2 - t1, in `(lower, upper]`."""

    step: int | None
    lower: int
    upper: int | None
    censoring: Censoring


class Rung(_Shown):
    """Both crossings of one threshold of the ladder."""

    t1: Crossing | None
    t2: Crossing | None


class ErrorPoint(_Shown):
    """The test error at one step."""

    error: float = Field(description="as the task defines it")
    step: int
    measures: dict[str, float | None] = Field(
        description="what the task measures beside it: `mean_l1` (sparse_recovery), the mean absolute error of a "
        "coordinate; null where it was not finite"
    )


class Trial(_Shown):
    """One configuration with one seed. Until it has ended, `outcome` and what follows from it are null or empty."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [EXAMPLE_TRIAL]})

    id: str
    study_id: str
    index: int = Field(description="position in the study's plan")
    configuration: int = Field(description="number of the point of the swept fields")
    config: dict[str, Any] = Field(description="the fixed and swept fields, flat")
    seed: int
    data_id: str = Field(
        description="the data: trials that share it, of other studies too, were trained on the same; a law has one "
        "intercept each"
    )
    stream_id: str = Field(
        description="the random numbers that the data are made of: under `stream: legacy` those of one seed serve "
        "every N, s and tau, so that their data are not independent"
    )
    outcome: OutcomeWord | None
    obtained: Obtained | None
    looks: str | None = Field(
        description="how the errors were watched: `certified` missed nothing; `every 10`, `ratio 1.01`: on such a grid "
        "of steps, so that a crossing lies between two of them"
    )
    steps: int | None = Field(description="steps taken")
    t1: Crossing | None = Field(description="memorisation: crossing of the train threshold")
    t1_gradient: Crossing | None = Field(
        description="first step at which the regulariser's gradient outweighs the loss's"
    )
    t2: Crossing | None = Field(description="generalisation: crossing of the test threshold")
    t2_plateau: Crossing | None = Field(description="by the published plateau rule")
    delay: Delay | None
    delay_reason: str | None = Field(description="why there is no delay")
    ladder: dict[str, Rung] = Field(description="the crossings of other thresholds, by threshold")
    errors: dict[str, ErrorPoint | None] = Field(
        description="test errors at `t1`, `t2`, `stop`, `min`, `settled`, `plateau`"
    )
    error_reasons: dict[str, str] = Field(description="why one of them is null")
    theory: dict[str, float | None] = Field(description="what theory says of this trial")
    theory_reasons: dict[str, str] = Field(description="why a theory column is null")
    pack: int = Field(description="number of the pack that trains it")
    attempt: int | None = Field(description="attempt of the pack that delivered the outcome")
    host: str | None
    seconds: float | None = Field(description="its share of the pack's compute time")
    error: dict[str, Any] | None = Field(description="of a diverged or failed trial")


class Trials(_Shown):
    """A page of trials."""

    model_config = ConfigDict(
        from_attributes=True, json_schema_extra={"examples": [{"items": [EXAMPLE_TRIAL], "next": None}]}
    )

    items: list[Trial]
    next: str | None = Field(description="`cursor` of the following page; null on the last")


class TrialsQuery(Paging):
    """Which trials, and in which order."""

    outcome: Annotated[list[Literal[OutcomeWord, "pending"]], Listed] = Field(
        [], description="any of these; `pending` has not ended"
    )
    range: Annotated[list[Annotated[str, Field(max_length=200)]], Listed] = Field(
        [],
        description="`FIELD:LOWEST:HIGHEST`, a range of a numeric field of the configuration: both ends included, "
        "either may be left empty; every range given must hold",
        examples=[["alpha:0.01:0.1", "N:30:"]],
    )
    sort: str = Field(
        "index",
        max_length=200,
        description="`index`, `seed`, `outcome`, `t1`, `t2`, `steps` or a numeric field of the configuration; "
        "descending with `-` before it; missing values come last",
    )


class Curves(BaseModel):
    """A trial along its run, thinned to the points asked for; first and last are kept."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "trial_id": EXAMPLE_TRIAL["id"],
                    "step": [0, 1, 10, 100],
                    "columns": {"train_error": [1.0, 0.93, 0.21, 0.0007], "test_error": [1.0, 0.99, 0.88, 0.84]},
                    "coordinates": None,
                }
            ]
        }
    )

    trial_id: str
    step: list[int]
    columns: dict[str, list[float | None]] = Field(description="one value a point; null where it was not finite")
    coordinates: list[list[float] | None] | None = Field(
        description="the iterate at each point; only where `metrics` names `coordinates` and the budget recorded them"
    )


class CurvesQuery(Parameters):
    """Which curves."""

    metrics: Annotated[list[Annotated[str, Field(max_length=200)]], Listed] = Field(
        [],
        max_length=100,
        description="columns; all but the coordinates if left out",
        examples=[["train_error", "test_error"]],
    )
    max_points: int = Field(500, ge=2, le=100_000, description="points at most")


class TrialNotFound(ApiError):
    """There is no trial with this id."""

    status, kind, title = 404, "trial-not-found", "No such trial"
