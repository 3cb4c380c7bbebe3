"""What a specification would take, as the interface shows it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from grokscale.service.examples import example

EXAMPLE_CELL = example("cell")

EXAMPLE_FORECAST = example("forecast")


class Predicted(BaseModel):
    """What the whole study is expected to take."""

    steps: float | None = Field(description="steps of all trials together")
    seconds: float | None = Field(description="wall time")
    memory_bytes: int | None = Field(description="of the packs that run side by side")
    trials_without_prediction: int = Field(description="trials of which theory says nothing: counted at max_steps")


class LookedAt(BaseModel):
    """What the predictions rest on."""

    cells: int
    draws: int
    limits: list[str] = Field(description="what kept it from looking at all of them")


class Cell(BaseModel):
    """Predictions for one configuration over the draws looked at."""

    configuration: int
    config: dict[str, Any]
    draws: int
    t2_predicted: float | None = Field(description="median step of generalisation")
    t2_low: float | None
    t2_high: float | None
    error_settled_predicted: float | None = Field(description="median test error where training ends")
    feasible: bool | None = Field(description="whether it lies at or below the test threshold")
    limits: dict[str, float] = Field(description="largest values of fields that train, where theory knows them")
    reasons: dict[str, str] = Field(description="why theory gives nothing, by its column")


class Caution(BaseModel):
    """Something that is allowed and worth a look."""

    message: str
    pointer: str | None = Field(None, description="the field of the specification that it is about")


class Forecast(BaseModel):
    """What a specification would take."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_FORECAST]})

    trials: int
    configurations: int
    draws: int = Field(description="data sets")
    packs: int
    predicted: Predicted
    looked_at: LookedAt
    cells: list[Cell] = Field(description="at most 1,000")
    warnings: list[Caution]
