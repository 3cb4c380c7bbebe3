"""Problem documents (RFC 9457): the form of every refusal and failure. This module knows nothing of what is served.

Code that refuses a request raises a subclass of `ApiError`. A route lists those that it can raise with
`refusals(...)`, which the OpenAPI document shows. `service.framework` gives the framework's own refusals the same
form. The request log answers unexpected exceptions, and keeps their traceback from the client.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import Scope

MEDIA_TYPE = "application/problem+json"

Place = Literal["body", "query", "path", "header"]


class Fault(BaseModel):
    """One thing that is wrong with a request: where, and what would be accepted."""

    place: Place = Field("body", serialization_alias="in", description="what `pointer` points into")
    pointer: str = Field(
        description='JSON pointer (RFC 6901): a field of the body, or `/name` of a parameter; "" is the whole',
        examples=["/optimizer/alpha"],
    )
    detail: str = Field(description="the value, and what would be accepted", examples=["0 is not above 0"])


class Problem(BaseModel):
    """A problem document (RFC 9457). A type may add members of its own."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:grokscale:problem:study-not-found",
                    "title": "No such study",
                    "status": 404,
                    "detail": "no study '0199f6e0-5a3c-7c1e-9d7b-3f1f6a2b4c5d'",
                    "instance": "/v1/studies/0199f6e0-5a3c-7c1e-9d7b-3f1f6a2b4c5d",
                    "request_id": "0199f6e1-0b7a-7d52-8a44-6b0f3c9e1d20",
                    "errors": [],
                }
            ]
        },
    )

    type: str = Field(description="URI of the kind of problem; stable, for programs")
    title: str = Field(description="the kind of problem in words")
    status: int = Field(description="the HTTP status")
    detail: str = Field(description="what went wrong this time, and what to do about it")
    instance: str = Field(description="path of the request")
    request_id: str = Field(description="also the X-Request-ID header and in every log line of the request")
    errors: list[Fault] = Field(default=[], description="every faulty field")


class ApiError(Exception):
    """Base of all refusals.

    Attributes:
        status: HTTP status.
        kind: last part of the problem's `type`.
        title: the kind of problem in words.
        detail: what went wrong this time.
        faults: faulty fields, all of them at once.
        headers: headers of the answer.
        members: further members of the problem document.
    """

    status: int = 500
    kind: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Internal error"

    def __init__(
        self,
        detail: str,
        *,
        faults: Iterable[Fault] = (),
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = list(faults)
        self.headers = dict(headers or {})
        self.members = members


class RouteNotFound(ApiError):
    """No route has this path."""

    status, kind, title = 404, "route-not-found", "No such route"


class MethodNotAllowed(ApiError):
    """The path has routes, none for this method; `Allow` says for which."""

    status, kind, title = 405, "method-not-allowed", "Method not allowed"


class NotAcceptable(ApiError):
    """None of the media types of `Accept` can be served."""

    status, kind, title = 406, "not-acceptable", "No acceptable media type"


class BodyTooLarge(ApiError):
    """The body is above the limit."""

    status, kind, title = 413, "body-too-large", "Body too large"


class UnsupportedMediaType(ApiError):
    """The body's Content-Type is not one that the route reads."""

    status, kind, title = 415, "unsupported-media-type", "Unsupported media type"


class InvalidRequest(ApiError):
    """Parameters, headers or path do not have the documented form; every faulty one is named."""

    status, kind, title = 422, "invalid-request", "Invalid request"


class HttpError(ApiError):
    """Any other answer of the framework that is an error."""

    kind, title = "http-error", "HTTP error"


def refusals(*errors: type[ApiError]) -> dict[int | str, dict[str, Any]]:
    """Return the `responses=` of a route that can raise these errors."""
    documented: dict[int | str, dict[str, Any]] = {}
    for error in errors:
        text = f"{error.title}. {(error.__doc__ or '').strip()}"
        known = documented.get(error.status)
        description = f"{known['description']}\n\n{text}" if known else text
        documented[error.status] = {"model": Problem, "description": description}
    return documented


def document(scope: Scope, error: ApiError) -> Problem:
    """Return the problem document of an error that this request met."""
    return Problem(
        type=f"urn:grokscale:problem:{error.kind}",
        title=error.title,
        status=error.status,
        detail=error.detail,
        instance=scope["path"],
        request_id=scope.get("state", {}).get("request_id", ""),
        errors=error.faults,
        **error.members,
    )


def respond(scope: Scope, error: ApiError) -> Response:
    """Return the answer to a request that met this error."""
    body = document(scope, error).model_dump_json(by_alias=True)
    return Response(body, error.status, error.headers, MEDIA_TYPE)
