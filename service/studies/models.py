"""Studies as the interface shows them, and what it refuses."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from grokscale.service.examples import example
from grokscale.service.problems import ApiError
from grokscale.service.queries import Listed, Paging
from grokscale.studies.lifecycle import State

EXAMPLE_SPEC = example("spec")

EXAMPLE_YAML = example("yaml")

EXAMPLE_PROGRESS = example("progress")

EXAMPLE_STUDY = example("study")


class Preparing(BaseModel):
    """Kernels that a machine trains by are compiled, once a version; the study's trials begin thereafter."""

    model_config = ConfigDict(from_attributes=True)

    seconds_left: float = Field(description="about how long that still takes")


class Progress(BaseModel):
    """How far a study is."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [EXAMPLE_PROGRESS]})

    total: int = Field(description="trials planned")
    ended: int = Field(description="trials with an outcome")
    by_outcome: dict[str, int] = Field(description="trials by outcome; words without a trial are left out")
    steps_per_second: float = Field(description="steps of all running trials together; 0 when nothing runs")
    eta_seconds: float | None = Field(description="until the packs planned so far end; null where none knows yet")
    losses: int = Field(description="attempts lost with their node or connection, and taken up again: no failures")
    preparing: Preparing | None = Field(description="what the study waits for before it trains; counted in the ETA")


class Study(BaseModel):
    """A specification plus all that came of it."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [EXAMPLE_STUDY]})

    id: str = Field(description="UUIDv7: ordered by time of submission")
    name: str
    state: State
    reason: str | None = Field(
        description="why the study or all of its trials failed, or what a queued one waits for; `imported`, and what "
        "was assumed of the columns, of runs made elsewhere"
    )
    tags: list[str]
    priority: int = Field(description="higher runs first")
    spec: dict[str, Any] = Field(description="the specification in canonical form, defaults filled in")
    spec_hash: str = Field(description="hex SHA-256 of the canonical form")
    progress: Progress
    versions: dict[str, Any] = Field(description="of the libraries that the server had when it took the study")
    created: datetime
    started: datetime | None
    ended: datetime | None


class Studies(BaseModel):
    """A page of studies, newest first."""

    model_config = ConfigDict(
        from_attributes=True, json_schema_extra={"examples": [{"items": [EXAMPLE_STUDY], "next": None}]}
    )

    items: list[Study]
    next: str | None = Field(description="`cursor` of the following page; null on the last")


def _utc(time: datetime) -> datetime:
    try:
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except OverflowError:
        raise ValueError("in UTC it lies outside of the years 1 to 9999") from None


Time = Annotated[datetime, AfterValidator(_utc)]


class StudiesQuery(Paging):
    """Which studies; every condition given must hold."""

    state: Annotated[list[State], Listed] = Field([], description="any of these states")
    task: str | None = Field(None, description="the task's kind", examples=[example("kind")])
    name_prefix: str | None = Field(None, description="beginning of the name")
    tag: str | None = Field(None, description="one of the study's tags")
    created_after: Time | None = Field(None, description="RFC 3339; without an offset it is UTC")
    created_before: Time | None = Field(None, description="RFC 3339; without an offset it is UTC")


class InvalidSpecification(ApiError):
    """The specification is refused; `errors` names every faulty field by JSON pointer."""

    status, kind, title = 422, "invalid-specification", "Invalid study specification"


class IdempotencyKeyReused(ApiError):
    """The Idempotency-Key was used before with another body."""

    status, kind, title = 422, "idempotency-key-reused", "Idempotency-Key used for another request"


class SubmissionUnderWay(ApiError):
    """The study that this Idempotency-Key was sent with is being made; the same request gets it when it is there."""

    status, kind, title = 409, "submission-under-way", "The study is being made"


class TooMuchQueued(ApiError):
    """The key has as much waiting as it may: `limit` names the server's setting, `most` and `waiting` its numbers."""

    status, kind, title = 429, "too-much-queued", "Too much is queued already"


class StudyNotFound(ApiError):
    """There is no study with this id."""

    status, kind, title = 404, "study-not-found", "No such study"


class ImpossibleStateChange(ApiError):
    """The study's state does not allow this; `state` says which it is in, `possible` what can be asked of it."""

    status, kind, title = 409, "impossible-state-change", "Impossible in this state"


class AnotherTask(ApiError):
    """The study's task is not here, or draws other data now: what was trained and what would be are not one study."""

    status, kind, title = 409, "another-task", "The task is another one now"


class StudyNotEnded(ApiError):
    """Only an ended study can be deleted."""

    status, kind, title = 409, "study-not-ended", "The study has not ended"
