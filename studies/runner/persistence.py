"""Writing for a study through a database that may be away for a while."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import stamina
import structlog

from grokscale.studies.store import DatabaseUnavailable, LeaseLost

log = structlog.stdlib.get_logger("grokscale.studies.runner")

LOST = 3
"""Exit code of a driver whose study another one has taken over."""

P = ParamSpec("P")
T = TypeVar("T")


def firmly(method: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a method of the store, again and again while the database is away.

    The packs wait meanwhile: each trains to its next report and no further. Every write of the store may be repeated.
    Where the lease is lost this process ends at once, and with it everything that it runs: whatever it did would be
    refused, and its successor may be at work already.
    """
    try:
        for attempt in stamina.retry_context(on=DatabaseUnavailable, attempts=None, timeout=None, wait_max=5.0):
            with attempt:
                return method(*args, **kwargs)
    except LeaseLost as lost:
        log.warning("lease lost", study=lost.study_id, token=lost.token)
        os._exit(LOST)
    raise AssertionError("stamina gave up")
