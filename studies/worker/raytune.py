"""The parts of Ray Tune that are used here; all of them are imported from this module.

Tune imports Ray Data, and pandas for the type of a result that is not used here. Both are kept out of drivers and
workers, of which a machine may have one per core. That saves a third of Tune's cost: 0.5 s of CPU and 60 MB each.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from types import ModuleType

import ray

_UNUSED = {"ray.data": "Dataset", "pandas": "DataFrame"}
"""Modules, and the class of each that annotations name when Tune is imported."""


@contextmanager
def _left_out() -> Generator[None]:
    """Put placeholders for the unused modules while the block runs; a later import gets the real ones."""
    put = []
    for name, type_name in _UNUSED.items():
        if name not in sys.modules:
            sys.modules[name] = placeholder = ModuleType(name)
            setattr(placeholder, type_name, type(type_name, (), {}))
            put.append(name)
            if name == "ray.data":  # which Tune asks for by this name once more, when it writes its state down
                ray.__dict__["data"] = placeholder
    try:
        yield
    finally:
        for name in put:
            del sys.modules[name]


with _left_out():
    from ray.tune import (
        Callback,
        CheckpointConfig,
        FailureConfig,
        RunConfig,
        Stopper,
        Trainable,
        TuneConfig,
        Tuner,
        with_resources,
    )
    from ray.tune.execution import class_cache
    from ray.tune.experiment import Trial
    from ray.tune.schedulers import FIFOScheduler
    from ray.tune.search import Searcher

__all__ = [
    "Callback",
    "CheckpointConfig",
    "FIFOScheduler",
    "FailureConfig",
    "RunConfig",
    "Searcher",
    "Stopper",
    "Trainable",
    "Trial",
    "TuneConfig",
    "Tuner",
    "class_cache",
    "with_resources",
]
