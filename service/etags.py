"""Entity tags: hashes of what is sent, by which a caller learns that it has it already."""

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
    tag = tag_of(body.encode())
    if holds(if_none_match, tag):
        return Response(status_code=304, headers={"ETag": tag})
    return Response(body, media_type="application/json", headers={"ETag": tag})


def tag_of(content: bytes) -> str:
    """Return the ETag of content, or of what the content is made from."""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def holds(if_none_match: str | None, tag: str) -> bool:
    """Whether the caller has the content of this tag."""
    known = [one.strip().removeprefix("W/") for one in (if_none_match or "").split(",")]
    return tag in known or "*" in known
