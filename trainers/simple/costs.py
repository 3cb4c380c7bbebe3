"""What a trial costs, by taking some of its steps."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from grokscale.trainers.simple.columns import Columns
from grokscale.trainers.task import Streams, Task
from grokscale.trainers.trial import Budget, Trial, Value

_SECONDS = 0.02
"""After which the steps taken so far have to do."""
_LONG = 1.0
"""Seconds of a first step after which no other is waited for."""
_TRAINED = 4
"""Of a module's parameters: themselves, gradients, and two moments of an optimiser."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one trial: bytes of its tensors, and seconds of a step."""

    memory: int
    seconds: float


def measured(task: Task, config: Mapping[str, Value]) -> Cost:
    """Return what one trial of a configuration costs on this machine's CPU."""
    draw = task.draw(config, Streams.of(0, 0, config, task.description.data_fields))
    problem = task.problem([draw], [Trial(0, 0, 0, config)], Budget(1), torch.device("cpu"))
    seconds = _seconds(problem)
    owners = problem.columns if isinstance(problem, Columns) else [problem]
    memory = sum(_bytes(value) for owner in owners for value in vars(owner).values())
    return Cost(max(1, memory), seconds)


def _bytes(value: Any) -> int:
    if isinstance(value, torch.Tensor):
        return value.nbytes
    if isinstance(value, torch.nn.Module):
        return _TRAINED * sum(tensor.nbytes for tensor in (*value.parameters(), *value.buffers()))
    if isinstance(value, list | tuple):
        return sum(map(_bytes, value))
    return 0


def _seconds(problem: Any) -> float:
    """Return how long one step takes: the shortest, as others share the machine and the first makes what lasts."""
    shortest, k = _timed(problem, 1), 1
    until = time.perf_counter() + _SECONDS
    while shortest < _LONG and time.perf_counter() < until:
        shortest = min(shortest, _timed(problem, k))
        k *= 2
    return shortest


def _timed(problem: Any, k: int) -> float:
    begun = time.perf_counter()
    problem.step(k)
    return (time.perf_counter() - begun) / k
