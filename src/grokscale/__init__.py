"""The public face of grokscale for scripts.

`Client` talks to a server (its errors are drawn as a tree in `grokscale.service.client`), `StudySpec` is a
specification, `law`, `phases` and `theory` answer from a table of trials without any server, and `crossings` makes rows
of such a table of curves logged elsewhere.

What is named here is imported when it is first asked for (PEP 562): a script that talks to a server loads no numerics.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from grokscale.extras import extra

if TYPE_CHECKING:
    from grokscale.service.client import (
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
    from grokscale.studies.imports import crossings
    from grokscale.studies.laws import law
    from grokscale.studies.phases import phases
    from grokscale.studies.spec import StudySpec
    from grokscale.studies.theory import theory

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
    "crossings",
    "law",
    "phases",
    "theory",
]

_OF_LAWS = {
    "StudySpec": "grokscale.studies.spec",
    "crossings": "grokscale.studies.imports",
    "law": "grokscale.studies.laws",
    "phases": "grokscale.studies.phases",
    "theory": "grokscale.studies.theory",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in _OF_LAWS:
        with extra("laws"):
            value = getattr(import_module(_OF_LAWS[name]), name)
    else:
        value = getattr(import_module("grokscale.service.client"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
