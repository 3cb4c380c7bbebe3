"""The tasks there are: what each says of itself, and what carries it out.

Adding one is a folder here and a line in `BUILT_IN`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from grokscale.trainers.task import Streams, Task
from grokscale.trainers.tasks.description import Description
from grokscale.trainers.tasks.matrix_completion.description import MATRIX_COMPLETION
from grokscale.trainers.tasks.sparse_recovery.description import SPARSE_RECOVERY
from grokscale.trainers.tasks.synthetic.description import SYNTHETIC
from grokscale.trainers.trial import Identity, Trial

if TYPE_CHECKING:
    from grokscale.trainers.kernels import Kernel

BUILT_IN = (SPARSE_RECOVERY, MATRIX_COMPLETION, SYNTHETIC)


def described() -> Mapping[str, Description]:
    """Return the descriptions by kind. It imports no task."""
    return MappingProxyType({one.kind: one for one in BUILT_IN})


def letters() -> Mapping[str, str]:
    """Return what is written for the fields of any task that have a letter: `alpha` is α."""
    return {field.name: field.letter for one in described().values() for field in one.every_field() if field.letter}


@cache
def task(kind: str) -> Task:
    """Return what carries a task out, imported now. KeyError: there is none of this kind."""
    module, _, name = described()[kind].implementation.partition(":")
    return getattr(import_module(module), name)()


def kernels() -> tuple[Kernel, ...]:
    """Return every compiled function that the trials of any task may call, each once."""
    return tuple(dict.fromkeys(kernel for kind in described() for kernel in task(kind).kernels()))


def identities(kind: str, study_seed: int, trials: Sequence[Trial]) -> list[Identity]:
    """Return what names each trial's data and random numbers: the one definition of a draw.

    Args:
        kind: of the task.
        study_seed: the study's `seed`.
        trials: of one study: those of one configuration share its fields.
    """
    of, fields = task(kind), described()[kind].data_fields
    keys: dict[int, str] = {}
    found = []
    draws: dict[Identity, Identity] = {}  # one object a draw: a million trials have few
    for trial in trials:
        if trial.configuration not in keys:
            keys[trial.configuration] = Streams.key_of(trial.config, fields)
        named = of.identity(trial.config, Streams(study_seed, trial.seed, keys[trial.configuration]))
        found.append(draws.setdefault(named, named))
    return found


def draw_of(kind: str, trial: Trial, study_seed: int) -> Any:
    """Return the data of a trial, drawn afresh from its own streams."""
    fields = described()[kind].data_fields
    return task(kind).draw(trial.config, Streams.of(study_seed, trial.seed, trial.config, fields))


def draws_of(kind: str, trials: Sequence[Trial], study_seed: int) -> list[Any]:
    """Return the draw of each trial, one object for all trials of a draw: what shares X in a pack, and its theory."""
    named = [identity.data_id for identity in identities(kind, study_seed, trials)]
    drawn: dict[str, Any] = {}
    for name, trial in zip(named, trials, strict=True):
        if name not in drawn:
            drawn[name] = draw_of(kind, trial, study_seed)
    return [drawn[name] for name in named]
