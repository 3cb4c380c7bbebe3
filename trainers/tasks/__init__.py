"""The registry of tasks: adding one is a module here, a line below and a member of the specification's union."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from grokscale.trainers.task import Streams, Task
from grokscale.trainers.tasks.sparse_recovery.problem import SparseRecovery
from grokscale.trainers.tasks.synthetic.problem import Synthetic
from grokscale.trainers.trial import Identity, Trial

TASKS: dict[str, Task] = {task.kind: task for task in (Synthetic(), SparseRecovery())}


def identities(kind: str, study_seed: int, trials: Sequence[Trial]) -> list[Identity]:
    """Return what names each trial's data and random numbers: the one definition of a draw.

    Args:
        kind: of the task.
        study_seed: the study's `seed`.
        trials: of one study: those of one configuration share its fields.
    """
    task = TASKS[kind]
    keys: dict[int, str] = {}
    found = []
    draws: dict[Identity, Identity] = {}  # one object a draw: a million trials have few
    for trial in trials:
        if trial.configuration not in keys:
            keys[trial.configuration] = Streams.key_of(trial.config, task.data_fields)
        named = task.identity(trial.config, Streams(study_seed, trial.seed, keys[trial.configuration]))
        found.append(draws.setdefault(named, named))
    return found


def draw_of(kind: str, trial: Trial, study_seed: int) -> Any:
    """Return the data of a trial, drawn afresh from its own streams."""
    task = TASKS[kind]
    return task.draw(trial.config, Streams.of(study_seed, trial.seed, trial.config, task.data_fields))


def draws_of(kind: str, trials: Sequence[Trial], study_seed: int) -> list[Any]:
    """Return the draw of each trial, one object for all trials of a draw: what shares X in a pack, and its theory."""
    named = [identity.data_id for identity in identities(kind, study_seed, trials)]
    drawn: dict[str, Any] = {}
    for name, trial in zip(named, trials, strict=True):
        if name not in drawn:
            drawn[name] = draw_of(kind, trial, study_seed)
    return [drawn[name] for name in named]
