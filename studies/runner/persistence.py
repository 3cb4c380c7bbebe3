"""Writing for a study to a database that may be away for a while."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import stamina
import structlog

from grokscale.studies.store import DatabaseUnavailable, LeaseLost

log = structlog.stdlib.get_logger("grokscale.studies.runner")

LOST = 3
"""Exit code of a driver whose study was taken over by another one."""

P = ParamSpec("P")
T = TypeVar("T")


def firmly(method: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a method of the store; repeat the call while the database is away.

    Meanwhile the packs wait: each trains up to its next report. Every write of the store may be repeated. If the
    lease is lost this process ends at once, with everything that it runs: its writes would be refused, and its
    successor may already be at work.
    """
    try:
        for attempt in stamina.retry_context(on=DatabaseUnavailable, attempts=None, timeout=None, wait_max=5.0):
            with attempt:
                return method(*args, **kwargs)
    except LeaseLost as lost:
        log.warning("lease lost", study=lost.study_id, token=lost.token)
        os._exit(LOST)
    raise AssertionError("stamina gave up")
