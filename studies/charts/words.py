"""Names and numbers as a chart writes them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

_GREEK = {"alpha": "α", "beta": "β", "tau": "τ", "sigma": "σ", "log": "log"}
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def pretty(expression: str) -> str:
    """Return a name or a monomial in the letters of the paper: `1/(alpha*beta)` is 1/(αβ)."""
    lettered = re.sub(r"[A-Za-z_]+[0-9]*", lambda match: _name(match.group()), expression)
    return re.sub(r"(?<=[α-ω])\*(?=[α-ω])", "", lettered).replace("*", "·")


def _name(name: str) -> str:
    letter, digits = re.fullmatch(r"([A-Za-z_]+)([0-9]*)", name).groups()  # type: ignore[union-attr]
    return _GREEK[letter] + digits if letter in _GREEK else name


def power(exponent: int) -> str:
    """Return a power of ten: 10⁻³."""
    return f"10{str(exponent).translate(_SUPERSCRIPT)}"


def number(value: Any) -> str:
    """Return a value as a label: three digits, 1.5·10⁻⁵ where that is shorter; a whole number in full."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return str(value)
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    exponent = math.floor(math.log10(abs(value)))
    if float(value).is_integer() and abs(value) < 1e15 and (abs(value) < 1e6 or f"{value:.15g}".count("0") < 4):
        return f"{int(value):,}"
    if -4 < exponent < 6:
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    mantissa, _, exponent_text = f"{value:.2e}".partition("e")
    mantissa = mantissa.rstrip("0").rstrip(".")
    ten = power(int(exponent_text))
    return ten if mantissa == "1" else f"{mantissa}·{ten}"


def fields(config: Mapping[str, Any]) -> str:
    """Return fields with their values: α 0.1, β 10⁻⁵."""
    return ", ".join(f"{pretty(name)} {number(value)}" for name, value in config.items())


def counted(count: int, noun: str) -> str:
    """Return a count with its noun: 1 trial, 90 trials."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
