"""A pack as it travels to a worker: the trials, and what the specification says about training them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from grokscale.studies.spec import StudySpec
from grokscale.studies.spec.sweeps import largest
from grokscale.studies.spec.thresholds import parts
from grokscale.trainers.engine import may_leap
from grokscale.trainers.tasks.registry import described
from grokscale.trainers.trial import Budget, Pack, Trial


def budget(spec: StudySpec) -> Budget:
    """Return the trials' budget, `stop: auto` resolved: `settled` where trials may be fast-forwarded."""
    section = spec.budget
    auto = "settled" if _may_leap(spec) else "after_t2"
    (train, train_measure), (test, test_measure) = parts(section.train_threshold), parts(section.test_threshold)
    return Budget(
        max_steps=section.max_steps,
        max_seconds=section.max_seconds,
        stop=auto if section.stop == "auto" else section.stop,
        record=section.record,
        train_threshold=train,
        test_threshold=test,
        plateau_every=section.plateau_every,
        train_measure=train_measure,
        test_measure=test_measure,
    )


def _may_leap(spec: StudySpec) -> bool:
    leap = described()[spec.task.kind].leap("fast_forward")
    _, size = largest(getattr(spec.task, leap.size[0])) if leap is not None else ((), None)
    return may_leap(spec.engine, spec.task.kind, spec.optimizer.kind, spec.regularizer.kind, size)


def pack(spec: StudySpec, trials: Sequence[Trial], id: str, prune_after: int | None = None) -> Pack:
    """Return the pack of some trials of a study.

    Args:
        spec: of the study.
        trials: in column order.
        id: of the pack's row.
        prune_after: see `Budget`.
    """
    return Pack(
        id=id,
        task=spec.task.kind,
        trials=tuple(trials),
        study_seed=spec.seed,
        budget=replace(budget(spec), prune_after=prune_after),
        engine=spec.engine,
        device="cuda" if spec.resources.gpus else "cpu",
        threads=spec.resources.cpus,
    )
