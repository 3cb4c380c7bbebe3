"""The stepping engine against loops, on the same trials and steps."""

from __future__ import annotations

from functools import partial

import numpy as np

from grokscale.trainers.tasks.sparse_recovery.problem import SparseProblem
from tests.benchmarks import loops, machine
from tests.benchmarks.tables import Table, at_least, at_least_share, figure, share
from tests.benchmarks.timing import Contender, Timed, agree, interleaved, timed_once
from tests.benchmarks.work import Work, logarithmic, study, work

METHODS = {"proximal": "ISTA", "subgradient": "Subgradient method"}
GOALS = {"proximal": 20, "subgradient": 15}
OF_PEAK = 0.5
TOLERANCE = {"proximal": 1e-9, "subgradient": 1e-6}
"""Largest difference of final iterates: a sign that rounding turns moves a subgradient step by 2 alpha beta."""

LOOP, PACK = "numpy loop", "pack"
COLUMNS = ("", "min s", "median s", "µs a trial-step", "against the loop", "of dgemm peak", "goal")


def tables(quick: bool) -> list[Table]:
    """Return a table for each method."""
    return [_table(rule, quick) for rule in METHODS]


def _table(rule: str, quick: bool) -> Table:
    alphas, betas, steps, rounds = (8, 4, 100, 2) if quick else (16, 8, 300, 5)
    spec = study("stepping", logarithmic(0.01, 0.2, alphas), logarithmic(1e-7, 1e-4, betas), seeds=4, optimizer=rule)
    some = work(spec)
    contenders, note = _contenders(some, rule, steps)
    products = machine.dgemm()
    timed = interleaved({**contenders, **products}, rounds)
    peak = machine.peak(min(timed[name].least for name in products))
    for name in contenders:
        agree(f"{METHODS[rule]}, {name}", timed[name].result, timed[LOOP].result, TOLERANCE[rule])
    rows = [_row(name, timed[name], timed[LOOP], some, steps, peak, GOALS[rule]) for name in contenders]
    title = f"{METHODS[rule]}: {some.columns} trials of {len(some.draws)} draws, {steps} steps, n = 100, N = 30"
    return Table(title, COLUMNS, rows, [f"{note} dgemm peak of the core: {peak / 1e9:.1f} GF/s; {rounds} rounds."])


def _contenders(some: Work, rule: str, steps: int) -> tuple[dict[str, Contender[np.ndarray]], str]:
    """Return who runs, and what is to be said of jax."""
    contenders: dict[str, Contender[np.ndarray]] = {
        LOOP: lambda: partial(loops.numpy_loop, some, rule, steps),
        "torch eager, one trial at a time": lambda: partial(loops.torch_loop, some, rule, steps),
        "torch eager, trials share X": lambda: partial(loops.torch_batched, some, rule, steps),
    }
    try:
        compile_seconds, compiled = timed_once(lambda: loops.jax_scan(some, rule, steps))
        contenders["jax vmap + scan"] = lambda: compiled
        note = f"jax compiled for {compile_seconds:.2f} s, apart."
    except ModuleNotFoundError:
        note = "jax is not installed, so its row is missing; `make bench` installs it."
    contenders[PACK] = lambda: some.stepping(steps, SparseProblem.iterate)
    return contenders, note


def _row(
    name: str, one: Timed[np.ndarray], loop: Timed[np.ndarray], some: Work, steps: int, peak: float, goal: float
) -> list[str]:
    trial_steps, ratio = some.columns * steps, loop.least / one.least
    of_peak = some.flops * trial_steps / one.least / peak
    goals = f"{at_least(ratio, goal)}, {at_least_share(of_peak, OF_PEAK)}" if name == PACK else ""
    per_step = figure(1e6 * one.least / trial_steps)
    return [name, figure(one.least), figure(one.median), per_step, f"{figure(ratio)}×", share(of_peak), goals]
