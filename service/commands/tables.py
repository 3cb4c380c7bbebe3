"""Laws, fits, phase diagrams, theory and fronts as tables for people; numbers are rounded here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from grokscale.service.commands.printing import Columns


def law_tables(found: Mapping[str, Any], by: str) -> list[Columns]:
    """Return the laws by value of a field, if there are such `groups`: the exponent of each, or the reason why there
    is none.
    """
    if found["groups"] is None:
        return []
    names = list(found["exponents"] or {found["x"]: None})
    rows = []
    for group in found["groups"]:
        if group["law"] is None:
            rows.append([_number(group["value"]), "-", *["-"] * len(names), group["reason"]])
            continue
        exponents = group["law"]["exponents"] or {found["x"]: group["law"]["exponent"]}
        shown = [_interval(exponents[name], _digits) for name in names]
        rows.append([_number(group["value"]), str(group["law"]["n"]), *shown, ""])
    return [Columns(f"exponents by {by}", [by, "n", *(f"{name} [95 %]" for name in names), ""], rows)]


def fit_tables(found: Mapping[str, Any]) -> list[Columns]:
    """Return the models of a stored fit, with one line per parameter, and the tests between nested models."""
    rows = [row for name, model in found["models"].items() for row in _model(name, model, found["weights"].get(name))]
    heads = ["model", "parameter", "estimate [95 %]", "sigma", "AIC", "weight"]
    tests = [
        [pair, _number(test["statistic"]), str(test["df"]), _number(test["p"])]
        for pair, test in found["likelihood_ratios"].items()
    ]
    tables = [Columns(f"log({found['response']}), {found['noise']}, {found['intercepts']} draws", heads, rows)]
    if tests:
        tables.append(Columns("likelihood ratios", ["models", "chi-squared", "df", "p"], tests))
    return tables


def phase_tables(found: Mapping[str, Any]) -> list[Columns]:
    """Return the cells, and the points of the contour, of every diagram."""
    if found["groups"] is None:
        return _diagram(found, found, "")
    name = found["by"]["name"]
    return [table for group in found["groups"] for table in _diagram(found, group, f"{name} = {group['value']}: ")]


def theory_tables(found: Mapping[str, Any]) -> list[Columns]:
    """Return measured / predicted by configuration: a table for each comparison that has any."""
    return [_comparison(one) for one in found["comparisons"].values() if one["n"]]


def pareto_tables(found: Mapping[str, Any]) -> list[Columns]:
    """Return the configurations that no other beats, ordered by x: medians with their range over the seeds.

    A star marks the best under the bound.
    """
    front = [point for point in found["points"] if point["on_front"]]
    if not front:
        return []
    varying = [
        name for name in front[0]["config"] if len({str(point["config"][name]) for point in found["points"]}) > 1
    ]
    best = found["best"] and found["best"]["configuration"]
    rows = [
        [
            "*" if point["configuration"] == best else "",
            str(point["configuration"]),
            *(_number(point["config"][name]) for name in varying),
            *(
                _interval({"value": point[axis]["value"], "ci95": [point[axis]["low"], point[axis]["high"]]})
                for axis in "xy"
            ),
        ]
        for point in front
    ]
    heads = ["", "configuration", *varying, f"{found['x']} [least, most]", f"{found['y']} [least, most]"]
    return [Columns("configurations that no other beats", heads, rows)]


def _model(name: str, model: Mapping[str, Any], weight: Mapping[str, Any] | None) -> list[list[str]]:
    if "refused" in model:
        return [[name, "not fitted", "", "", "", ""]]
    share = _number(weight["aic_weight"]) if weight else "-"
    first, *others = {"prefactor": model["prefactor"], **model["parameters"]}.items()
    ends = [_number(model["sigma"]), _digits(model["aic"]), share]
    return [
        [name, first[0], _interval(first[1], _digits), *ends],
        *(["", parameter, _interval(estimate, _digits), "", "", ""] for parameter, estimate in others),
    ]


def _diagram(found: Mapping[str, Any], diagram: Mapping[str, Any], where: str) -> list[Columns]:
    x, y = found["x"]["name"], found["y"]["name"] if found["y"] else None
    axes = [x] if y is None else [y, x]
    words = list(dict.fromkeys(word for cell in diagram["cells"] for word in cell["fractions"]))
    rows = [
        [
            *(_number(cell["x" if axis == x else "y"]) for axis in axes),
            str(cell["n"]),
            str(cell["pending"]),
            *(_interval(cell["fractions"].get(word)) for word in words),
        ]
        for cell in diagram["cells"]
    ]
    tables = [Columns(f"{where}outcomes, fraction [95 %]", [*axes, "n", "pending", *words], rows)]
    contour = diagram["contour"]
    if contour is not None:
        title = f"{where}half of the trials {contour['outcome']} ({contour['method']})"
        points = [
            [*([] if y is None else [_number(point["y"])]), _interval({"value": point["x"], "ci95": point["ci95"]})]
            for point in contour["points"]
        ]
        tables.append(Columns(title, [*([] if y is None else [y]), f"{x} [95 %]"], points))
    return tables


def _comparison(one: Mapping[str, Any]) -> Columns:
    fields = list(dict.fromkeys(name for cell in one["cells"] for name in cell["config"]))
    rows = [
        [
            *(_number(cell["config"].get(name)) for name in fields),
            str(cell["n"]),
            str(sum(cell["censored"].values())),
            str(sum(cell["counted_out"].values())),
            _interval(cell["ratio"]),
        ]
        for cell in [*one["cells"], {**one, "config": dict.fromkeys(fields, "all")}]
    ]
    return Columns(
        f"{one['measured']} / {one['predicted']}", [*fields, "n", "censored", "counted out", "ratio [95 %]"], rows
    )


def _number(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, int | float) else str(value)


def _digits(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"


def _interval(estimate: Mapping[str, Any] | None, shown: Callable[[Any], str] = _number) -> str:
    if estimate is None or estimate["value"] is None:
        return "-"
    ends: Sequence[float | None] | None = estimate["ci95"]
    value = shown(estimate["value"])
    return value if ends is None else f"{value} [{shown(ends[0])}, {shown(ends[1])}]"
