"""Fronts as the interface shows them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from grokscale.service.queries import Parameters

Response = Literal[
    "t1",
    "t1_gradient",
    "t2",
    "t2_stayed",
    "t2_plateau",
    "delay",
    "error_settled",
    "error_min",
    "error_plateau",
]

_T2 = {"value": 3297.0, "low": 1654.0, "high": 5174.0, "reached": 3, "seeds": 3, "reason": None}
_ERROR = {"value": 7.6e-4, "low": 7.0e-4, "high": 1.9e-3, "reached": 3, "seeds": 3, "reason": None}
_BEST: dict[str, Any] = {"configuration": 24, "config": {"alpha": 0.17, "beta": 1e-4}, "x": _T2, "y": _ERROR}

EXAMPLE_PARETO: dict[str, Any] = {
    "x": "t2",
    "y": "error_settled",
    "max_error": 1e-3,
    "configurations": 40,
    "not_proposed_yet": 0,
    "complete": 25,
    "left_out": {"diverged": 10, "infeasible": 5},
    "front": [24],
    "best": _BEST,
    "best_reason": None,
    "points": [{**_BEST, "on_front": True, "left_out": None}],
    "text": (
        "t2 3297 [1654, 5174] is the least with error_settled at most 0.001 at beta 0.0001, alpha 0.17 "
        "(configuration 24), where error_settled is 0.00076 [0.0007, 0.0019]; medians, with the range over 3 seeds. "
        "1 of 25 configurations with both are on the front. 15 left out: 10 diverged, 5 infeasible."
    ),
}


class Median(BaseModel):
    """A response of a configuration over its seeds."""

    value: float | None = Field(description="median; null where half of the seeds or fewer have the response")
    low: float | None = Field(description="least over the seeds")
    high: float | None = Field(description="greatest over the seeds; null where one never has the response")
    reached: int = Field(description="seeds that have the response")
    seeds: int = Field(description="seeds that say something: not those cancelled, nor those without informative data")
    reason: str | None = Field(description="why a number is null")


class Choice(BaseModel):
    """A configuration with its two responses."""

    configuration: int
    config: dict[str, Any]
    x: Median
    y: Median


class Point(Choice):
    """A configuration, and whether no other is at most as large in both responses and smaller in one."""

    on_front: bool
    left_out: str | None = Field(description="why it is not compared: pending, infeasible, stalled, right, ...")


class Pareto(BaseModel):
    """Two responses of every configuration against each other; both shall be small."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_PARETO]})

    x: str
    y: str
    max_error: float | None = Field(description="the bound on y; null for none")
    configurations: int
    not_proposed_yet: int = Field(description="configurations that an adaptive search has still to propose")
    complete: int = Field(description="configurations that have both responses")
    left_out: dict[str, int] = Field(description="the others, by reason")
    front: list[int] = Field(description="configurations that none dominates, by ascending x")
    best: Choice | None = Field(description="least x with y within the bound, as far as is known now")
    best_reason: str | None = Field(description="why there is none")
    points: list[Point] = Field(description="the front first, then by ascending x, then those left out")
    text: str = Field(description="the result in a few sentences")


class ParetoQuery(Parameters):
    """What to weigh."""

    x: Response | None = Field(None, description="what the best has least of; null: of the objective, else t2")
    y: Response | None = Field(None, description="what is bounded; null: of the objective, else error_settled")
    max_error: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="upper bound on y; null: of the objective, else none"
    )
    limit: int = Field(1000, ge=1, le=10_000, description="points listed")
