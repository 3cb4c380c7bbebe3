"""Studies and results as lines of plain text."""

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


def forecast_lines(found: Mapping[str, Any]) -> list[str]:
    """Return what a study would take: `90 trials: 9 configurations, 10 draws, 6 packs` and what is predicted."""
    sizes = f"{found['configurations']} configurations, {found['draws']} draws, {found['packs']} packs"
    predicted = found["predicted"]
    names = ("steps", "seconds", "memory_bytes", "trials_without_prediction")
    steps, seconds, memory, unpredicted = (predicted[name] for name in names)
    parts = [
        *([] if steps is None else [f"{steps:.3g} steps"]),
        *([] if seconds is None else [f"{seconds:.3g} s"]),
        *([] if memory is None else [f"{memory / 1e6:.3g} MB of memory"]),
    ]
    rest = f" ({unpredicted} trials without a prediction)" if unpredicted else ""
    return [f"{found['trials']} trials: {sizes}", f"predicted: {', '.join(parts)}{rest}"]


def caution_lines(found: Mapping[str, Any]) -> list[str]:
    """Return the warnings of a forecast, one per line, with the field that each is about, if any."""
    return [
        "warning: " + (f"{warning['pointer']}: " if warning.get("pointer") else "") + warning["message"]
        for warning in found.get("warnings", [])
    ]


def result_lines(found: Mapping[str, Any]) -> list[str]:
    """Return a result as lines of one sentence each: a law's begins `exponent 0.9994 [0.9992, 0.9996] of ...`."""
    return [*_SENTENCE.split(found["text"]), *(f"warning: {warning}" for warning in found.get("warnings", []))]
