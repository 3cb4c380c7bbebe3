"""Fronts as the interface shows them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from grokscale.service.examples import example
from grokscale.service.queries import Parameters
from grokscale.studies.vocabulary import Response

EXAMPLE_PARETO = example("pareto")


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
