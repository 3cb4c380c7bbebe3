"""Studies and laws as lines of plain ASCII."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

_ASCII = str.maketrans({"α": "alpha", "β": "beta", "σ": "sigma", "×": "x", "−": "-", "–": "-", "±": "+-", "·": "*"})


def outcome_line(study: Mapping[str, Any]) -> str:
    """Return the outcome counts of a study, such as `completed: 90 trials, 88 generalised, 2 stalled`."""
    progress = study["progress"]
    counts = [f"{count} {word}" for word, count in progress["by_outcome"].items()]
    return f"{study['state']}: " + ", ".join([f"{progress['ended']} of {progress['total']} trials", *counts])


def law_lines(law: Mapping[str, Any]) -> list[str]:
    """Return a law as lines: one an exponent, the estimate first, then its text and its warnings."""
    about = f"of {law['response']}, 95 % interval, {law['n']} trials of {law['draws']} draws"
    if law["exponent"] is not None:
        lines = [f"exponent {estimate(law['exponent'])} {about} (x = {law['x']})"]
    else:
        lines = [f"exponent {estimate(found)} in {field} {about}" for field, found in law["exponents"].items()]
    return [*lines, ascii_text(law["text"]), *(f"warning: {ascii_text(warning)}" for warning in law["warnings"])]


def estimate(found: Mapping[str, Any]) -> str:
    """Return `0.9994 [0.9992, 0.9996]`, with as many digits as tell the ends apart."""
    value, ends = found["value"], found["ci95"]
    if value is None:
        return "not identifiable"
    if ends is None or None in ends:
        return f"{value:.4f} [no interval]"
    digits = _digits(ends[1] - ends[0])
    return f"{value:.{digits}f} [{ends[0]:.{digits}f}, {ends[1]:.{digits}f}]"


def _digits(width: float) -> int:
    return 10 if width <= 0 else min(max(1 - math.floor(math.log10(width)), 4), 10)


def ascii_text(text: str) -> str:
    """Return the text with the few signs that laws use spelled out, and nothing beyond ASCII."""
    return text.translate(_ASCII).encode("ascii", "replace").decode()
