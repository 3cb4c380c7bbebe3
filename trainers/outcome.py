"""The outcome of a trained trial, from what its trackers saw: the same whichever engine trained it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from grokscale.trainers.ladder import NoDelay, delay, named
from grokscale.trainers.passage import Passage
from grokscale.trainers.task import Theory
from grokscale.trainers.trial import Budget, Censoring, Crossing, ErrorPoint, Obtained, Outcome, OutcomeWord, Trial

_NO_ERROR = {
    "stop": "the error was not finite",
    "min": "the error was not finite",
    "settled": "training had not settled",
    "plateau": "the published rule saw no plateau",
}


@dataclass(frozen=True)
class Seen:
    """What was seen of one trial up to its last step.

    Attributes:
        column: of the trial in the passages.
        steps: steps taken; everything was looked at there.
        rungs: thresholds of the ladder.
        train, test: passages over the study's threshold and then the ladder's.
        ratio: passage of minus beta ||H|| / ||G|| over -1; None without a regulariser.
        missed: why t2 was not crossed, should it not have been.
        plateau: `t2_plateau` and the error there.
        reached: test errors where the train and the test error first came to the study's thresholds.
        stop, least, settled: errors at the end, at their least, and where training had settled.
        curve, coordinates: see `Outcome`.
        obtained, looks: see `Outcome`.
    """

    column: int
    steps: int
    rungs: Sequence[float]
    train: Passage
    test: Passage
    ratio: Passage | None
    missed: Censoring
    plateau: tuple[Crossing | None, ErrorPoint | None]
    reached: tuple[ErrorPoint | None, ErrorPoint | None]
    stop: ErrorPoint | None
    least: ErrorPoint | None
    settled: ErrorPoint | None
    curve: Mapping[str, np.ndarray]
    coordinates: np.ndarray | None
    obtained: Obtained
    looks: str


def trained(trial: Trial, budget: Budget, theory: Theory, seen: Seen, seconds: float) -> Outcome:
    """Return the outcome of a trial that trained to an end, in `seconds` of its pack's compute time."""
    t1 = seen.train.crossing(0, seen.column, seen.steps)
    t2 = seen.test.crossing(0, seen.column, seen.steps, seen.missed)
    t2_plateau, at_plateau = seen.plateau
    at_t1, at_t2 = seen.reached
    errors = {"t1": at_t1, "t2": at_t2, "stop": seen.stop, "min": seen.least}
    errors |= {"settled": seen.settled, "plateau": at_plateau}
    why = {"t1": f"t1 is {t1.censoring}", "t2": f"t2 is {t2.censoring}"} | _NO_ERROR
    lag = delay(t1, t2)
    return Outcome(
        index=trial.index,
        outcome=_word(t1, t2, seen.steps, budget),
        obtained=seen.obtained,
        steps=seen.steps,
        looks=seen.looks,
        t1=t1,
        t1_gradient=None if seen.ratio is None else seen.ratio.crossing(0, seen.column, seen.steps),
        t2=t2,
        t2_plateau=t2_plateau,
        delay=None if isinstance(lag, NoDelay) else lag,
        delay_reason=lag.reason if isinstance(lag, NoDelay) else None,
        ladder=_ladder(budget, seen, t2),
        errors=errors,
        error_reasons={name: why[name] for name, point in errors.items() if point is None},
        theory=theory.values,
        theory_reasons=theory.reasons,
        curve=seen.curve,
        coordinates=seen.coordinates,
        seconds=seconds,
    )


def _ladder(budget: Budget, seen: Seen, t2: Crossing) -> dict[str, dict[str, Crossing | None]]:
    stopped_by_t2 = budget.stop == "after_t2" and t2.upper is not None
    out: dict[str, dict[str, Crossing | None]] = {}
    for level, (name, threshold) in enumerate(named(seen.rungs).items(), start=1):
        t1_known = not stopped_by_t2 or threshold >= budget.train_threshold
        t2_known = not stopped_by_t2 or threshold >= budget.test_threshold
        # what keeps the error above the study's threshold keeps it above every lower one
        why: Censoring = seen.missed if threshold <= budget.test_threshold else "right"
        out[name] = {
            "t1": seen.train.crossing(level, seen.column, seen.steps) if t1_known else None,
            "t2": seen.test.crossing(level, seen.column, seen.steps, why) if t2_known else None,
        }
    return out


def _word(t1: Crossing, t2: Crossing, steps: int, budget: Budget) -> OutcomeWord:
    if t2.upper is not None:
        return "generalised"
    if t2.censoring == "infeasible":
        return "infeasible"
    if t2.censoring == "stalled":
        return "stalled"
    if budget.without_t2 <= steps < budget.max_steps:
        return "pruned"
    return "memorised" if t1.upper is not None else "not_memorised"
