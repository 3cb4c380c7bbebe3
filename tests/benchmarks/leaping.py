"""Fast-forward against the loop."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from grokscale.studies.spec import StudySpec
from grokscale.trainers.pack import train
from grokscale.trainers.trial import Outcome
from tests.benchmarks import loops
from tests.benchmarks.tables import Table, at_least, figure
from tests.benchmarks.timing import Contender, Disagreement, interleaved, timed_once
from tests.benchmarks.work import Work, sizes, study, work
from tests.trainers import compiled_loop

ALPHA, THETA = 0.1, 1e-3
GOALS = {1e-7: 300, 1e-8: 3_000, 1e-9: 30_000}
COLUMNS = ("alpha beta", "steps", "loop µs a step", "loop s", "set-up s", "min s", "median s", "against the loop")


def leaps(product: float, seeds: int, n: int = 100) -> StudySpec:
    """Return a study of one configuration with this alpha beta that is fast-forwarded; N = 0.3 n, s = n/20."""
    beta, data = product / ALPHA, sizes(n, 3 * n // 10)
    return study("leaps", ALPHA, beta, seeds=seeds, engine="fast_forward", data=data, threshold=THETA)


def leap(some: Work) -> Callable[[], list[Outcome]]:
    """Prepare a pack up to its first step and return the rest of its run."""
    reports = train(some.pack)
    next(reports)
    return lambda: [outcome for report in reports for outcome in report.outcomes]


def tables(quick: bool) -> list[Table]:
    """Return one table, a row for each alpha beta."""
    seeds, steps, rounds = (1, 2_000, 2) if quick else (4, 20_000, 5)
    (first, _), (second, _) = (timed_once(leap(work(leaps(1e-7, seeds)))) for _ in range(2))
    rows = [_row(product, work(leaps(product, seeds)), steps, rounds) for product in GOALS]
    notes = [
        f"alpha = {ALPHA}, n = 100, N = 30, s = 5, thresholds {THETA}, draws together: {seeds}. The loop's seconds are "
        f"its measured time per step ({steps:,} steps) times the steps of the run; fast-forward is measured, "
        f"{rounds} rounds. The set-up (draws and theory) is apart.",
        f"The first run in a process took {figure(first - second)} s more than the second: compiling, once a machine. "
        f"{_exact(1e-6 if quick else 1e-7)}",
    ]
    return [Table("Fast-forward against the numpy loop, ISTA", (*COLUMNS, "goal"), rows, notes)]


def _row(product: float, some: Work, steps: int, rounds: int) -> list[str]:
    contenders: dict[str, Contender[Any]] = {
        "loop": lambda: partial(loops.numpy_loop, some, "proximal", steps),
        "leap": partial(leap, some),
    }
    timed = interleaved(contenders, rounds)
    set_up, _ = timed_once(partial(leap, some))
    per_step, jump = timed["loop"].least / (some.columns * steps), timed["leap"]
    taken = sum(outcome.steps for outcome in jump.result)
    ratio = per_step * taken / jump.least
    times = (1e6 * per_step, per_step * taken, set_up, jump.least, jump.median)
    return [f"{product:g}", f"{taken:,}", *map(figure, times), f"{figure(ratio)}×", at_least(ratio, GOALS[product])]


def _exact(product: float) -> str:
    """Hold t1 and t2 of one trial against a compiled loop that looks at every step.

    Raises:
        Disagreement: they are not equal to the step.
    """
    some = work(leaps(product, 1))
    [found] = leap(some)()
    [(draw, a0, alpha, beta)] = some.trials()
    run = partial(compiled_loop.run, draw.X, draw.y, draw.a_star, a0, alpha, beta, 0.0)
    run(0, np.array([THETA]))
    seconds, (t1, t2, _) = timed_once(lambda: run(found.steps, np.array([THETA])))
    steps = tuple(crossing and crossing.step for crossing in (found.t1, found.t2))
    if steps != (t1[0], t2[0]):
        raise Disagreement(f"fast-forward at alpha beta = {product:g}: t1, t2 = {steps}, not {t1[0]}, {t2[0]}")
    return (
        f"At alpha beta = {product:g} its t1 and t2 equal to the step those of a compiled loop that looks at every one "
        f"of {found.steps:,} steps (numba, {figure(seconds)} s)."
    )
