"""A phase diagram: the share of the trials with one outcome over two fields, and where it is a half."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from studies.charts.axes import edges, log_axis
from studies.charts.theme import INK, RAMP, Heading, Rows, Size, data, single
from studies.charts.words import counted, number, pretty

_MOST_WRITTEN = 120
"""Cells up to which each bears its share in figures."""


def phases(
    cells: Sequence[Mapping[str, Any]],
    x: str,
    y: str,
    name: str,
    *,
    outcome: str = "generalised",
    contour: Sequence[Mapping[str, Any]] | None = None,
    size: Size | None = None,
) -> dict[str, Any]:
    """Return the chart of a phase diagram.

    Args:
        cells: `{x, y, n, fraction}`: the place, its trials, and the share of them with the outcome (None: no trial).
        x, y: names of the fields.
        name: of the study.
        outcome: the outcome.
        contour: `{x, y, low, high}`: the x at which the share is a half for each y, with its interval; None: none.
        size: of the picture.
    """
    across, up = sorted({cell["x"] for cell in cells}), sorted({cell["y"] for cell in cells})
    log_x, log_y = _is_log(across), _is_log(up)
    rows = boxes(cells, across, up, log_x, log_y)
    x_ends, y_ends = _ends(rows, "x"), _ends(rows, "y")
    scales = _axis(x, across, x_ends, log_x), _axis(y, up, y_ends, log_y)
    layers = _cells(rows, outcome, *scales, written=len(rows) <= _MOST_WRITTEN)
    line = [dict(point) for point in contour or () if point["x"] is not None]
    layers += _contour(line, x_ends, *scales)
    return single(alt.layer(*layers), _heading(cells, line, x, y, name, outcome), size or Size())


def boxes(
    cells: Sequence[Mapping[str, Any]], across: Sequence[float], up: Sequence[float], log_x: bool, log_y: bool
) -> Rows:
    """Return the cells with the edges of their rectangles, midway to their neighbours."""
    x_edges, y_edges = edges(across, log_x), edges(up, log_y)
    rows: Rows = []
    for cell in cells:
        i, j = across.index(cell["x"]), up.index(cell["y"])
        sides = {"x1": x_edges[i], "x2": x_edges[i + 1], "y1": y_edges[j], "y2": y_edges[j + 1]}
        rows.append({key: cell[key] for key in ("x", "y", "n", "fraction")} | sides)
    return rows


def _is_log(values: Sequence[float]) -> bool:
    return values[0] > 0 and values[-1] / values[0] > 5


def _ends(rows: Rows, axis: str) -> tuple[float, float]:
    return min(row[f"{axis}1"] for row in rows), max(row[f"{axis}2"] for row in rows)


def _axis(name: str, values: Sequence[float], ends: tuple[float, float], log: bool) -> tuple[alt.Scale, alt.Axis]:
    if log and values[-1] / values[0] >= 100:
        made = log_axis(pretty(name), ends)
        return alt.Scale(type="log", domain=list(ends), nice=False), made.axis
    labels = "".join(f"abs(datum.value - {v!r}) < 1e-9 * {abs(v) or 1!r} ? '{number(v)}' : " for v in values) + "''"
    axis = alt.Axis(title=pretty(name), values=list(values), labelExpr=labels, labelOverlap="greedy", grid=False)
    return alt.Scale(type="log" if log else "linear", domain=list(ends), nice=False, zero=False), axis


def _cells(
    rows: Rows, outcome: str, x: tuple[alt.Scale, alt.Axis], y: tuple[alt.Scale, alt.Axis], *, written: bool
) -> list[alt.Chart]:
    seen = [row for row in rows if row["fraction"] is not None]
    unseen = [row for row in rows if row["fraction"] is None]
    sides = {
        "x": alt.X("x1:Q", scale=x[0], axis=x[1]),
        "x2": "x2:Q",
        "y": alt.Y("y1:Q", scale=y[0], axis=y[1]),
        "y2": "y2:Q",
    }
    colour = alt.Fill(
        "fraction:Q",
        scale=alt.Scale(domain=[0, 1], scheme=RAMP),
        legend=alt.Legend(title=f"{outcome}, share", gradientLength=160, tickCount=5, format=".0%"),
    )
    told = [alt.Tooltip(f"{key}:Q") for key in ("x", "y", "n", "fraction")]
    layers = []
    if unseen:
        layers.append(alt.Chart(data(unseen)).mark_rect(fill="#f2f2f2", stroke="#c8c8c8").encode(**sides))
    layers.append(
        alt.Chart(data(seen)).mark_rect(stroke="white", strokeWidth=0.6).encode(**sides, fill=colour, tooltip=told)
    )
    if written:
        places = {"x": alt.X("x:Q", scale=x[0], axis=x[1]), "y": alt.Y("y:Q", scale=y[0], axis=y[1])}
        light = alt.condition("datum.fraction > 0.55", alt.value(INK), alt.value("white"))
        text = alt.Text("fraction:Q", format=".0%")
        layers.append(alt.Chart(data(seen)).mark_text(fontSize=10.5).encode(**places, text=text, color=light))
    return layers


def _contour(
    line: Rows, x_ends: tuple[float, float], x: tuple[alt.Scale, alt.Axis], y: tuple[alt.Scale, alt.Axis]
) -> list[alt.Chart]:
    if not line:
        return []
    least, most = x_ends
    # an interval without an end goes to the frame
    banded = [
        {"y": p["y"], "low": least if p["low"] is None else p["low"], "high": most if p["high"] is None else p["high"]}
        for p in line
    ]
    up = alt.Y("y:Q", scale=y[0], axis=y[1])
    low = alt.X("low:Q", scale=x[0], axis=x[1])
    path = {"x": alt.X("x:Q", scale=x[0], axis=x[1]), "y": up, "order": "y:Q"}
    base = alt.Chart(data(line))
    return [
        alt.Chart(data(banded))
        .mark_area(orient="horizontal", color="#d55e00", opacity=0.25, clip=True)
        .encode(y=up, x=low, x2="high:Q"),
        base.mark_line(stroke="white", strokeWidth=5, clip=True).encode(**path),
        base.mark_line(stroke="#d55e00", strokeWidth=2.5, clip=True).encode(**path),
    ]


def _heading(cells: Sequence[Mapping[str, Any]], line: Rows, x: str, y: str, name: str, outcome: str) -> Heading:
    total = sum(cell["n"] for cell in cells)
    empty = sum(cell["fraction"] is None for cell in cells)
    lines = [f"{name}: {counted(total, 'trial')} in {counted(len(cells), 'cell')}"]
    if empty:
        lines[0] += f", {empty} of them without a trial that has ended (grey)"
    if line:
        lines.append(f"line: half of the trials; shaded, its 95 % interval in {pretty(x)}")
    title = f"Share of trials {outcome} over {pretty(x)} and {pretty(y)}"
    return Heading(title, lines, f"{title}; {'; '.join(lines)}")
