"""Linear measurements of a sparse vector: signal, design and noise of one seed (arXiv 2506.05718, App. G).

`stream: spawned` gives each role a stream of its own. `stream: legacy` draws what the published code draws with numpy's
RandomState: signal, design and noise each restart from the same seed, so that they share numbers (with tau > 0 the
observed coordinates even contain the support); it serves comparison with published figures.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from grokscale.trainers.task import Streams
from grokscale.trainers.trial import Identity, Value, number


@dataclass(frozen=True, eq=False)
class Measurements:
    """One data set, shared by all step sizes and strengths.

    Attributes:
        X: design, shape (N, n).
        y: targets X a* + noise, shape (N,).
        a_star: ground truth, shape (n,).
    """

    X: np.ndarray
    y: np.ndarray
    a_star: np.ndarray


def measure(config: Mapping[str, Value], streams: Streams) -> Measurements:
    """Draw signal, design and noise of one seed.

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
    return Measurements(X, y, a_star)


def identity(kind: str, config: Mapping[str, Value], streams: Streams) -> Identity:
    """Name signal, design and noise; under `stream: legacy` the seed alone decides their random numbers.

    Args:
        kind: of the task.
        config: as of `measure`, and `init`: published code leaves `random` unseeded, so it is of the study's own stream
            even under `legacy`.
        streams: the seed's streams.
    """
    if config["stream"] != "legacy":
        return Identity(f"{kind}:{streams.name}", streams.name)
    stream = f"legacy:{streams.seed}"
    start = f":{streams.study_seed}" if config["init"] == "random" else ""
    return Identity(f"{kind}:{stream}:{streams.key[:16]}{start}", stream)


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
