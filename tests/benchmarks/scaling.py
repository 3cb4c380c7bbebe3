"""How the engines' times grow: stepping in n, N and the number of trials, fast-forward in 1/(alpha beta) and n."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from grokscale.studies.spec import StudySpec
from grokscale.trainers.tasks.sparse_recovery.problem import SparseProblem
from tests.benchmarks import loops
from tests.benchmarks.leaping import leap, leaps
from tests.benchmarks.tables import Table, figure
from tests.benchmarks.timing import agree, interleaved
from tests.benchmarks.work import logarithmic, sizes, study, work

TOLERANCE = 1e-9


def tables(quick: bool) -> list[Table]:
    """Return both engines' scaling."""
    return [_stepping(quick), _products(quick), _sizes(quick)]


# -- stepping -------------------------------------------------------------------------------------------------------


def _stepping(quick: bool) -> Table:
    steps, rounds = (50, 2) if quick else (1_000, 5)
    rows = [_stepping_row(data, columns, steps, rounds) for data, columns in _shapes(quick)]
    columns = ("n", "N", "trials sharing X", "loop µs a step", "pack µs a trial-step", "against the loop")
    note = (
        f"Minimum of {rounds} rounds of {steps:,} steps; the loop takes the first trial alone, and its iterate agrees."
    )
    return Table("Stepping, ISTA, in n, N and the number of trials", columns, rows, [note])


def _shapes(quick: bool) -> list[tuple[dict[str, int], int]]:
    """Return the data's sizes and how many trials: one of them varies at a time."""
    ns, Ns, widths = ((50,), (10,), (1, 32)) if quick else ((50, 200, 400), (10, 20, 60), (1, 8, 32, 128, 512))
    return [
        *((sizes(100, 30), width) for width in widths),
        *((sizes(100, N), 128) for N in Ns),
        *((sizes(n, 3 * n // 10), 128) for n in ns),
    ]


def _stepping_row(data: Mapping[str, int], columns: int, steps: int, rounds: int) -> list[str]:
    least = 1e-6
    betas = logarithmic(least, 1e-4, columns) if columns > 1 else least
    some, first = (work(study("scaling", 0.05, beta, data=data)) for beta in (betas, least))
    timed = interleaved(
        {
            "loop": lambda: partial(loops.numpy_loop, first, "proximal", steps),
            "pack": lambda: some.stepping(steps, SparseProblem.iterate),
        },
        rounds,
    )
    loop, pack = timed["loop"], timed["pack"]
    agree(f"stepping {dict(data)} x {columns}", pack.result[:1], loop.result, TOLERANCE)
    alone, among = loop.least / steps, pack.least / (steps * columns)
    times = (1e6 * alone, 1e6 * among)
    return [str(data["n"]), str(data["N"]), str(columns), *map(figure, times), f"{figure(alone / among)}×"]


# -- fast-forward ---------------------------------------------------------------------------------------------------


def _products(quick: bool) -> Table:
    products = (1e-6, 1e-8) if quick else (1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11)
    rounds = 1 if quick else 5
    leap(work(leaps(1e-7, 1)))()  # compiles
    rows = [[f"{product:g}", *_leap_cells(leaps(product, 1), rounds)] for product in products]
    return Table("Fast-forward in 1/(alpha beta): n = 100, N = 30", ("alpha beta", *_LEAP), rows)


def _sizes(quick: bool) -> Table:
    sizes, rounds = ((50, 100), 1) if quick else ((50, 100, 200, 400), 2)
    rows = [[str(n), *_leap_cells(leaps(1e-7, 1, n), rounds)] for n in sizes]
    return Table("Fast-forward in n: N = 0.3 n, s = n/20, alpha beta = 1e-7", ("n", *_LEAP), rows)


_LEAP = ("outcome", "steps", "min s", "median s")


def _leap_cells(spec: StudySpec, rounds: int) -> list[str]:
    jump = interleaved({"jump": partial(leap, work(spec))}, rounds)["jump"]
    [found] = jump.result
    return [found.outcome, f"{found.steps:,}", figure(jump.least), figure(jump.median)]
