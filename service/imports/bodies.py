"""The body that imports runs: a table by its Content-Type, read before it is parsed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request

from grokscale.service.negotiation import ALIASES
from grokscale.service.problems import UnsupportedMediaType
from grokscale.studies.imports.reading import CSV, JSON, PARQUET

ACCEPTED = (CSV, PARQUET, JSON)


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it was sent."""

    content: bytes
    media: str

    def hash(self, said: Mapping[str, Any]) -> str:
        """Return the hex SHA-256 of what was sent, and of what was said beside it."""
        beside = json.dumps([self.media, said], sort_keys=True)
        return hashlib.sha256(beside.encode() + b"\n" + self.content).hexdigest()


async def _table(request: Request) -> Table:
    media, *parameters = request.headers.get("content-type", "").lower().split(";")
    media = ALIASES.get(media.strip(), media.strip())
    charset = [one.partition("=")[2].strip(' "') for one in parameters if one.strip().startswith("charset=")]
    if media not in ACCEPTED or not {*charset} <= {"utf-8", "utf8", "us-ascii"}:
        shown, accepted = request.headers.get("content-type", ""), ", ".join(ACCEPTED)
        detail = f"Content-Type {shown!r} is not read here; accepted: {accepted}, text as UTF-8"
        raise UnsupportedMediaType(detail, headers={"Accept-Post": accepted})
    return Table(await request.body(), media)


TheTable = Annotated[Table, Depends(_table)]
