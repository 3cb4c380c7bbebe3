"""A front in words: plain ASCII, the estimate first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def text(
    x: str,
    y: str,
    most_y: float | None,
    best: Mapping[str, Any] | None,
    front: int,
    complete: int,
    left_out: Mapping[str, int],
    swept: Sequence[str],
) -> str:
    """Return the result in a few sentences.

    Args:
        x: the response that the best has least of.
        y: the one that is bounded.
        most_y: the bound on y, None for none.
        best: as in the answer.
        front: configurations on the front.
        complete: configurations that have both responses.
        left_out: counts by reason.
        swept: fields that differ between configurations.
    """
    bound = "" if most_y is None else f" with {y} at most {most_y:g}"
    if best is None:
        said = f"No configuration has both {x} and {y}." if not complete else f"No configuration has a {x}{bound}."
    else:
        where = ", ".join(f"{name} {_shown(best['config'][name])}" for name in swept)
        at = f" at {where}" if where else ""
        said = (
            f"{x} {_interval(best['x'])} is the least{bound}{at} (configuration {best['configuration']}), "
            f"where {y} is {_interval(best['y'])}; medians, with the range over {_seeds(best['x']['seeds'])}."
        )
    said += f" {front} of {complete} configurations with both are on the front."
    if left_out:
        reasons = ", ".join(f"{count} {word}" for word, count in sorted(left_out.items()))
        said += f" {sum(left_out.values())} left out: {reasons}."
    return said


def _interval(number: Mapping[str, Any]) -> str:
    low, high = number["low"], number["high"]
    return f"{_shown(number['value'])} [{_shown(low)}, {_shown(high)}]"


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _seeds(count: int) -> str:
    return f"{count} seed{'' if count == 1 else 's'}"
