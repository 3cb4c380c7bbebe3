"""Idempotency keys make it safe to repeat a submission whose answer was lost."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header, Request

from grokscale.studies.store import Idempotency

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Any unique text. With it, the same body gets the first answer again and makes nothing twice.",
        min_length=1,
        max_length=255,
        pattern=r"^[\x20-\x7e]+$",
    ),
]


class Attempt:
    """A request that may be a repetition: its sender, its route and its key."""

    def __init__(self, caller: str, route: str, key: str | None) -> None:
        self.caller = caller
        self.route = route
        self.key = key

    def row(self, body_hash: str) -> Idempotency | None:
        """Return the row to be written with what the request creates; None if no key was given."""
        if self.key is None:
            return None
        return Idempotency(self.caller, self.route, self.key, body_hash)


async def _attempt(request: Request, key: Key = None) -> Attempt:
    caller = request.scope["state"].get("caller", "loopback")
    return Attempt(caller, f"{request.method} {request.url.path}", key)


TheAttempt = Annotated[Attempt, Depends(_attempt)]
