"""Exact times without taking the steps: between two events, proximal gradient descent on l1 is an affine map.

`course` says what can be followed, `segment` holds the algebra and `decomposition` (by `rank_one` updates) what it
needs of X, `modes` how anything moves along one, `events` where it ends and `looks` what is crossed on the way; `path`
strings segments together, `run` finds all that the stepping engine keeps, and `surrogate` says what that tells of the
subgradient method.
"""

from __future__ import annotations

from collections.abc import Mapping

from grokscale.trainers.trial import Value

LARGEST = 1000
"""Dimension up to which trials are fast-forwarded: some n events, each with a decomposition."""

SMOOTH = ("none", "l2")
"""Regularisers without an l1 term: one segment is the whole run."""


def applies(task: str, optimizer: str, regularizer: str, n: int) -> bool:
    """Return whether trials of this kind can be fast-forwarded exactly.

    Args:
        task: its kind.
        optimizer: its kind.
        regularizer: its kind.
        n: ambient dimension.
    """
    smooth = regularizer in SMOOTH
    contracts = optimizer in ("proximal", "gd") or (optimizer == "subgradient" and smooth)
    return task == "sparse_recovery" and contracts and n <= LARGEST


def approximated(task: str, optimizer: str, regularizer: str, n: int) -> bool:
    """Return whether trials of this kind have a surrogate: the subgradient method where its steps are not smooth."""
    return optimizer == "subgradient" and regularizer not in SMOOTH and applies(task, "proximal", regularizer, n)


def seconds(config: Mapping[str, Value]) -> float:
    """Return about how long one trial takes: some 2 n events; one closed form where there is no l1 term."""
    n = config["n"]
    assert isinstance(n, int)
    return 2e-3 if config["regularizer"] in SMOOTH else 2 * n * (9e-5 + 2.4e-11 * n**3)
