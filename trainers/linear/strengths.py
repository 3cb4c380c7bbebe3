"""The strengths that a configuration states; plain numbers, no tensors."""

from __future__ import annotations

from collections.abc import Mapping

from grokscale.trainers.trial import Value, number


def strengths(config: Mapping[str, Value]) -> tuple[float, float]:
    """`(beta1, beta2)` of a configuration: strengths of ||a||_1 and of 1/2 ||a||^2."""
    match config["regularizer"]:
        case "none":
            return 0.0, 0.0
        case "l1":
            return number(config, "beta"), 0.0
        case "l2":
            return 0.0, number(config, "beta")
        case "elastic":
            return number(config, "beta1"), number(config, "beta2")
        case other:
            raise ValueError(f"regularizer must be none, l1, l2 or elastic, not {other!r}")
