"""Turns what the framework itself refuses (no such route, wrong method, failed validation) into problem documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import Match

from grokscale.service.problems import (
    ApiError,
    Fault,
    HttpError,
    InvalidRequest,
    MethodNotAllowed,
    RouteNotFound,
    respond,
)
from grokscale.service.queries import models, plus_hint

SHOWN = 80
MOST = 100
"""Faults that are listed in one answer."""


def install(app: FastAPI) -> None:
    """Answer every `ApiError`, and every exception of the framework, with a problem document."""
    app.add_exception_handler(ApiError, _refuse)
    app.add_exception_handler(HTTPException, _refuse_http)
    app.add_exception_handler(RequestValidationError, _refuse_invalid)


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return respond(request.scope, error)


async def _refuse_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    path = request.url.path
    if error.status_code == 404:
        return respond(request.scope, RouteNotFound(f"nothing is served at {path}; see /docs"))
    if error.status_code == 405:
        allowed = ", ".join(_methods(request))
        detail = f"{request.method} is not served at {path}; accepted: {allowed}"
        return respond(request.scope, MethodNotAllowed(detail, headers={"Allow": allowed}))
    other = HttpError(str(error.detail), headers=error.headers)
    other.status = error.status_code
    return respond(request.scope, other)


def _methods(request: Request) -> list[str]:
    """Return the methods that any route serves at this path; the router itself names only those of the first route."""
    routes = iter_route_contexts(request.app.routes)
    found = {m for route in routes if route.matches(request.scope)[0] is Match.PARTIAL for m in route.methods or ()}
    return sorted(found | ({"HEAD"} if "GET" in found else set()))


async def _refuse_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    faults = [_fault(request, one) for one in found[:MOST]]
    if len(found) > MOST:
        faults.append(Fault(place=faults[-1].place, pointer="", detail="and more"))
    detail = "; ".join(f"{fault.place} {fault.pointer}: {fault.detail}" for fault in faults)
    return respond(request.scope, InvalidRequest(detail, faults=faults))


def _fault(request: Request, error: Mapping[str, Any]) -> Fault:
    place, *path = error["loc"]
    pointer = "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)
    if error["type"] == "extra_forbidden":
        accepted = ", ".join(_parameters(request)) or "none"
        return Fault(place=place, pointer=pointer, detail=f"unknown parameter; accepted: {accepted}")
    if error["type"] == "missing":
        return Fault(place=place, pointer=pointer, detail="missing")
    shown = repr(error["input"])
    shown = shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}…"
    hint = plus_hint(error["input"]) if place == "query" else ""
    return Fault(place=place, pointer=pointer, detail=f"{shown} is refused: {error['msg']}{hint}")


def _parameters(request: Request) -> list[str]:
    return [name for model in models(request) for name in model.model_fields]
