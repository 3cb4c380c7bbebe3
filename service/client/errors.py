"""What the client raises; the tree is drawn in the package's docstring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from grokscale.studies.portable import PortableError


class GrokscaleError(PortableError):
    """Base of all that the client raises; each survives pickling."""


class InvalidArgument(GrokscaleError, ValueError):
    """What was given cannot be used, and the server was not asked: a URL, key, proxy, value or ending of a file."""


class ConnectionFailed(GrokscaleError):
    """No server answered, or the connection broke."""


class WaitTimeout(GrokscaleError):
    """The study had not ended in time; it goes on."""


class StudyFailed(GrokscaleError):
    """The study itself cannot go on; the message is its reason."""


class ProblemError(GrokscaleError):
    """The server refused with a problem document.

    Attributes:
        status: HTTP status.
        type: URI of the kind of problem.
        detail: what went wrong.
        faults: `{"in", "pointer", "detail"}` for every faulty field.
        request_id: names the request in the server's log.
        document: the whole problem document.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.status = int(document.get("status", 0))
        self.type = str(document.get("type", "about:blank"))
        self.title = str(document.get("title", ""))
        self.detail = str(document.get("detail", ""))
        # another server's problem documents have faults of another form
        errors = document.get("errors")
        faults = errors if isinstance(errors, list) else []
        self.faults: list[dict[str, Any]] = [fault for fault in faults if isinstance(fault, dict)]
        self.request_id = document.get("request_id")
        self.document = dict(document)
        super().__init__(f"{self.title} ({self.status}): {self.detail}")


class Unauthorized(ProblemError):
    """401."""


class NotFound(ProblemError):
    """404."""


class Conflict(ProblemError):
    """409."""


class TooLittleData(Conflict):
    """409 of a law; `document["counts"]` says what there is."""


class TooLarge(ProblemError):
    """413."""


class Invalid(ProblemError):
    """422."""


class TooManyRequests(ProblemError):
    """429."""


class ServerFailed(ProblemError):
    """5xx."""


_BY_STATUS: dict[int, type[ProblemError]] = {
    401: Unauthorized,
    404: NotFound,
    409: Conflict,
    413: TooLarge,
    422: Invalid,
    429: TooManyRequests,
}
_BY_TYPE: dict[str, type[ProblemError]] = {"urn:grokscale:problem:too-little-data": TooLittleData}


def problem(document: Mapping[str, Any]) -> ProblemError:
    """Return the error that a problem document stands for."""
    status = int(document.get("status", 0))
    by_status = _BY_STATUS.get(status, ServerFailed if status >= 500 else ProblemError)
    return _BY_TYPE.get(str(document.get("type")), by_status)(document)
