"""The public face of grokscale for scripts.

`Client` talks to a server (its errors are drawn as a tree in `service.client`), `StudySpec` is a specification, and
`law` fits a scaling law to a table of trials without any server.
"""

from service.client import (
    Client,
    Conflict,
    ConnectionFailed,
    GrokscaleError,
    Invalid,
    NotFound,
    ProblemError,
    ServerFailed,
    Study,
    StudyFailed,
    TooLarge,
    TooLittleData,
    TooManyRequests,
    Unauthorized,
    WaitTimeout,
)
from studies.laws import law
from studies.spec import StudySpec

__all__ = [
    "Client",
    "Conflict",
    "ConnectionFailed",
    "GrokscaleError",
    "Invalid",
    "NotFound",
    "ProblemError",
    "ServerFailed",
    "Study",
    "StudyFailed",
    "StudySpec",
    "TooLarge",
    "TooLittleData",
    "TooManyRequests",
    "Unauthorized",
    "WaitTimeout",
    "law",
]
