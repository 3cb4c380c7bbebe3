"""Theory against measurement in plain ASCII sentences; digits are rounded here and nowhere else."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from grokscale.studies.laws.answer.sentences import interval, shown_p
from grokscale.studies.laws.inference.estimates import Estimate

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
    if ratio["ci95"] is None:
        return f"{what} = {ratio['value']:.4g} no interval, one draw ({basis})."
    # as many digits as the standard error bears, and never fewer than four
    digits = min(12, max(4, 1 + math.ceil(-math.log10(ratio["se_log"])))) if ratio["se_log"] > 0 else 12
    value, low, high = (f"{number:.{digits}g}" for number in (ratio["value"], *ratio["ci95"]))
    return f"{what} = {value} [{low}, {high}] ({basis})."


def _slope(explains: Mapping[str, Any]) -> str:
    if explains["value"] is None:
        what = explains["column"] or "theory"
        return f"Whether {what} explains the draws cannot be told: {explains['reason']}."
    slope = interval(Estimate(explains["value"], explains["se"], explains["draws"] - 2))
    told = f"Slope {slope} of the draws' log prefactor on log {explains['column']}"
    told += "" if explains["r2"] is None else f", R2 {explains['r2']:.4g}"
    tests = explains["tests"]
    if tests["slope_is_1"]["p"] is None:
        return f"{told} ({explains['draws']} draws, without scatter)."
    verdicts = [
        f"a slope of exactly {k} is {'rejected' if tests[f'slope_is_{k}']['p'] < _SIGNIFICANT else 'not rejected'} "
        f"(p {shown_p(tests[f'slope_is_{k}']['p'])})"
        for k in (0, 1)
    ]
    near = tests["equivalence"]
    shown = "is" if near["p"] < _SIGNIFICANT else "is not shown to be"
    verdict = f"it {shown} within {near['margin']:g} of 1 (equivalence p {shown_p(near['p'])})"
    return f"{told} ({explains['draws']} draws): {verdicts[0]}, {verdicts[1]}, and {verdict}."
