"""What looking for crossings costs: a pack trained to the end against the bare steps of the same trials."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from tests.benchmarks import loops
from tests.benchmarks.tables import Table, at_most_share, figure, share
from tests.benchmarks.timing import Disagreement, agree, interleaved
from tests.benchmarks.work import Work, logarithmic, study, work
from trainers.pack import train
from trainers.tasks.sparse_recovery import SparseProblem

GOALS = {"proximal": 0.01, "subgradient": 0.05, "projected": 0.05}
COLUMNS = ("", "bare, min s", "looking, min s", "bare, median s", "looking, median s", "cost", "goal")


def tables(quick: bool) -> list[Table]:
    """Return the cost in the pack engine, and that of the norms in the numpy loop."""
    return [_packs(quick), _norms(quick)]


def _packs(quick: bool) -> Table:
    alphas, lengths, rounds = (4, (2_000, 5_000), 2) if quick else (32, (10_000, 50_000), 3)
    rows = [row for rule in GOALS for row in _rows(rule, alphas, lengths, rounds)]
    notes = [
        "Both take the same column-steps (`stop: max_steps`, so that no column ends early), and their errors at the "
        "last step agree. Looking is everything but the steps: crossings of seven levels of both errors, the gradient "
        "ratio, curves, the plateau log, the outcomes; the set-up before step 0 is left out. Whatever the length of "
        "the run, the plateau log takes in each of the first thousand steps and every outcome is made once: what a "
        f"further step costs is in the rows *further*, the difference of the two lengths. {rounds} rounds.",
    ]
    return Table(f"Looking for crossings in a pack of {8 * alphas} trials sharing X", COLUMNS, rows, notes)


def _rows(rule: str, alphas: int, lengths: tuple[int, int], rounds: int) -> list[list[str]]:
    short, long = (_timed(rule, alphas, steps, rounds) for steps in lengths)
    further = [after - before for before, after in zip(short, long, strict=True)]
    names = (f"{rule}, {lengths[0]:,} steps", f"{rule}, {lengths[1]:,} steps", f"{rule}, further")
    return [_row(name, times, GOALS[rule]) for name, times in zip(names, (short, long, further), strict=True)]


def _row(name: str, times: Sequence[float], goal: float) -> list[str]:
    cost = times[1] / times[0] - 1
    return [name, *map(figure, times), share(cost), at_most_share(cost, goal)]


def _timed(rule: str, alphas: int, steps: int, rounds: int) -> list[float]:
    """Return the least seconds, bare and looking, and the median ones."""
    alpha, beta = logarithmic(0.02, 0.2, alphas), logarithmic(1e-5, 1e-4, 8)
    some = work(study("passage", alpha, beta, optimizer=rule, max_steps=steps, stop="max_steps"))
    timed = interleaved(
        {"bare": partial(some.stepping, steps, SparseProblem.test_error), "looking": partial(_looking, some, steps)},
        rounds,
    )
    bare, looking = timed["bare"], timed["looking"]
    agree(f"first passage, {rule}", looking.result, bare.result, 1e-9)
    return [bare.least, looking.least, bare.median, looking.median]


def _looking(some: Work, steps: int) -> Callable[[], np.ndarray]:
    reports = train(some.pack)
    next(reports)  # draws, theory and the stack: before the first step

    def run() -> np.ndarray:
        seen = list(reports)
        taken = sum(report.steps for report in seen)
        if taken != steps * some.columns:
            raise Disagreement(f"first passage: {taken} column-steps, not {steps * some.columns}")
        ended = {outcome.index: outcome for report in seen for outcome in report.outcomes}
        points = [ended[trial.index].errors["stop"] for trial in some.pack.trials]
        return np.array([np.nan if point is None else point.relative_l2 for point in points])

    return run


def _norms(quick: bool) -> Table:
    steps, rounds = (2_000, 2) if quick else (20_000, 5)
    rows = [_norms_row(rule, steps, rounds) for rule in loops.NUMPY]
    return Table(
        f"Looking for crossings in a numpy loop, both norms at every step: one trial, {steps:,} steps",
        COLUMNS[:-1],
        rows,
    )


def _norms_row(rule: str, steps: int, rounds: int) -> list[str]:
    some = work(study("norms", 0.1, 1e-5, optimizer=rule))
    timed = interleaved(
        {
            "bare": lambda: partial(loops.numpy_loop, some, rule, steps),
            "looking": lambda: partial(loops.numpy_loop_with_norms, some, rule, steps),
        },
        rounds,
    )
    bare, looking = timed["bare"], timed["looking"]
    agree(f"norms, {rule}", looking.result, bare.result, 0.0)
    times = (bare.least, looking.least, bare.median, looking.median)
    return [rule, *map(figure, times), share(looking.least / bare.least - 1)]
