"""The public face of grokscale for scripts.

`Client` talks to a server (its errors are drawn as a tree in `service.client`), `StudySpec` is a specification, and
`law`, `phases` and `theory` answer from a table of trials without any server.
"""

from service.client import (
    Client,
    Conflict,
    ConnectionFailed,
    GrokscaleError,
    Invalid,
    InvalidArgument,
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
from studies.phases import phases
from studies.spec import StudySpec
from studies.theory import theory

__all__ = [
    "Client",
    "Conflict",
    "ConnectionFailed",
    "GrokscaleError",
    "Invalid",
    "InvalidArgument",
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
    "phases",
    "theory",
]
