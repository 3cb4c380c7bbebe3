"""The route of events. It is `async`, because a listener may wait for hours, and would occupy a thread all that
time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.responses import StreamingResponse

from grokscale.service.context import TheSettings, TheStore
from grokscale.service.events.feed import Feed
from grokscale.service.events.models import EXAMPLE_STREAM, ITEM
from grokscale.service.problems import InvalidRequest, refusals
from grokscale.service.queries import NoParameters
from grokscale.service.studies.models import StudyNotFound
from grokscale.service.work.rooms import Busy
from grokscale.studies.store import NotFound

router = APIRouter(prefix="/v1", tags=["events"])


UNBUFFERED = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


class EventStream(StreamingResponse):
    """Server-sent events that are formatted already; FastAPI's own class would format each event for each listener."""

    media_type = "text/event-stream"


class NothingFollows(Exception):
    """The study has ended and the listener has seen all events. It is answered 204, which tells an EventSource not
    to reconnect.
    """


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
    _refused: Annotated[None, NoParameters],
    last_event_id: Annotated[
        int | None,
        Header(
            alias="Last-Event-ID", ge=0, lt=2**63, description="number of the last event seen; none: from the first"
        ),
    ] = None,
) -> Place:
    head = store.heads([study_id]).get(study_id)
    if head is None:
        raise NotFound("study", study_id)  # said before the stream begins
    if last_event_id is not None and head.ended and last_event_id >= head.seq:
        raise NothingFollows
    return Place(study_id, last_event_id or 0)


@router.get(
    "/studies/{study_id:id}/events",
    summary="Follow a study",
    response_class=Response,
    responses={
        200: {
            "description": "Server-sent events, as they happen.",
            "content": {EventStream.media_type: {"itemSchema": ITEM, "example": EXAMPLE_STREAM}},
        },
        204: {"description": "The study has ended and Last-Event-ID is its last event."},
    }
    | refusals(StudyNotFound, InvalidRequest, Busy),
)
async def follow_study(place: Annotated[Place, Depends(_place)], feed: TheFeed, settings: TheSettings) -> EventStream:
    """Send state changes, progress and ended trials; the stream ends when the study has ended and all were sent.

    Without `Last-Event-ID` the stream begins with the study's first event. Of the progress events only the latest is
    kept, so the numbers have gaps.
    """
    most = settings.max_connections // 2
    if feed.listeners >= most:
        detail = f"{most} listeners follow studies already, as many as this server takes (GROKSCALE_MAX_CONNECTIONS)"
        raise Busy(detail, headers={"Retry-After": "15"})
    return EventStream(feed.listen(place.study_id, place.after), headers=UNBUFFERED)
