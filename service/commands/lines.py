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


def result_lines(found: Mapping[str, Any]) -> list[str]:
    """Return a result as lines, a sentence each: a law's begins `exponent 0.9994 [0.9992, 0.9996] of ...`."""
    return [*_SENTENCE.split(found["text"]), *(f"warning: {warning}" for warning in found.get("warnings", []))]
