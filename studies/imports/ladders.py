"""The ladder of an imported run: the crossings of other thresholds, as an exported table has them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from grokscale.studies.imports.cells import Cells, Floats
from grokscale.studies.imports.times import CENSORED, MOST_STEPS, Units

NO_LADDER = "{}"
_PARTS = ("step", "lower", "upper", "stayed")
_ACCEPTED = (
    'JSON of thresholds to crossings: {"1e-2": {"t1": {step, lower, upper, censoring, stayed} or null, "t2": ...}}'
)


def read(cells: Cells, units: Units) -> list[str]:
    """Return the ladder of every run as JSON, `NO_LADDER` where it has none; what is none is noted."""
    if not cells.has("ladder"):
        return [NO_LADDER] * cells.rows
    found, bad = [], np.zeros(cells.rows, dtype=bool)
    for row, text in enumerate(cells.texts("ladder").tolist()):
        try:
            found.append(json.dumps(_ladder(json.loads(text), units) if text else {}, allow_nan=False))
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            found.append(NO_LADDER)
            bad[row] = True
    cells.refuse(bad, "ladder", "{} is refused; accepted: " + _ACCEPTED.replace("{", "{{").replace("}", "}}"))
    return found


def _ladder(document: Any, units: Units) -> dict[str, Any]:
    if not isinstance(document, Mapping) or not all(0 < float(rung) < math.inf for rung in document):
        raise ValueError("no ladder")
    return {
        rung: {name: None if pair[name] is None else _crossing(pair[name], units) for name in ("t1", "t2")}
        for rung, pair in document.items()
    }


def _crossing(parts: Mapping[str, Any], units: Units) -> dict[str, Any]:
    if not isinstance(parts, Mapping):
        raise ValueError("no crossing")
    step, lower, upper, stayed = (_time(parts.get(name)) for name in _PARTS)
    if parts["censoring"] not in CENSORED or np.isnan(lower):
        raise ValueError("no crossing")
    made = {"step": units.up(step), "lower": units.down(lower), "upper": units.up(upper), "stayed": units.up(stayed)}
    whole = {name: None if np.isnan(value) else int(value) for name, value in made.items()}
    bracket = parts["censoring"] in ("exact", "interval") and not units.whole
    if bracket and whole["upper"] is not None:
        whole["step"] = whole["upper"] if whole["upper"] - int(whole["lower"] or 0) <= 1 else None
        return {**whole, "censoring": "interval" if whole["step"] is None else "exact"}
    return {**whole, "censoring": parts["censoring"]}


def _time(value: Any) -> Floats:
    if value is not None and (isinstance(value, bool) or not -1 <= value <= MOST_STEPS):
        raise ValueError("no time")
    return np.array(np.nan if value is None else value, dtype=np.float64)
