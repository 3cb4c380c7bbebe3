"""Exact times without taking the steps: between two events, proximal gradient descent on l1 is an affine map.

`course` says what can be followed, `segment` holds the algebra, `path` strings segments together, and `run` finds all
that the stepping engine keeps.
"""

LARGEST = 1000
"""Dimension up to which trials are fast-forwarded: some n events, each an eigendecomposition."""


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


def seconds(n: int, smooth: bool) -> float:
    """Return about how long one trial takes: some 2 n events; one closed form where there is no l1 term."""
    return 2e-3 if smooth else 2 * n * (2.5e-4 + 1.7e-10 * n**3)
