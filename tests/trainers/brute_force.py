"""The oracle: one trial, one plain numpy loop, every step looked at, written from the definitions alone."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

LADDER = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)


@dataclass
class Passage:
    """First step at or below a level, and the step since which it has stayed there."""

    level: float
    first: int | None = None
    stayed: int | None = None

    def see(self, step: int, value: float) -> None:
        if value <= self.level:
            self.first = step if self.first is None else self.first
            self.stayed = step if self.stayed is None else self.stayed
        else:
            self.stayed = None


@dataclass
class Loop:
    """What the loop saw of one trial."""

    train: list[Passage]
    test: list[Passage]
    t1_gradient: int | None = None
    iterates: dict[int, np.ndarray] = field(default_factory=dict)
    final: np.ndarray | None = None


def soft_threshold(z: np.ndarray, gamma: float) -> np.ndarray:
    return np.sign(z) * np.maximum(np.abs(z) - gamma, 0)


def run(
    X: np.ndarray,
    y: np.ndarray,
    a_star: np.ndarray,
    a0: np.ndarray,
    method: str,
    alpha: float,
    beta1: float,
    beta2: float,
    steps: int,
    keep: tuple[int, ...] = (),
    thresholds: tuple[float, float] = (1e-2, 1e-2),
) -> Loop:
    """Train one trial for `steps` steps, t = 0 being the initial point."""
    a = a0.astype(np.float64).copy()
    inverse = np.linalg.pinv(X) if method == "projected" else None
    seen = Loop([Passage(v) for v in (thresholds[0], *LADDER)], [Passage(v) for v in (thresholds[1], *LADDER)])
    y_norm, a_norm = np.linalg.norm(y), np.linalg.norm(a_star)
    for t in range(steps + 1):
        residual = X @ a - y
        gradient = X.T @ residual
        for passage in seen.train:
            passage.see(t, float(np.linalg.norm(residual) / y_norm))
        for passage in seen.test:
            passage.see(t, float(np.linalg.norm(a - a_star) / a_norm))
        pull = beta1 * np.sign(a) + beta2 * a
        if seen.t1_gradient is None and np.linalg.norm(pull) >= np.linalg.norm(gradient) and (beta1 or beta2):
            seen.t1_gradient = t
        if t in keep:
            seen.iterates[t] = a.copy()
        if t == steps:
            break
        if method == "proximal":
            a = soft_threshold(a - alpha * (gradient + beta2 * a), alpha * beta1)
        else:
            a = a - alpha * (gradient + pull)  # the published code's projected method takes the whole step too
        if inverse is not None:
            a = a - inverse @ (X @ a - y)
    seen.final = a
    return seen
