"""Studies, laws and fronts as lines of plain text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_SENTENCE = re.compile(r"(?<=\.) (?=[A-Z0-9])")


def outcome_line(study: Mapping[str, Any]) -> str:
    """Return a study's state and outcome counts: `completed: 90 of 90 trials, 88 generalised, 2 stalled`."""
    progress = study["progress"]
    counts = [f"{count} {word}" for word, count in progress["by_outcome"].items()]
    return f"{study['state']}: " + ", ".join([f"{progress['ended']} of {progress['total']} trials", *counts])


def law_lines(law: Mapping[str, Any]) -> list[str]:
    """Return a law as lines, a sentence each: the estimate first (`exponent 0.9994 [0.9992, 0.9996] of ...`)."""
    return [*_SENTENCE.split(law["text"]), *(f"warning: {warning}" for warning in law["warnings"])]


def pareto_lines(found: Mapping[str, Any]) -> list[str]:
    """Return a front as lines: the result, a sentence each, then a table of its configurations by ascending x.

    A star marks the best under the bound; brackets hold the range over the seeds.
    """
    lines = _SENTENCE.split(found["text"])
    front = [point for point in found["points"] if point["on_front"]]
    if not front:
        return lines
    varying = [
        name for name in front[0]["config"] if len({str(point["config"][name]) for point in found["points"]}) > 1
    ]
    best = found["best"] and found["best"]["configuration"]
    rows = [["", "configuration", *varying, found["x"], found["y"]]]
    rows += [
        [
            "*" if point["configuration"] == best else "",
            str(point["configuration"]),
            *(_number(point["config"][name]) for name in varying),
            _median(point["x"]),
            _median(point["y"]),
        ]
        for point in front
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return [*lines, "", *table]


def _median(number: Mapping[str, Any]) -> str:
    return f"{_number(number['value'])} [{_number(number['low'])}, {_number(number['high'])}]"


def _number(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
