"""A phase diagram: the share of the trials with one outcome over two fields, and where it is a half."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import altair as alt

from grokscale.studies.charts.axes import LogAxis, edges, log_axis, lookup
from grokscale.studies.charts.sizes import Size, settled
from grokscale.studies.charts.theme import FONT_SIZE, INK, PALETTE, RAMP, Heading, Rows, data, layered, single
from grokscale.studies.charts.words import counted, number, pretty

_LINE = PALETTE[1]
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
        x: name of the field across.
        y: name of the field up.
        name: of the study.
        outcome: the outcome.
        contour: `{x, y, low, high}`: the x at which the share is a half for each y, with its interval; None: none.
        size: of the picture.
    """
    across, up = sorted({cell["x"] for cell in cells}), sorted({cell["y"] for cell in cells})
    sides = settled(size, 640, 440)
    log_x, log_y = _is_log(across), _is_log(up)
    rows = boxes(cells, across, up, log_x, log_y)
    ways = (
        _way("x", x, across, _ends(rows, "x"), log_x, sides.width),
        _way("y", y, up, _ends(rows, "y"), log_y, sides.height),
    )
    line = [dict(point) for point in contour or () if point["x"] is not None]
    layers = [
        *(layer for way in ways for layer in way.more),
        *_cells(rows, outcome, *ways),
        *_contour(line, _ends(rows, "x"), *ways),
        *(_figures(rows, *ways) if len(rows) <= _MOST_WRITTEN else ()),
    ]
    return single(layered(layers), _heading(cells, line, x, y, name, outcome), sides)


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


@dataclass(frozen=True, slots=True)
class _Way:
    """One of the two axes; `more` are the layers that its labels need."""

    channel: Any
    scale: alt.Scale
    axis: alt.Axis
    more: list[alt.Chart]

    def of(self, field: str) -> Any:
        return self.channel(f"{field}:Q", scale=self.scale, axis=self.axis)


def _way(
    way: Literal["x", "y"], name: str, values: Sequence[float], ends: tuple[float, float], log: bool, length: int
) -> _Way:
    channel = alt.X if way == "x" else alt.Y
    scale = alt.Scale(type="log" if log else "linear", domain=list(ends), nice=False, zero=False)
    if log and values[-1] / values[0] >= 100:
        made = log_axis(way, pretty(name), values, length - 140)
        return _Way(
            channel, scale, made.axis, [layer.encode(**{way: _rescaled(made, scale)}) for layer in made.superscripts()]
        )
    labels = lookup({value: number(value) for value in values})
    axis = alt.Axis(title=pretty(name), values=list(values), labelExpr=labels, labelOverlap="greedy", grid=False)
    return _Way(channel, scale, axis, [])


def _rescaled(axis: LogAxis, scale: alt.Scale) -> Any:
    """Return the channel of the superscripts along an axis that ends with the outermost cells."""
    made = axis.of("at")
    made.scale = scale
    return made


def _cells(rows: Rows, outcome: str, x: _Way, y: _Way) -> list[alt.Chart]:
    seen = [row for row in rows if row["fraction"] is not None]
    unseen = [row for row in rows if row["fraction"] is None]
    sides = {"x": x.of("x1"), "x2": alt.X2("x2:Q"), "y": y.of("y1"), "y2": alt.Y2("y2:Q")}
    shade = alt.Scale(domain=[0, 1], scheme=RAMP)
    legend = alt.Legend(title=f"{outcome}, share", gradientLength=160, tickCount=5, format=".0%")
    told = [alt.Tooltip(f"{key}:Q") for key in ("x", "y", "n", "fraction")]
    empty = alt.Chart(data(unseen)).mark_rect(fill="#f2f2f2", stroke="#c8c8c8").encode(**sides)
    full = alt.Chart(data(seen)).mark_rect(stroke="white", strokeWidth=0.6)
    full = full.encode(**sides, fill=alt.Fill("fraction:Q", scale=shade, legend=legend), tooltip=told)
    return [empty, full] if unseen else [full]


def _figures(rows: Rows, x: _Way, y: _Way) -> list[alt.Chart]:
    seen = [row for row in rows if row["fraction"] is not None]
    light = alt.condition("datum.fraction > 0.55", alt.value(INK), alt.value("white"))
    marks = alt.Chart(data(seen)).mark_text(fontSize=FONT_SIZE - 1.5)
    return [marks.encode(x=x.of("x"), y=y.of("y"), text=alt.Text("fraction:Q", format=".0%"), color=light)]


def _contour(line: Rows, x_ends: tuple[float, float], x: _Way, y: _Way) -> list[alt.Chart]:
    if not line:
        return []
    least, most = x_ends
    # an interval without an end goes to the frame
    banded = [
        {"y": p["y"], "low": least if p["low"] is None else p["low"], "high": most if p["high"] is None else p["high"]}
        for p in line
    ]
    up, along = y.of("y"), x.of("x")
    path: dict[str, Any] = {"x": along, "y": up, "order": alt.Order("y:Q")}
    base = alt.Chart(data(line))
    band = alt.Chart(data(banded)).mark_area(orient="horizontal", color=_LINE, opacity=0.25, clip=True)
    return [
        band.encode(y=up, x=x.of("low"), x2=alt.X2("high:Q")),
        base.mark_line(stroke="white", strokeWidth=5, clip=True).encode(**path),
        base.mark_line(stroke=_LINE, strokeWidth=2.5, clip=True).encode(**path),
    ]


def _heading(cells: Sequence[Mapping[str, Any]], line: Rows, x: str, y: str, name: str, outcome: str) -> Heading:
    total = sum(cell["n"] for cell in cells)
    empty = sum(cell["fraction"] is None for cell in cells)
    lines = [name, f"{counted(total, 'trial')} in {counted(len(cells), 'cell')}"]
    if empty:
        lines[1] += f", {empty} of them without a trial that has ended (grey)"
    if line:
        lines.append(f"line: half of the trials; shaded, its 95 % interval in {pretty(x)}")
    title = f"Share of trials {outcome} over {pretty(x)} and {pretty(y)}"
    return Heading(title, lines, f"{title}; {'; '.join(lines)}")
