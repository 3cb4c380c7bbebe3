"""Idempotency keys: what makes it safe to send a submission again after a lost answer."""

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
    """A request that may be a repetition: who sent it, to which route, under which key."""

    def __init__(self, caller: str, route: str, key: str | None) -> None:
        self.caller = caller
        self.route = route
        self.key = key

    def row(self, body_hash: str) -> Idempotency | None:
        """Return the row to be written with what the request makes; None where no key was given."""
        if self.key is None:
            return None
        return Idempotency(self.caller, self.route, self.key, body_hash)


async def _attempt(request: Request, key: Key = None) -> Attempt:
    caller = request.scope["state"].get("caller", "loopback")
    return Attempt(caller, f"{request.method} {request.url.path}", key)


TheAttempt = Annotated[Attempt, Depends(_attempt)]
