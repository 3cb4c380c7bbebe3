"""Turns query parameters into the store's filter, and names the parameter at fault if the store refuses it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

from grokscale.service.problems import Fault, InvalidRequest
from grokscale.service.queries import plus_hint
from grokscale.service.trials.models import TrialsQuery
from grokscale.studies.store import InvalidFilter, TrialFilter

Range = tuple[float | None, float | None]


def trial_filter(query: TrialsQuery) -> TrialFilter:
    """Return the filter that a query states.

    Raises:
        InvalidRequest: a range has the wrong form, or a field has two.
    """
    ranges: dict[str, Range] = {}
    for text in query.range:
        field, ends = _range(text)
        if field in ranges:
            raise _fault("range", f"two ranges of {field}; accepted: one")
        ranges[field] = ends
    return TrialFilter(tuple(query.outcome), ranges, query.sort)


def _range(text: str) -> tuple[str, Range]:
    parts = text.split(":")
    try:
        field, lowest, highest = parts
        return field, (_end(lowest), _end(highest))
    except ValueError:
        detail = f"{text!r} is not a range; accepted: FIELD:LOWEST:HIGHEST{plus_hint(text)}"
        raise _fault("range", detail) from None


def _end(text: str) -> float | None:
    if not text:
        return None
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _fault(parameter: str, detail: str) -> InvalidRequest:
    return InvalidRequest(detail, faults=[Fault(place="query", pointer=f"/{parameter}", detail=detail)])


@contextmanager
def blaming(query: TrialsQuery) -> Iterator[None]:
    """Name the parameter that caused an `InvalidFilter` in the block."""
    try:
        yield
    except InvalidFilter as error:
        parameter = "sort" if error.field == query.sort.removeprefix("-") else "range"
        raise _fault(parameter, str(error)) from error


@contextmanager
def blaming_metrics() -> Iterator[None]:
    """Name `metrics` as the cause of an `InvalidFilter` in the block."""
    try:
        yield
    except InvalidFilter as error:
        raise _fault("metrics", str(error)) from error
