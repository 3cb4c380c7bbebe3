"""Query parameters, which are strict: each is given once or is a list. Also the two that every list of results has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, get_origin

from fastapi import Depends, Query, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from grokscale.service.problems import Fault, InvalidRequest, Place
from grokscale.studies.documents import from_json
from grokscale.studies.spec import SpecError


class Parameters(BaseModel):
    """Base of every route's query parameters: an unknown one is refused by name."""

    model_config = ConfigDict(extra="forbid")


class Paging(Parameters):
    """One page of a list."""

    limit: int = Field(100, ge=1, le=1000, description="items on a page")
    cursor: str | None = Field(None, description="the `next` of the page before", max_length=2000)


async def _none(parameters: Annotated[Parameters, Query()]) -> None:
    """Refuse all query parameters. It is `async`, so that it needs no thread."""


NoParameters = Depends(_none)
"""For the `dependencies=` of a route without query parameters."""


def split(given: Any) -> Any:
    """Return the members of a list that is given as `a,b`, as `a` and `b` separately, or as a mixture."""
    if not isinstance(given, Sequence) or isinstance(given, str):
        return given
    return [piece.strip() for one in given for piece in (one.split(",") if isinstance(one, str) else [one])]


Listed = BeforeValidator(split)
"""Marks a parameter that is a list: `Annotated[list[...], Listed]`."""


async def given_once(request: Request) -> None:
    """Refuse a parameter, a header or a field of a JSON body that is given twice and is not a list: the wrong one
    might be used.

    It is one of the `dependencies=` of the application, so that it holds for every route.

    Raises:
        InvalidRequest: it names each of them.
    """
    query, headers = request.query_params, request.headers
    faults = [_twice("query", name) for name in _single(request) if len(query.getlist(name)) > 1]
    faults += [_twice("header", name) for name in _SINGLE_HEADERS if len(headers.getlist(name)) > 1]
    faults += await _in_body(request)
    if faults:
        named = ", ".join(fault.pointer.removeprefix("/") for fault in faults)
        raise InvalidRequest(f"given twice: {named}; accepted: once", faults=faults)


_SINGLE_HEADERS = ("Content-Type", "Idempotency-Key", "Last-Event-ID")


async def _in_body(request: Request) -> list[Fault]:
    """Return the fields that are given twice in a JSON body, of which the framework's parser takes the last.
    Specifications have a parser of their own.
    """
    route = request.scope.get("route")
    if not isinstance(route, APIRoute) or route.body_field is None:
        return []
    try:
        from_json(await request.body())
    except SpecError as error:
        return [Fault(place="body", pointer=one.pointer, detail=one.message) for one in error.problems if one.pointer]
    except ValueError:
        pass  # not JSON, which the framework says
    return []


def _single(request: Request) -> list[str]:
    """Return the parameters of a request's route that are not lists."""
    fields = {name: field for model in models(request) for name, field in model.model_fields.items()}
    return [name for name, field in fields.items() if get_origin(field.annotation) is not list]


def models(request: Request) -> list[type[Parameters]]:
    """Return the models of the query parameters of a request's route."""
    route = request.scope.get("route")
    annotations = (
        [field.field_info.annotation for field in _query(route.dependant)] if isinstance(route, APIRoute) else []
    )
    return [model for model in annotations if isinstance(model, type) and issubclass(model, Parameters)]


def _query(dependant: Dependant) -> Iterator[Any]:
    yield from dependant.query_params
    for inner in dependant.dependencies:
        yield from _query(inner)


def _twice(place: Place, name: str) -> Fault:
    return Fault(place=place, pointer=f"/{name}", detail="given twice; accepted: once")


def plus_hint(text: object) -> str:
    """Return a hint about a text with a space that may have been a plus sign: in a URL, + stands for a space."""
    spaced = isinstance(text, str) and _SPACED.search(text)
    return "; a + is written %2B in a URL, where it stands for a space" if spaced else ""


_SPACED = re.compile(r"\d[eE]? +\d")
