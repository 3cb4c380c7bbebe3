"""The next batch of an adaptive search: Optuna's samplers, asked anew for every batch.

Nothing is kept between two batches. The Optuna study lives in memory, is made from the results so far each time, and is
dropped; the sampler is seeded by the study's seed and the batch's number. So a batch follows from the rows alone,
whoever asks, and however often the process that asks was killed.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.study import StudyDirection

from grokscale.studies.search.configurations import swept
from grokscale.studies.search.draws import STREAM
from grokscale.studies.search.space import Point, batch_of, fresh
from grokscale.studies.spec import StudySpec
from grokscale.studies.spec.searches import Adaptive
from grokscale.studies.spec.sweeps import Range, Swept

_READY = 1
"""Results from which on a sampler proposes itself: the first batch is drawn without it."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a sampler is told of an ended configuration.

    Attributes:
        point: its values of the swept fields.
        values: to be minimised, one or two, finite.
        constraints: by name; above 0 it is violated, the more the worse.
    """

    point: Point
    values: tuple[float, ...]
    constraints: Mapping[str, float]


def propose(study_id: str, spec: StudySpec, told: Sequence[Told], number: int) -> list[Point]:
    """Return the next points to try, none of them tried before.

    Args:
        study_id: names the Optuna study.
        spec: with an adaptive search.
        told: every configuration so far, in the order of their numbers.
        number: how many points.
    """
    sweeps, search = swept(spec), spec.search
    assert isinstance(search, Adaptive)
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # a driver's log is no place for every proposal
    axes = {name: _Axis(field) for name, field in sweeps.items()}
    distributions = {name: axis.distribution for name, axis in axes.items()}
    seeds = [_seed(spec.seed, batch) for batch in range(batch_of(search, len(told)) + 1)]
    study = optuna.create_study(
        study_name=f"grokscale-{study_id}",
        directions=[StudyDirection.MINIMIZE] * len(search.objective.minimize),
        sampler=_sampler(search, len(axes), seeds[-1]),
    )
    enter = _replay if search.kind == "cmaes" else _add
    enter(study, search, distributions, [(_params(axes, one.point), one) for one in told])
    generator = np.random.default_rng(seeds[-1])
    taken = {one.point for one in told}
    points: list[Point] = []
    for _ in range(number):
        asked = study.ask(distributions)
        point = tuple(axis.value(asked.params[name]) for name, axis in axes.items())
        if point in taken:  # its result is known: training is deterministic
            study.tell(asked, state=optuna.trial.TrialState.FAIL)
            point = fresh(sweeps, taken, generator)
            study.enqueue_trial(_params(axes, point))
            study.ask(distributions)
        taken.add(point)
        points.append(point)
    return points


class _Axis:
    """A swept field as Optuna sees it: a list is categorical, a range with `num` the ordered numbers of its values."""

    def __init__(self, field: Swept) -> None:
        self._levels: tuple[Any, ...] | None = None
        self.distribution: BaseDistribution
        if not isinstance(field, Range):
            assert isinstance(field, tuple)
            self.distribution = CategoricalDistribution(field)
        elif field.num is not None:
            self._levels = field.levels()
            self.distribution = IntDistribution(0, field.num - 1)
        elif field.whole:
            self.distribution = IntDistribution(int(field.low), int(field.high), log=field.scale == "log")
        else:
            self.distribution = FloatDistribution(field.low, field.high, log=field.scale == "log")

    def value(self, parameter: Any) -> Any:
        """Return the field's value."""
        return parameter if self._levels is None else self._levels[parameter]

    def parameter(self, value: Any) -> Any:
        """Return Optuna's."""
        return value if self._levels is None else self._levels.index(value)


def _params(axes: Mapping[str, _Axis], point: Point) -> dict[str, Any]:
    return {name: axis.parameter(value) for (name, axis), value in zip(axes.items(), point, strict=True)}


def _seed(seed: int, batch: int) -> int:
    return int(np.random.SeedSequence([STREAM, seed, batch]).generate_state(1)[0])


def _sampler(search: Adaptive, dimensions: int, seed: int) -> optuna.samplers.BaseSampler:
    if search.kind == "tpe":
        return optuna.samplers.TPESampler(n_startup_trials=_READY, constant_liar=True, seed=seed)
    if search.kind == "gp":
        import torch

        torch.set_num_threads(1)  # its matrices are small, and the cores have packs to train
        return optuna.samplers.GPSampler(n_startup_trials=_READY, seed=seed)
    # a generation is a batch, unless that is smaller than CMA-ES has it
    least = 4 + int(3 * np.log(dimensions))
    return optuna.samplers.CmaEsSampler(
        n_startup_trials=_READY, popsize=max(least, search.batch), warn_independent_sampling=False, seed=seed
    )


Entries = Sequence[tuple[dict[str, Any], Told]]


def _add(study: optuna.Study, search: Adaptive, distributions: dict[str, BaseDistribution], entries: Entries) -> None:
    for params, one in entries:
        study.add_trial(
            optuna.trial.create_trial(
                params=params, distributions=distributions, values=one.values, constraints=dict(one.constraints)
            )
        )


def _replay(
    study: optuna.Study, search: Adaptive, distributions: dict[str, BaseDistribution], entries: Entries
) -> None:
    """Ask and tell batch by batch as it was, with the points that were proposed: CMA-ES has a state to come to."""
    for batch in _batches(search, entries):
        for params, _ in batch:
            study.enqueue_trial(params)
        asked = [study.ask(distributions) for _ in batch]
        for trial, (_, one) in zip(asked, batch, strict=True):
            study.tell(trial, one.values[0])


def _batches(search: Adaptive, entries: Entries) -> Iterator[Entries]:
    for _, batch in itertools.groupby(enumerate(entries), key=lambda entry: batch_of(search, entry[0])):
        yield [entry for _, entry in batch]
