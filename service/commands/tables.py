"""Phase diagrams and theory as tables that a person reads; digits are rounded here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from service.commands.printing import Columns


def phase_tables(found: Mapping[str, Any]) -> list[Columns]:
    """Return, for every diagram, its cells and the contour's points."""
    if found["groups"] is None:
        return _diagram(found, found, "")
    name = found["by"]["name"]
    return [table for group in found["groups"] for table in _diagram(found, group, f"{name} = {group['value']}: ")]


def theory_tables(found: Mapping[str, Any]) -> list[Columns]:
    """Return measured / predicted by configuration, one table a comparison that has any."""
    return [_comparison(one) for one in found["comparisons"].values() if one["n"]]


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


def _interval(estimate: Mapping[str, Any] | None) -> str:
    if estimate is None or estimate["value"] is None:
        return "-"
    ends: Sequence[float | None] | None = estimate["ci95"]
    shown = f"{estimate['value']:.4g}"
    return shown if ends is None else f"{shown} [{_number(ends[0])}, {_number(ends[1])}]"


def _number(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, int | float) else str(value)
