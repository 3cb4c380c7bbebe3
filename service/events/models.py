"""Events as the interface shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from grokscale.studies.store import EventType

EXAMPLE_STREAM = """\
event: state
data: {"study_id":"0199f6e0-5a3c-7c1e-9d7b-3f1f6a2b4c5d","seq":1,"time":"2026-01-05T10:00:00Z","type":"state",\
"data":{"state":"queued","previous":null,"reason":null}}
id: 1

"""


class Event(BaseModel):
    """One event of a study."""

    model_config = ConfigDict(from_attributes=True)

    study_id: str
    seq: int = Field(description="number in the study, also the SSE `id`; rising, gaps are possible")
    time: datetime
    type: EventType = Field(description="also the SSE `event`")
    data: dict[str, Any] = Field(
        description="`state`: `{state, previous, reason}`; `progress`: the study's progress object; `trial`: an ended "
        "trial, `{id, index, configuration, seed, outcome, steps, t1, t2}`"
    )


ITEM: dict[str, Any] = {
    "type": "object",
    "properties": {
        "event": {"type": "string"},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": Event.model_json_schema(mode="serialization"),
        },
        "id": {"type": "string"},
    },
    "required": ["data"],
}
"""One event of the stream, as OpenAPI describes it: FastAPI does so only for streams that it writes out itself."""
