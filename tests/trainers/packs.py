"""Small packs for the tests of the engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from grokscale.trainers.pack import train
from grokscale.trainers.trial import Budget, Outcome, Pack, Report, Trial, Value

SPARSE: dict[str, Value] = {
    "regularizer": "l1",
    "beta": 1e-3,
    "optimizer": "proximal",
    "alpha": 0.1,
    "n": 40,
    "s": 3,
    "N": 20,
    "tau": 0.0,
    "snr": None,
    "stream": "spawned",
    "init": "ones",
    "init_scale": 1e-6,
    "design_variance": None,
    "signal": "normal",
}
SYNTHETIC: dict[str, Value] = {
    "regularizer": "l1",
    "beta": 1e-3,
    "optimizer": "gd",
    "alpha": 0.1,
    "prefactor": 0.1,
    "exponent": 1.0,
    "sigma": 0.05,
    "draw_sigma": 0.4,
    "t1_prefactor": 5.0,
    "seconds": 0.0,
    "faults": None,
}

MATRIX: dict[str, Value] = {
    "regularizer": "nuclear",
    "beta": 0.1,
    "optimizer": "proximal",
    "alpha": 0.4,
    "n1": 8,
    "n2": 7,
    "r": 1,
    "N": 45,
    "tau": 0.0,
    "factors": "independent",
    "init": "ones",
    "init_scale": 1e-6,
}

DIAGONAL: dict[str, Value] = {
    "regularizer": "none",
    "optimizer": "gd",
    "alpha": 0.1,
    "beta": 1e-3,
    "n": 100,
    "s": 5,
    "N": 30,
    "tau": 0.0,
    "snr": None,
    "stream": "legacy",
    "parameterization": "symmetric",
    "depth": 2,
    "init": "ones",
    "init_scale": 1e-4,
    "design_variance": None,
    "signal": "normal",
}


def diagonal(index: int = 0, seed: int = 0, **fields: Value) -> Trial:
    return _trial(DIAGONAL, index, seed, fields)


def sparse(index: int = 0, seed: int = 0, **fields: Value) -> Trial:
    return _trial(SPARSE, index, seed, fields)


def matrix(index: int = 0, seed: int = 0, **fields: Value) -> Trial:
    return _trial(MATRIX, index, seed, fields)


def synthetic(index: int = 0, seed: int = 0, **fields: Any) -> Trial:
    return _trial(SYNTHETIC, index, seed, fields)


def _trial(base: dict[str, Value], index: int, seed: int, fields: dict[str, Any]) -> Trial:
    config = base | fields
    if config["regularizer"] in ("none", "elastic"):
        config = {name: value for name, value in config.items() if name != "beta"}
    return Trial(index, index, seed, config)


def pack(trials: Sequence[Trial], task: str = "sparse_recovery", **budget: Any) -> Pack:
    return Pack("pack", task, tuple(trials), 0, Budget(**({"max_steps": 20_000} | budget)))


def outcomes(of: Pack, **how: Any) -> dict[int, Outcome]:
    """Train a pack to its end; outcomes by trial index, each delivered once."""
    delivered = [outcome for report in reports(of, **how) for outcome in report.outcomes]
    found = {outcome.index: outcome for outcome in delivered}
    assert len(found) == len(delivered)
    return found


def reports(of: Pack, **how: Any) -> list[Report]:
    return list(train(of, **how))
