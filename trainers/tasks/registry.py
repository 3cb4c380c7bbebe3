"""The tasks there are: what each says of itself, and what carries it out.

Adding one to this package is a folder here and a line in `BUILT_IN`; one from outside is an entry point of the group
`grokscale.tasks`, or is named by GROKSCALE_TASKS. What is configured is found out once a process, when it is first
asked for; a driver and a worker are told instead (`offer`, `carry_out`).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from grokscale.trainers.plugins import loading
from grokscale.trainers.plugins.apart import Apart
from grokscale.trainers.plugins.plugin import Found, Plugin
from grokscale.trainers.plugins.reading import read
from grokscale.trainers.plugins.sources import configured, installed
from grokscale.trainers.task import Streams, Task
from grokscale.trainers.tasks.description import Description
from grokscale.trainers.tasks.diagonal_network.description import DIAGONAL_NETWORK
from grokscale.trainers.tasks.matrix_completion.description import MATRIX_COMPLETION
from grokscale.trainers.tasks.sparse_recovery.description import SPARSE_RECOVERY
from grokscale.trainers.tasks.synthetic.description import SYNTHETIC
from grokscale.trainers.trial import Identity, Trial

if TYPE_CHECKING:
    from grokscale.trainers.kernels import Kernel

BUILT_IN = (SPARSE_RECOVERY, DIAGONAL_NETWORK, MATRIX_COMPLETION, SYNTHETIC)


class _Offered:
    """What this process knows of tasks from outside; found out once, by whoever asks first."""

    def __init__(self, find: Callable[[], Found]) -> None:
        self._lock = threading.Lock()
        self.find_by(find)

    def find_by(self, find: Callable[[], Found]) -> None:
        self._find = find
        self.known: Found | None = None
        self.here: frozenset[str] = frozenset()
        """Kinds that are carried out in this process."""

    def found(self) -> Found:
        with self._lock:
            if self.known is None:
                self.known = self._find()
            return self.known


def _of_environment() -> Found:
    """Find what the environment of a script configures."""
    named, allowed = (os.environ.get(f"GROKSCALE_TASKS{name}", "") for name in ("", "_ALLOW"))
    return read(
        [*configured(named), *installed()], BUILT_IN, [one.strip() for one in allowed.split(",") if one.strip()]
    )


_offered = _Offered(_of_environment)


def offer_what(find: Callable[[], Found]) -> None:
    """Have tasks from outside found by a function, when they are first asked for: before anyone has."""
    _offered.find_by(find)
    described.cache_clear()
    task.cache_clear()


def offer(plugins: Sequence[Plugin]) -> None:
    """Offer these tasks from outside, and no others: as a process does that is told of them."""
    found = Found(tuple(plugins))
    offer_what(lambda: found)


def carry_out(plugin: Plugin) -> None:
    """Carry out a task from outside in this process, which imports it.

    Raises:
        loading.Lacking: the code is not here, or is another one.
    """
    loading.check(plugin)
    offer([plugin])
    _offered.here = frozenset({plugin.kind})


def plugins() -> Mapping[str, Plugin]:
    """Return the tasks from outside by kind."""
    return {plugin.kind: plugin for plugin in _offered.found().plugins}


def known() -> Found:
    """Return what has been found out so far of tasks from outside. It waits for nothing."""
    return _offered.known or Found()


@cache
def described() -> Mapping[str, Description]:
    """Return the descriptions by kind. It imports no task."""
    outside = (plugin.description for plugin in plugins().values())
    return MappingProxyType({one.kind: one for one in (*BUILT_IN, *outside)})


def letters() -> Mapping[str, str]:
    """Return what is written for the fields of any task that have a letter: `alpha` is α."""
    known: dict[str, str] = {}
    for field in (field for one in described().values() for field in one.every_field() if field.letter):
        known.setdefault(field.name, field.letter)
    return known


@cache
def task(kind: str) -> Task:
    """Return what carries a task out, imported now; of one from outside what can be asked, where it is not imported.

    KeyError: there is none of this kind.
    """
    built_in = {one.kind: one for one in BUILT_IN}
    if kind not in built_in and kind not in _offered.here:
        return Apart(plugins()[kind])
    module, _, name = (built_in.get(kind) or described()[kind]).implementation.partition(":")
    return getattr(import_module(module), name)()


def kernels() -> tuple[Kernel, ...]:
    """Return every compiled function that the trials of any task of this package may call, each once."""
    return tuple(dict.fromkeys(kernel for one in BUILT_IN for kernel in task(one.kind).kernels()))


def identities(kind: str, study_seed: int, trials: Sequence[Trial]) -> list[Identity]:
    """Return what names each trial's data and random numbers: the one definition of a draw.

    Args:
        kind: of the task.
        study_seed: the study's `seed`.
        trials: of one study: those of one configuration share its fields.
    """
    of, fields = task(kind), described()[kind].data_fields
    draws: dict[Identity, Identity] = {}  # one object a draw: a million trials have few
    if isinstance(of, Apart):
        return [draws.setdefault(named, named) for named in of.identities(study_seed, trials)]
    keys: dict[int, str] = {}
    found = []
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
