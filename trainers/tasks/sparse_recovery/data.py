"""The data of sparse recovery: signal, design, noise and initial directions of one seed (arXiv 2506.05718, App. G).

`stream: spawned` gives each role a stream of its own. `stream: legacy` draws what the published code draws with numpy's
RandomState: signal, design and noise each restart from the same seed, so that they share numbers (with tau > 0 the
observed coordinates even contain the support); it serves comparison with published figures.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from grokscale.trainers.task import Streams
from grokscale.trainers.tasks.sparse_recovery.theory.draw import DrawTheory
from grokscale.trainers.trial import Value, number


@dataclass(frozen=True, eq=False)
class SparseDraw:
    """One data set, shared by all step sizes, strengths and initial scales.

    Attributes:
        X: design, shape (N, n).
        y: targets X a* + noise, shape (N,).
        a_star: ground truth, shape (n,).
        direction: standard normal / sqrt(n), shape (n,): what `init: random` scales.
    """

    X: np.ndarray
    y: np.ndarray
    a_star: np.ndarray
    direction: np.ndarray

    @cached_property
    def theory(self) -> DrawTheory:
        """All that theory says of this draw."""
        return DrawTheory(self.X, self.y, self.a_star)

    def initial(self, config: Mapping[str, Value]) -> np.ndarray:
        """Return a^0 = init_scale * (ones, a N(0, 1/n) vector, or the least-squares solution), shape (n,)."""
        scale = number(config, "init_scale")
        match config["init"]:
            case "ones":
                return scale * np.ones(self.X.shape[1])
            case "random":
                return scale * self.direction
            case "least_squares":
                return scale * self.theory.spectrum.a_hat()
            case other:
                raise ValueError(f"init must be ones, random or least_squares, not {other!r}")


def draw_sparse(config: Mapping[str, Value], streams: Streams) -> SparseDraw:
    """Draw signal, design, noise and initial direction of one seed.

    Args:
        config: n, s, N, tau, snr, stream, design_variance, signal.
        streams: the seed's streams.
    """
    n, s, N = (int(number(config, field)) for field in ("n", "s", "N"))
    legacy = config["stream"] == "legacy"
    roles: dict[str, Any] = {
        role: np.random.RandomState(streams.seed) if legacy else streams.generator(role)
        for role in ("signal", "design", "noise")
    }
    a_star = _signal(roles["signal"], n, s, str(config["signal"]))
    variance = 1 / N if config["design_variance"] is None else number(config, "design_variance")
    X = _design(roles["design"], n, N, number(config, "tau"), variance)
    y = X @ a_star
    if config["snr"] is not None:
        power = _expected_power(n, s, str(config["signal"])) / (N * number(config, "snr"))
        y = y + math.sqrt(power) * _normals(roles["noise"], N)
    # published code leaves `init: random` unseeded, so it has a stream of its own either way
    direction = streams.generator("init").standard_normal(n) / math.sqrt(n)
    return SparseDraw(X, y, a_star, direction)


def _normals(random: Any, *shape: int) -> np.ndarray:
    """Standard normals from either kind of generator."""
    return random.randn(*shape) if isinstance(random, np.random.RandomState) else random.standard_normal(shape)


def _signal(random: Any, n: int, s: int, kind: str) -> np.ndarray:
    """a*: s non-zeros, N(0, 1/n) or uniform on {-1, 0, 1} (redrawn until not all are zero), shape (n,)."""
    a_star = np.zeros(n)
    support = random.choice(n, s, replace=False)
    if kind == "normal":
        a_star[support] = _normals(random, s) / math.sqrt(n)
        return a_star
    while not a_star.any():
        a_star[support] = random.choice(np.array([-1.0, 0.0, 1.0]), s)
    return a_star


def _expected_power(n: int, s: int, kind: str) -> float:
    """E ||a*||^2, exactly; published code averages 100 n fresh signals."""
    if kind == "normal":
        return s / n
    return s * (2 / 3) / (1 - 3.0**-s)


def _design(random: Any, n: int, N: int, tau: float, variance: float) -> np.ndarray:
    """X: int(tau N) distinct random unit coordinate rows, then rows of N(0, variance), shape (N, n)."""
    rows = int(tau * N)
    chosen = random.choice(n, min(rows, n), replace=False) if rows else np.empty(0, dtype=np.int64)
    if rows > n:
        chosen = np.concatenate([chosen, random.choice(n, rows - n, replace=True)])
    gaussian = _normals(random, N - rows, n) * math.sqrt(variance)
    return np.concatenate([np.eye(n)[chosen], gaussian])
