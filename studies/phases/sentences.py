"""A phase diagram in plain ASCII sentences; digits are rounded here and nowhere else."""

from __future__ import annotations

from typing import Any

_MOST_POINTS = 3


def text(x: str, y: str | None, outcome: str, diagram: dict[str, Any], n: int) -> str:
    """Return the result, the estimate first."""
    basis = f"{_count(n, 'trial')} in {_count(diagram['draws'], 'draw')}"
    contour = diagram["contour"]
    if contour is None:
        return f"No contour of {outcome}: {diagram['not_identifiable']['reason']}; {basis}."
    points = contour["points"]
    if len(points) > _MOST_POINTS:
        points = [points[0], points[len(points) // 2], points[-1]]
    told = ", ".join(_point(x, y, point) for point in points)
    by = "by draw, " if contour["covariance"] == "draw" else ""
    how = "Firth's penalised likelihood, since the axes separate the outcomes" if contour["separated"] else "logistic"
    sentence = f"Half of the trials are {outcome} at {told} (95 % profile-likelihood intervals, {by}{how}; {basis})."
    slopes = {point["rises"] for point in contour["points"]}
    if len(slopes) == 1:
        sentence += f" The fraction {'rises' if slopes.pop() else 'falls'} with {x}."
    return sentence


def _point(x: str, y: str | None, point: dict[str, Any]) -> str:
    where = "" if y is None or point["y"] is None else f" where {y} = {point['y']:g}"
    if point["x"] is None:
        return f"no {x}{where}"
    low, high = point["ci95"]
    ends = f"{'none' if low is None else f'{low:.4g}'}, {'none' if high is None else f'{high:.4g}'}"
    beyond = " (outside the values tried)" if point["extrapolated"] else ""
    return f"{x} = {point['x']:.4g} [{ends}]{where}{beyond}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
