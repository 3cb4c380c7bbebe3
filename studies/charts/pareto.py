"""The Pareto front: how soon a trial generalises against how well it ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from grokscale.studies.charts.axes import log_axis
from grokscale.studies.charts.sizes import Size, settled
from grokscale.studies.charts.theme import INK, PALETTE, RAMP, Heading, Rows, data, layered, single, thinned
from grokscale.studies.charts.words import counted, pretty


def pareto(
    rows: Sequence[Mapping[str, Any]],
    name: str,
    *,
    x: str = "t2",
    y: str = "error_settled",
    colour: str,
    size: Size | None = None,
) -> dict[str, Any]:
    """Return the chart of two responses of which less is better.

    Args:
        rows: `{trial, front}` with the columns that x, y and colour name; `front` says that no other row is as good in
            both responses and better in one. A row without a positive x and y is not drawn.
        name: of the study.
        x: the response across.
        y: the response up.
        colour: a positive field; where a row has none, all points are of one colour.
        size: of the picture.
    """
    drawn: Rows = [dict(row) for row in rows if _positive(row[x]) and _positive(row[y])]
    front = sorted((row for row in drawn if row["front"]), key=lambda row: row[x])
    # whatever is thinned, the front is whole
    others, thinning = thinned([row for row in drawn if not row["front"]])
    sides = settled(size, 640, 440)
    across = log_axis("x", _titled(x), [row[x] for row in drawn], sides.width - 160)
    up = log_axis("y", _titled(y), [row[y] for row in drawn], sides.height - 120)
    along = {"x": across.of(x), "y": up.of(y)}
    legend = alt.Legend(title=pretty(colour), gradientLength=160, tickCount=4, format="~e")
    shaded = all(_positive(row.get(colour)) for row in drawn)
    ramp = alt.Scale(type="log", scheme=RAMP, nice=False)
    filled = alt.Fill(f"{colour}:Q", scale=ramp, legend=legend) if shaded else alt.FillValue(PALETTE[0])
    kinds = dict.fromkeys(("trial", x, y, colour), "quantitative") | {"trial": "nominal"}
    told = [alt.Tooltip(f"{key}:{kind}") for key, kind in kinds.items()]
    steps = alt.Chart(data(front)).mark_line(interpolate="step-after", stroke=INK, strokeWidth=1.6)
    dominated = alt.Chart(data(others)).mark_circle(size=26, opacity=0.55).encode(**along, fill=filled, tooltip=told)
    best = alt.Chart(data(front)).mark_circle(size=75, stroke=INK, strokeWidth=1.4, opacity=1)
    layers = [
        *across.superscripts(),
        *up.superscripts(),
        dominated,
        steps.encode(**along),
        best.encode(**along, fill=filled, tooltip=told),
    ]
    return single(layered(layers), _heading(drawn, front, len(rows) - len(drawn), name, x, y, thinning), sides)


def _positive(value: float | None) -> bool:
    return value is not None and value > 0


def _titled(response: str) -> str:
    words = response.replace("_", " ")
    return words if response.startswith("error") else f"{words} (steps)"


def _heading(drawn: Rows, front: Rows, left_out: int, name: str, x: str, y: str, thinning: Sequence[str]) -> Heading:
    lines = [
        f"{name}: {counted(len(drawn), 'point')}",
        "ringed: no other point is as good in both and better in one",
        *thinning,
    ]
    if left_out:
        lines.append(f"not drawn: {counted(left_out, 'point')} without both responses")
    title = f"{y.replace('_', ' ')} against {x.replace('_', ' ')}: {len(front)} on the Pareto front"
    return Heading(title, lines, f"{title}; {'; '.join(lines)}")
