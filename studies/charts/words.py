"""Names and numbers as a chart writes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from grokscale.trainers.tasks.registry import letters


def pretty(expression: str) -> str:
    """Return a name or a monomial in the letters of the paper: `1/(alpha*beta)` is 1/(αβ)."""
    known = letters()
    lettered = re.sub(r"([A-Za-z_]+)([0-9]*)", lambda name: known.get(name[1], name[1]) + name[2], expression)
    return re.sub(r"(?<=[α-ω])\*(?=[α-ω])", "", lettered).replace("*", "·")


def number(value: Any) -> str:
    """Return a value as a label: three digits, as 1.5e-5 where that is shorter; a whole number in full."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if float(value).is_integer() and abs(value) < 1e6:
        return f"{int(value):,}"
    if 1e-3 <= abs(value) < 1e6:
        return f"{value:.4g}" if abs(value) < 1e3 else f"{value:,.0f}"
    mantissa, _, exponent = f"{value:.2e}".partition("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}" if exponent else mantissa


def fields(config: Mapping[str, Any]) -> str:
    """Return fields with their values: α 0.1, β 1e-5."""
    return ", ".join(f"{pretty(name)} {number(value)}" for name, value in config.items())


def counted(count: int, noun: str) -> str:
    """Return a count with its noun: 1 trial, 90 trials."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
