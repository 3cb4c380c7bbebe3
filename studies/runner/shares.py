"""How studies that run side by side share the cluster."""

from __future__ import annotations

from collections.abc import Sequence


def shares(needs: Sequence[float]) -> list[float]:
    """Return the part of the cluster that each study may use: equal parts, but none more than it needs.

    What one study leaves goes to the others. A study alone gets everything, whatever it needs now.

    Args:
        needs: parts of the cluster that the studies can use, in [0, 1].
    """
    if len(needs) == 1:
        return [1.0]
    given = [0.0] * len(needs)
    left = 1.0
    for rank, i in enumerate(sorted(range(len(needs)), key=lambda i: needs[i])):
        given[i] = min(needs[i], left / (len(needs) - rank))
        left -= given[i]
    return given
