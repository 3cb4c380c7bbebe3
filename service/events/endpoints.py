"""The route of events. It alone is `async`: a listener waits for hours, and would hold a thread all that time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from service.context import TheStore
from service.events.feed import Feed
from service.events.models import EXAMPLE_STREAM, Event
from service.problems import InvalidRequest, refusals
from service.queries import NoParameters
from service.studies.errors import StudyNotFound

router = APIRouter(prefix="/v1", tags=["events"])


class NothingFollows(Exception):
    """The study has ended and the listener has seen all of it: 204, which tells an EventSource to come no more."""


async def no_content(_request: Request, _error: Exception) -> Response:
    """Answer `NothingFollows`."""
    return Response(status_code=204)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a listener begins."""

    study_id: str
    after: int


async def _feed(request: Request) -> Feed:
    return request.app.state.feed


TheFeed = Annotated[Feed, Depends(_feed)]


def _place(
    study_id: str,
    store: TheStore,
    feed: TheFeed,
    _refused: Annotated[None, NoParameters],
    last_event_id: Annotated[
        int | None,
        Header(
            alias="Last-Event-ID", ge=0, lt=2**63, description="number of the last event seen; none: from the first"
        ),
    ] = None,
) -> Place:
    store.state(study_id)  # no such study is said before the stream begins
    if last_event_id is not None and feed.is_over(study_id, last_event_id):
        raise NothingFollows
    return Place(study_id, last_event_id or 0)


@router.get(
    "/studies/{study_id:id}/events",
    summary="Follow a study",
    response_class=EventSourceResponse,
    responses={
        200: {
            "description": "Server-sent events, as they happen.",
            "content": {"text/event-stream": {"example": EXAMPLE_STREAM}},
        },
        204: {"description": "The study has ended and Last-Event-ID is its last event."},
    }
    | refusals(StudyNotFound, InvalidRequest),
)
async def follow_study(place: Annotated[Place, Depends(_place)], feed: TheFeed) -> AsyncIterator[ServerSentEvent]:
    """Send state changes, progress and ended trials; the stream ends when the study has ended and all were sent.

    Without `Last-Event-ID` the stream begins with the study's first event. Of the progress events only the latest is
    kept, so the numbers have gaps.
    """
    async for record in feed.listen(place.study_id, place.after):
        event = Event.model_validate(record)
        yield ServerSentEvent(data=event, event=event.type, id=str(event.seq))
