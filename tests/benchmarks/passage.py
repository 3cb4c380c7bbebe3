"""What looking for crossings costs: a pack trained to the end against the bare steps of the same trials."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from grokscale.trainers.pack import train
from grokscale.trainers.tasks.sparse_recovery.problem import SparseProblem
from grokscale.trainers.watch import Watch
from tests.benchmarks import loops
from tests.benchmarks.tables import Table, at_most_share, figure, share
from tests.benchmarks.timing import Disagreement, agree, interleaved
from tests.benchmarks.work import Work, logarithmic, study, work

GOALS = {"proximal": 0.01, "subgradient": 0.05, "projected": 0.05}
STRIDE = 1000
"""Steps that the pack engine takes at most at once."""
COLUMNS = ("", "bare, min s", "looking, min s", "bare, median s", "looking, median s", "cost")
PACK_COLUMNS = ("", "bare s", "crossings s", "everything s", "cost of crossings", "goal", "cost of everything")


def tables(quick: bool) -> list[Table]:
    """Return the cost in the pack engine, and that of the norms in the numpy loop."""
    return [_packs(quick), _norms(quick)]


def _packs(quick: bool) -> Table:
    alphas, lengths, rounds = (4, (2_000, 5_000), 2) if quick else (32, (10_000, 50_000), 5)
    rows = [row for rule in GOALS for row in _rows(rule, alphas, lengths, rounds)]
    notes = [
        "All take the same column-steps (`stop: max_steps`, so that no column ends early), and their errors at the "
        "last step agree; the set-up before step 0 is left out. *Crossings* is first passage, exact to the step, of "
        "both errors over seven levels each: all that t1, t2 and the ladder need. *Everything* is a pack as it is "
        "trained: the gradient ratio, curves, the plateau log and the outcomes besides. Whatever the length of the "
        "run, crossings are dense at its start, the plateau log takes in each of the first thousand steps, and every "
        "outcome is made once: what a further step costs is in the rows *further*, the difference of the two lengths. "
        f"Least of {rounds} rounds.",
        "Where a goal is missed: once a trial has memorised, the certificate of its train error (sigma_max times the "
        "length of the last step) allows one to five steps, and a look costs more than that saves. So its square is "
        "held against the levels at every step, fused with the residual: that is the 1 to 2 % of proximal steps.",
    ]
    return Table(f"Looking for crossings in a pack of {8 * alphas} trials sharing X", PACK_COLUMNS, rows, notes)


def _rows(rule: str, alphas: int, lengths: tuple[int, int], rounds: int) -> list[list[str]]:
    short, long = (_timed(rule, alphas, steps, rounds) for steps in lengths)
    further = [after - before for before, after in zip(short, long, strict=True)]
    names = (f"{rule}, {lengths[0]:,} steps", f"{rule}, {lengths[1]:,} steps", f"{rule}, further")
    return [_row(name, times, GOALS[rule]) for name, times in zip(names, (short, long, further), strict=True)]


def _row(name: str, times: Sequence[float], goal: float) -> list[str]:
    crossings, everything = (one / times[0] - 1 for one in times[1:])
    return [name, *map(figure, times), share(crossings), at_most_share(crossings, goal), share(everything)]


def _timed(rule: str, alphas: int, steps: int, rounds: int) -> list[float]:
    """Return the least seconds: bare, with crossings, with everything."""
    alpha, beta = logarithmic(0.02, 0.2, alphas), logarithmic(1e-5, 1e-4, 8)
    some = work(study("passage", alpha, beta, optimizer=rule, max_steps=steps, stop="max_steps"))
    contenders = {
        "bare": partial(some.stepping, steps, SparseProblem.test_error),
        "crossings": partial(_crossing, some, steps),
        "everything": partial(_looking, some, steps),
    }
    timed = interleaved(contenders, rounds)
    for name in ("crossings", "everything"):
        agree(f"first passage, {rule}, {name}", timed[name].result, timed["bare"].result, 1e-9)
    return [timed[name].least for name in contenders]


def _crossing(some: Work, steps: int) -> Callable[[], np.ndarray]:
    problem = some.problem()
    watch = Watch(problem, some.pack.budget, np.full(some.columns, np.inf))

    def run() -> np.ndarray:
        watch.begin(problem)
        for step in range(0, steps, STRIDE):
            watch.walk(step, min(STRIDE, steps - step), problem)
        return problem.test_error()

    return run


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
        return np.array([np.nan if point is None else point.error for point in points])

    return run


def _norms(quick: bool) -> Table:
    steps, rounds = (2_000, 2) if quick else (20_000, 5)
    rows = [_norms_row(rule, steps, rounds) for rule in loops.NUMPY]
    return Table(
        f"Looking for crossings in a numpy loop, both norms at every step: one trial, {steps:,} steps",
        COLUMNS,
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
