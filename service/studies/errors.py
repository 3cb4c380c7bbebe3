"""What the routes of studies refuse."""

from __future__ import annotations

from service.problems import ApiError


class InvalidSpecification(ApiError):
    """The specification is refused; `errors` names every faulty field by JSON pointer."""

    status, kind, title = 422, "invalid-specification", "Invalid study specification"


class IdempotencyKeyReused(ApiError):
    """The Idempotency-Key was used before with another body."""

    status, kind, title = 422, "idempotency-key-reused", "Idempotency-Key used for another request"


class StudyNotFound(ApiError):
    """There is no study with this id."""

    status, kind, title = 404, "study-not-found", "No such study"


class ImpossibleStateChange(ApiError):
    """The study's state does not allow this; `state` says which it is in, `possible` what can be asked of it."""

    status, kind, title = 409, "impossible-state-change", "Impossible in this state"


class StudyNotEnded(ApiError):
    """Only an ended study can be deleted."""

    status, kind, title = 409, "study-not-ended", "The study has not ended"
