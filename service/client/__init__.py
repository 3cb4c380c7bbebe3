"""The Python client.

    with Client() as client:                      # GROKSCALE_URL, GROKSCALE_API_KEY
        study = client.submit("study.yaml")
        study.wait()
        print(study.law("t2", x="1/(alpha*beta)")["text"])

What it raises:

    GrokscaleError
    ├── InvalidArgument         a URL, key or value that cannot be sent; also a ValueError
    ├── ConnectionFailed        no server answered, or it broke off
    ├── WaitTimeout             `wait` ran out of its time; the study goes on
    ├── StudyFailed             `wait` met a study that cannot go on
    └── ProblemError            the server refused; has `status`, `type`, `detail`, `faults`, `request_id`, `document`
        ├── Unauthorized        401: the key is missing or unknown
        ├── NotFound            404
        ├── Conflict            409: the state does not allow it
        │   └── TooLittleData   there is too little to fit
        ├── TooLarge            413
        ├── Invalid             422: the specification or a parameter; `faults` names every faulty field
        ├── TooManyRequests     429
        └── ServerFailed        5xx
"""

from grokscale.service.client.client import Client
from grokscale.service.client.errors import (
    Conflict,
    ConnectionFailed,
    GrokscaleError,
    Invalid,
    InvalidArgument,
    NotFound,
    ProblemError,
    ServerFailed,
    StudyFailed,
    TooLarge,
    TooLittleData,
    TooManyRequests,
    Unauthorized,
    WaitTimeout,
)
from grokscale.service.client.study import Study

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
    "TooLarge",
    "TooLittleData",
    "TooManyRequests",
    "Unauthorized",
    "WaitTimeout",
]
