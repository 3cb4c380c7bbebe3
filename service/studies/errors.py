"""What the routes of studies refuse."""

from __future__ import annotations

from grokscale.service.problems import ApiError


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
