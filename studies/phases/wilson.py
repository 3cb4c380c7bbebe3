"""Wilson's interval of a fraction (Wilson 1927, J. Am. Stat. Assoc. 22, 209)."""

from __future__ import annotations

from math import sqrt

Z = 1.959963984540054
"""97.5 % point of the normal distribution."""


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """Return the 95 % score interval of a fraction.

    Unlike the usual one it is sound where none or all of few trials succeeded, which is most of a phase diagram.

    Args:
        successes: 0 <= successes <= trials.
        trials: independent trials, at least 1.

    Returns:
        Its ends, 0 <= low <= successes / trials <= high <= 1.
    """
    share, spread = successes / trials, Z * Z / trials
    middle = (share + spread / 2) / (1 + spread)
    half = Z / (1 + spread) * sqrt(share * (1 - share) / trials + spread / (4 * trials))
    # at the ends the formula gives 0 and 1 up to rounding
    return (0.0 if successes == 0 else middle - half, 1.0 if successes == trials else middle + half)
