"""Entity tags: the hash of what is sent, so that a caller who has it already is told so."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import Header, Response
from pydantic import BaseModel

IfNoneMatch = Annotated[
    str | None, Header(alias="If-None-Match", description="ETags that you have; 304 if one still holds")
]


def tagged(model: BaseModel, if_none_match: str | None) -> Response:
    """Return the model as JSON with its ETag, or 304 where the caller has it."""
    body = model.model_dump_json()
    tag = f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'
    if _holds(if_none_match, tag):
        return Response(status_code=304, headers={"ETag": tag})
    return Response(body, media_type="application/json", headers={"ETag": tag})


def _holds(if_none_match: str | None, tag: str) -> bool:
    known = [one.strip().removeprefix("W/") for one in (if_none_match or "").split(",")]
    return tag in known or "*" in known
