"""What is said beside a table of finished runs, and what is refused of it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from grokscale.service.problems import ApiError
from grokscale.service.queries import Listed, Parameters


class InvalidTable(ApiError):
    """The table is refused; `errors` names every faulty cell by row and column, and every faulty argument."""

    status, kind, title = 422, "invalid-table", "Invalid table of runs"


class TableTooLong(ApiError):
    """Reading the table was ended at the server's deadline. The same again would take as long."""

    status, kind, title = 422, "table-too-long", "Reading the table takes too long"


_Names = Annotated[list[Annotated[str, Field(max_length=400)]], Listed]


class ImportQuery(Parameters):
    """What is said beside CSV and Parquet, which have no place for it. A JSON document says it itself."""

    name: str | None = Field(None, max_length=400, description="of the study", examples=["adamw sweep"])
    tags: _Names = Field([], max_length=50, description="words to find the study by")
    rate: str | None = Field(
        None,
        max_length=400,
        description="columns whose product the runs' speed is proportional to, the strength of the regulariser last: "
        "laws are of its inverse unless asked otherwise; left out: what an exported file says, else alpha*beta",
        examples=["lr*weight_decay"],
    )
    data: _Names = Field(
        [],
        max_length=500,
        description="columns that name the data of a run (a data set, its size), empty for none; left out: what the "
        "file says, else what is known by its name, else every number but the rate, which `reason` then names",
    )
    rename: Annotated[list[Annotated[str, Field(max_length=800, pattern="=")]], Listed] = Field(
        [], max_length=500, description="`OLD=NEW`: what a column shall be called", examples=[["config/lr=lr"]]
    )
    ignore: _Names = Field([], max_length=500, description="columns that are left out")
    train_threshold: float | None = Field(
        None, allow_inf_nan=False, description="what t1 is the crossing of; left out: as in the file, else 0.01"
    )
    test_threshold: float | None = Field(
        None, allow_inf_nan=False, description="what t2 is the crossing of; left out: as in the file, else 0.01"
    )
    steps_per_unit: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="optimiser steps in one unit of the file's times (391 for epochs of 391 batches; left out: 1); a "
        "time that is exact in larger units is a bracket of steps",
    )
    error: str | None = Field(None, max_length=400, description="what the errors are", examples=["1 - accuracy"])

    def said(self) -> dict[str, Any]:
        """Return it as a JSON document would say it: what was not given is left out."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        for name in ("tags", "data", "ignore"):
            if name in given:
                given[name] = [one for one in given[name] if one]
        if "rename" in given:
            pairs = [one.rpartition("=") for one in given["rename"]]
            given["rename"] = {old: new for old, _, new in pairs}
        return given


EXAMPLE_CSV = """\
seed,lr,weight_decay,t1_step,t2_step,steps
0,0.001,0.1,1200,48000,100000
0,0.001,0.3,1150,17000,100000
0,0.003,0.1,430,,100000
"""

EXAMPLE_JSON: dict[str, Any] = {
    "name": "adamw sweep",
    "task": {"rate": "lr*weight_decay", "data": [], "error": "1 - accuracy"},
    "rows": [
        {"seed": 0, "lr": 0.001, "weight_decay": 0.1, "t2_lower": 47900, "t2_upper": 48000, "t2_censoring": "interval"},
        {"seed": 0, "lr": 0.003, "weight_decay": 0.1, "t2_lower": 100000, "t2_upper": None, "t2_censoring": "right"},
    ],
}

_DOCUMENT: dict[str, Any] = {
    "type": "object",
    "required": ["name", "rows"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 200},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 50},
        "task": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "rate": {"type": "string", "description": "lr*weight_decay; see the parameter"},
                "data": {"type": "array", "items": {"type": "string"}},
                "error": {"type": "string"},
                "train_threshold": {"type": "number"},
                "test_threshold": {"type": "number"},
                "steps_per_unit": {"type": "number", "exclusiveMinimum": 0},
            },
        },
        "rename": {"type": "object", "additionalProperties": {"type": "string"}},
        "ignore": {"type": "array", "items": {"type": "string"}},
        "rows": {
            "type": "array",
            "minItems": 1,
            "description": "one object a run: columns to numbers, texts or null",
            "items": {
                "type": "object",
                "properties": {"seed": {"type": "integer", "minimum": 0}},
                "required": ["seed"],
            },
        },
    },
}

DOCUMENTED = {
    "requestBody": {
        "required": True,
        "description": "One row a run. Needed: `seed`, the columns of the rate, and `t2_step` or `t2_lower`, "
        "`t2_upper` and `t2_censoring`. Understood beside them: the same of `t1`, `t1_gradient` and `t2_plateau`, "
        "`t2_stayed`, `draw` (runs of one draw were trained on the same data), `steps` (that the run took), `limit` "
        "(after which it was given up), `outcome`, `error_stop` and its like, and all that an exported table has. "
        "Every other column is a field of the configuration.",
        "content": {
            "text/csv": {"schema": {"type": "string"}, "examples": {"a sweep": {"value": EXAMPLE_CSV}}},
            "application/vnd.apache.parquet": {
                "schema": {"type": "string", "contentMediaType": "application/vnd.apache.parquet"}
            },
            "application/json": {"schema": _DOCUMENT, "examples": {"a sweep": {"value": EXAMPLE_JSON}}},
        },
    }
}
"""The `openapi_extra=` of the route."""
