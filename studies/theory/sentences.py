"""Theory against measurement in plain ASCII sentences; digits are rounded here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SIGNIFICANT = 0.05


def text(comparisons: Mapping[str, Any], explains: Mapping[str, Any]) -> str:
    """Return the result, the estimates first."""
    order = sorted(comparisons, key=lambda name: name != "t2")
    parts = [_comparison(name, comparisons[name]) for name in order if comparisons[name]["n"]]
    return " ".join([*parts, _slope(explains)])


def _comparison(name: str, one: Mapping[str, Any]) -> str:
    what = f"{one['measured']} / {one['predicted']}"
    basis = f"{one['n']} trials in {one['draws']} draws"
    censored = sum(one["censored"].values())
    if censored:
        basis += f", {censored} of them censored"
    ratio = one["ratio"]
    if ratio["value"] is None:
        return f"{what} unknown: {ratio['reason']}; {basis}."
    interval = "no interval, one draw" if ratio["ci95"] is None else "[{:.4g}, {:.4g}]".format(*ratio["ci95"])
    return f"{what} = {ratio['value']:.4g} {interval} ({basis})."


def _slope(explains: Mapping[str, Any]) -> str:
    if explains["value"] is None:
        return f"Whether T_star explains the draws cannot be told: {explains['reason']}."
    low, high = explains["ci95"]
    told = f"Slope {explains['value']:.4g} [{low:.4g}, {high:.4g}] of the draws' log prefactor on log T_star"
    told += "" if explains["r2"] is None else f", R2 {explains['r2']:.4g}"
    tests = explains["tests"]
    if tests["slope_is_1"]["p"] is None:
        return f"{told} ({explains['draws']} draws, without scatter)."
    verdicts = [
        f"{k} {'rejected' if tests[f'slope_is_{k}']['p'] < _SIGNIFICANT else 'not rejected'} "
        f"(p = {tests[f'slope_is_{k}']['p']:.2g})"
        for k in (0, 1)
    ]
    near = tests["equivalence"]
    shown = "is" if near["p"] < _SIGNIFICANT else "is not shown to be"
    verdict = f"it {shown} within {near['margin']:g} of 1 (equivalence p = {near['p']:.2g})"
    return f"{told} ({explains['draws']} draws): slope {verdicts[0]}, slope {verdicts[1]}, and {verdict}."
