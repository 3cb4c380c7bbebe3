"""What the engines are measured against: the loops that one would write, computing nothing but the step.

Each takes `steps` steps of all trials of some work by ISTA (`proximal`) or the subgradient method (`subgradient`) and
returns the iterates, shape (trials, n). The step is (arXiv 2506.05718, section 3)

    a <- S_{alpha beta}(a - alpha G)  or  a <- a - alpha (G + beta sign(a)),  G = X^T (X a - y).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tests.benchmarks.work import Work

Step = Callable[[Any, Any, Any, Any, Any], Any]
"""X, y, a, alpha, beta to the next a."""


def numpy_loop(work: Work, rule: str, steps: int) -> np.ndarray:
    """One trial at a time in numpy."""
    step = NUMPY[rule]
    out = []
    for draw, a0, alpha, beta in work.trials():
        X, y, a = draw.X, draw.y, a0
        for _ in range(steps):
            a = step(X, y, a, alpha, beta)
        out.append(a)
    return np.stack(out)


def numpy_loop_with_norms(work: Work, rule: str, steps: int) -> np.ndarray:
    """The same, looking for the crossings as published code does: both relative errors after every step."""
    step = NUMPY[rule]
    out = []
    for draw, a0, alpha, beta in work.trials():
        X, y, a, a_star = draw.X, draw.y, a0, draw.a_star
        y_norm, a_norm = np.linalg.norm(y), np.linalg.norm(a_star)
        t1 = t2 = -1
        for t in range(1, steps + 1):
            a = step(X, y, a, alpha, beta)
            if np.linalg.norm(X @ a - y) / y_norm <= 1e-2 and t1 < 0:
                t1 = t
            if np.linalg.norm(a - a_star) / a_norm <= 1e-2 and t2 < 0:
                t2 = t
        out.append(a)
    return np.stack(out)


def torch_loop(work: Work, rule: str, steps: int) -> np.ndarray:
    """One trial at a time in eager torch."""
    step = TORCH[rule]
    out = []
    for draw, a0, alpha, beta in work.trials():
        X, y, a = torch.as_tensor(draw.X), torch.as_tensor(draw.y), torch.as_tensor(a0)
        for _ in range(steps):
            a = step(X, y, a, alpha, beta)
        out.append(a.numpy())
    return np.stack(out)


def torch_batched(work: Work, rule: str, steps: int) -> np.ndarray:
    """All trials at once in eager torch, iterates (D, n, W): those of a draw share X in one matrix product."""
    step = TORCH[rule]
    X = torch.as_tensor(np.stack([draw.X for draw in work.draws]))
    y = torch.as_tensor(np.stack([draw.y for draw in work.draws]))[:, :, None]
    alpha, beta = (torch.as_tensor(values)[:, None, :] for values in (work.alpha, work.beta))
    a = torch.as_tensor(work.a0)[:, :, None].repeat(1, 1, work.alpha.shape[1])
    for _ in range(steps):
        a = step(X, y, a, alpha, beta)
    return a.transpose(1, 2).reshape(work.columns, -1).numpy()


def jax_scan(work: Work, rule: str, steps: int) -> Callable[[], np.ndarray]:
    """Compile vmap over the trials of a draw and over the draws, and lax.scan over the steps, in float64.

    Raises:
        ModuleNotFoundError: jax is not installed.
    """
    jax: Any = importlib.import_module("jax")
    jax.config.update("jax_enable_x64", True)
    step = _jax_steps(jax.numpy)[rule]

    def trial(X: Any, y: Any, a0: Any, alpha: Any, beta: Any) -> Any:
        return jax.lax.scan(lambda a, _: (step(X, y, a, alpha, beta), None), a0, length=steps)[0]

    draws = jax.vmap(jax.vmap(trial, in_axes=(None, None, None, 0, 0)))
    X, y = (np.stack([getattr(draw, name) for draw in work.draws]) for name in ("X", "y"))
    arguments = [jax.numpy.asarray(array) for array in (X, y, work.a0, work.alpha, work.beta)]
    compiled = jax.jit(draws).lower(*arguments).compile()
    return lambda: np.asarray(compiled(*arguments)).reshape(work.columns, -1)


# -- one step -------------------------------------------------------------------------------------------------------


def _numpy_proximal(X: np.ndarray, y: np.ndarray, a: np.ndarray, alpha: float, beta: float) -> np.ndarray:
    z = a - alpha * (X.T @ (X @ a - y))
    return np.sign(z) * np.maximum(np.abs(z) - alpha * beta, 0)


def _numpy_subgradient(X: np.ndarray, y: np.ndarray, a: np.ndarray, alpha: float, beta: float) -> np.ndarray:
    return a - alpha * (X.T @ (X @ a - y) + beta * np.sign(a))


def _torch_proximal(X: Tensor, y: Tensor, a: Tensor, alpha: Any, beta: Any) -> Tensor:
    z = a - alpha * (X.mT @ (X @ a - y))
    return torch.sign(z) * torch.clamp(z.abs() - alpha * beta, min=0)


def _torch_subgradient(X: Tensor, y: Tensor, a: Tensor, alpha: Any, beta: Any) -> Tensor:
    return a - alpha * (X.mT @ (X @ a - y) + beta * torch.sign(a))


NUMPY: dict[str, Step] = {"proximal": _numpy_proximal, "subgradient": _numpy_subgradient}
TORCH: dict[str, Step] = {"proximal": _torch_proximal, "subgradient": _torch_subgradient}


def _jax_steps(jnp: Any) -> dict[str, Step]:
    def proximal(X: Any, y: Any, a: Any, alpha: Any, beta: Any) -> Any:
        z = a - alpha * (X.T @ (X @ a - y))
        return jnp.sign(z) * jnp.maximum(jnp.abs(z) - alpha * beta, 0)

    def subgradient(X: Any, y: Any, a: Any, alpha: Any, beta: Any) -> Any:
        return a - alpha * (X.T @ (X @ a - y) + beta * jnp.sign(a))

    return {"proximal": proximal, "subgradient": subgradient}
