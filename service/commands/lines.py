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


def fit_lines(fit: Mapping[str, Any]) -> list[str]:
    """Return a stored fit as lines: the result, a table of the models, the tests between them, the warnings."""
    result = fit["result"]
    lines = [*_SENTENCE.split(result["text"]), ""]
    rows: list[tuple[str, ...]] = [("model", "parameter", "estimate", "95 % interval", "sigma", "AIC", "weight")]
    for name, model in result["models"].items():
        if "refused" in model:
            rows.append((name, "-", model["refused"]["reason"], "", "", "", ""))
            continue
        weight = result["weights"].get(name)
        ends = [_digits(model["sigma"]), _digits(model["aic"]), _digits(weight["aic_weight"]) if weight else "-"]
        fitted = {"prefactor": model["prefactor"], **model["parameters"]}
        for i, (parameter, found) in enumerate(fitted.items()):
            interval = found["ci95"] and f"[{_digits(found['ci95'][0])}, {_digits(found['ci95'][1])}]"
            first = (name, *ends) if i == 0 else ("", "", "", "")
            rows.append((first[0], parameter, _digits(found["value"]), interval or "-", *first[1:]))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines += ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    for pair, test in result["likelihood_ratios"].items():
        lines.append(f"{pair}: chi-squared {_digits(test['statistic'])} on {test['df']}, p = {_digits(test['p'])}")
    return [*lines, *(f"warning: {warning}" for warning in result["warnings"]), f"stored as fit {fit['id']}"]


def _digits(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"


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
