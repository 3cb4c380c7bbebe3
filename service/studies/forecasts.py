"""What a specification would take, as the interface shows it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

EXAMPLE_CELL: dict[str, Any] = {
    "configuration": 0,
    "config": {"alpha": 0.01, "beta": 2e-5, "N": 50},
    "draws": 5,
    "t2_predicted": 390_000.0,
    "t2_low": 250_000.0,
    "t2_high": 610_000.0,
    "floor": 4e-4,
    "feasible": True,
    "alpha_max": 0.29,
    "reasons": {},
}

EXAMPLE_FORECAST: dict[str, Any] = {
    "trials": 60,
    "configurations": 12,
    "draws": 5,
    "packs": 2,
    "predicted": {"steps": 8_500_000, "seconds": 21.0, "memory_bytes": 1_900_000, "trials_without_prediction": 0},
    "looked_at": {"cells": 12, "draws": 5, "limits": []},
    "cells": [EXAMPLE_CELL],
    "warnings": [{"message": "3 of 12 cells: the predicted floor lies above ...", "pointer": "/budget/test_threshold"}],
}


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
    floor: float | None = Field(description="median relative error where training ends")
    feasible: bool | None = Field(description="whether the floor lies at or below the test threshold")
    alpha_max: float | None = Field(description="limit of the step size")
    reasons: dict[str, str] = Field(description="why a prediction is null")


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
