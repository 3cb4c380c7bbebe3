"""The work that contenders share: the trials of a study as arrays, those of one draw side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from grokscale.studies.packs import pack
from grokscale.studies.plan import Resources, plan
from grokscale.studies.spec import StudySpec, parse
from grokscale.trainers.tasks.registry import draws_of
from grokscale.trainers.tasks.sparse_recovery.data import SparseDraw
from grokscale.trainers.tasks.sparse_recovery.problem import SparseProblem
from grokscale.trainers.trial import Pack

TASK = "sparse_recovery"
Field = float | list[float] | Mapping[str, Any]


def logarithmic(low: float, high: float, num: int) -> dict[str, Any]:
    """Return a field swept evenly in its logarithm."""
    return {"log": [low, high], "num": num}


def sizes(n: int, N: int) -> dict[str, int]:
    """Return the sizes of the data, a twentieth of the signal non-zero."""
    return {"n": n, "s": max(1, n // 20), "N": N}


def study(
    name: str,
    alpha: Field,
    beta: Field,
    *,
    seeds: int = 1,
    optimizer: str = "proximal",
    engine: str = "step",
    data: Mapping[str, int] | None = None,
    threshold: float = 1e-2,
    **budget: Any,
) -> StudySpec:
    """Return a study of sparse recovery under l1; `data`: its sizes, n = 100, s = 5, N = 30 if none."""
    thresholds = {"train_threshold": threshold, "test_threshold": threshold}
    return parse(
        {
            "name": name,
            "task": {"kind": TASK, **(data or sizes(100, 30))},
            "regularizer": {"kind": "l1", "beta": beta},
            "optimizer": {"kind": optimizer, "alpha": alpha},
            "seeds": seeds,
            "engine": engine,
            "budget": {"max_steps": 10**12, **thresholds, **budget},
        }
    )


def grid(quick: bool) -> StudySpec:
    """Return the 512-trial grid of 4 seeds x 16 alpha x 8 beta down to alpha beta = 5e-11; 32 trials of it if quick."""
    alphas, betas, seeds = (4, 4, 2) if quick else (16, 8, 4)
    alpha, beta = logarithmic(0.01, 0.2, alphas), logarithmic(5e-9, 1e-5, betas)
    return study("grid", alpha, beta, seeds=seeds, engine="auto")


@dataclass(frozen=True)
class Work:
    """D draws with W trials each.

    Attributes:
        pack: the trials in column order, all those of a draw side by side.
        draws: data sets, D of them.
        alpha, beta: step sizes and strengths, shape (D, W).
        a0: initial points, shape (D, n).
    """

    pack: Pack
    draws: list[SparseDraw]
    alpha: np.ndarray
    beta: np.ndarray
    a0: np.ndarray

    @property
    def columns(self) -> int:
        """How many trials."""
        return self.alpha.size

    @property
    def flops(self) -> float:
        """Of the two matrix products of a trial's step: 4 N n."""
        return 4.0 * self.draws[0].X.size

    def trials(self) -> Iterator[tuple[SparseDraw, np.ndarray, float, float]]:
        """Yield each trial's draw, initial point, alpha and beta, in column order."""
        for draw, a0, alphas, betas in zip(self.draws, self.a0, self.alpha, self.beta, strict=True):
            for alpha, beta in zip(alphas.tolist(), betas.tolist(), strict=True):
                yield draw, a0, alpha, beta

    def problem(self) -> SparseProblem:
        """Return the trials stacked as the pack engine has them, at step 0."""
        drawn = [draw for draw in self.draws for _ in range(self.alpha.shape[1])]
        return SparseProblem(drawn, self.pack.trials, torch.device("cpu"))

    def stepping(self, steps: int, seen: Callable[[SparseProblem], np.ndarray]) -> Callable[[], np.ndarray]:
        """Return a run of bare steps of the stacked trials, and what is then seen of them."""
        problem = self.problem()

        def run() -> np.ndarray:
            problem.step(steps)
            return seen(problem)

        return run


def work(spec: StudySpec) -> Work:
    """Return the trials of a study whose draws have as many trials each."""
    trials = sorted(plan(spec, Resources(1)).trials, key=lambda trial: (trial.seed, trial.configuration))
    draws = list(dict.fromkeys(draws_of(TASK, trials, spec.seed)))
    alpha, beta = (
        np.array([trial.config[name] for trial in trials], dtype=np.float64).reshape(len(draws), -1)
        for name in ("alpha", "beta")
    )
    a0 = np.stack([draw.initial(trials[0].config) for draw in draws])
    return Work(pack(spec, trials, "benchmark"), draws, alpha, beta, a0)
