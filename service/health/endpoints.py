"""The routes of health. Both answer without a key, and are `async`: they need no thread and ask no other process."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from grokscale.service.health.models import Alive, Readiness
from grokscale.service.health.readiness import Health
from grokscale.service.queries import NoParameters

router = APIRouter(tags=["health"], dependencies=[NoParameters])


async def _health(request: Request) -> Health:
    return request.app.state.health


@router.get("/livez", summary="Is the process alive?", response_model=Alive)
async def livez() -> Alive:
    """Answer, and ask nobody."""
    return Alive()


@router.get(
    "/readyz",
    summary="Can requests be served?",
    response_model=Readiness,
    responses={503: {"model": Readiness, "description": "It cannot; `reason` says why."}},
)
async def readyz(health: Annotated[Health, Depends(_health)], response: Response) -> Readiness:
    """Say whether the database took a write and is migrated, and how the runner is, as it was found some seconds ago.

    A write that waits for a lock leaves what was found before it as it is: only one that has waited in vain counts.
    """
    readiness = health.readiness()
    response.status_code = 200 if readiness.status == "ready" else 503
    return readiness
