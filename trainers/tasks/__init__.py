"""The registry of tasks: adding one is a module here, a line below and a member of the specification's union."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trainers.tasks.base import Streams, Task
from trainers.tasks.sparse_recovery import SparseRecovery
from trainers.tasks.synthetic import Synthetic
from trainers.trial import Trial

TASKS: dict[str, Task] = {task.kind: task for task in (Synthetic(), SparseRecovery())}


def draw_key(kind: str, trial: Trial) -> tuple[Any, ...]:
    """Return what identifies a trial's draw within its study: the data-relevant fields and the seed."""
    return (*(trial.config[name] for name in TASKS[kind].data_fields), trial.seed)


def draw_of(kind: str, trial: Trial, study_seed: int) -> Any:
    """Return the data of a trial, drawn afresh from its own streams."""
    task = TASKS[kind]
    return task.draw(trial.config, Streams.of(study_seed, trial.seed, trial.config, task.data_fields))


def draws_of(kind: str, trials: Sequence[Trial], study_seed: int) -> list[Any]:
    """Return the draw of each trial, one object for all trials of a draw: what shares X in a pack, and its theory."""
    drawn: dict[tuple[Any, ...], Any] = {}
    for trial in trials:
        key = draw_key(kind, trial)
        if key not in drawn:
            drawn[key] = draw_of(kind, trial, study_seed)
    return [drawn[draw_key(kind, trial)] for trial in trials]
