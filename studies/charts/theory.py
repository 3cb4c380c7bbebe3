"""Theory against measurement: for each quantity, measured against predicted, and their ratio below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from grokscale.studies.charts.axes import linear_axis, log_axis
from grokscale.studies.charts.panels import Grid, grid
from grokscale.studies.charts.sizes import Size, settled
from grokscale.studies.charts.theme import (
    FAINT,
    PALETTE,
    Heading,
    Rows,
    View,
    concatenated,
    data,
    height_of,
    layered,
    thinned,
    whole,
)
from grokscale.studies.charts.words import counted

_FAR = 5.0
"""Ratio of the ratios beyond which their axis is logarithmic."""
_TOLD = {"trial": "nominal"} | dict.fromkeys(("seed", "predicted", "measured", "ratio"), "quantitative")


def theory(rows: Sequence[Mapping[str, Any]], name: str, size: Size | None = None) -> dict[str, Any]:
    """Return the chart of what was measured against what was predicted.

    The upper panels show both over their whole range; the lower ones their ratio, in which departures of a percent can
    be seen.

    Args:
        rows: `{trial, seed, quantity, predicted, measured, ratio}`, quantity `t1`, `t2` or what predicts the
            settled error; a row without a positive prediction and measurement is not drawn.
        name: of the study.
        size: of the picture.
    """
    drawn: Rows = [dict(row) for row in rows if _positive(row["predicted"]) and _positive(row["measured"])]
    present = list(dict.fromkeys(row["quantity"] for row in drawn))
    sides = settled(size, max(420, 320 * len(present)), 560)
    shown = {quantity: thinned([row for row in drawn if row["quantity"] == quantity]) for quantity in present}
    thinning = [f"{quantity}: {line}" for quantity, (_, lines) in shown.items() for line in lines]
    heading = _heading(drawn, len(rows) - len(drawn), present, name, thinning)
    layout = grid(max(1, len(present)), sides, beside=86, above=76, around=(16, height_of(heading, sides)))
    columns = [_column(quantity, kept, layout) for quantity, (kept, _) in shown.items()]
    return whole(concatenated("hconcat", columns), heading, sides)


def _positive(value: float | None) -> bool:
    return value is not None and value > 0


def _column(quantity: str, rows: Rows, layout: Grid) -> View:
    upper, lower = 0.62 * layout.height, 0.38 * layout.height
    both = [row[of] for row in rows for of in ("predicted", "measured")]
    x_plain = log_axis("x", None, both, layout.width, labels=False)
    x = log_axis("x", f"predicted {_named(quantity)}", both, layout.width)
    y = log_axis("y", f"measured {_named(quantity)}", both, upper)
    ends, along = (x.low, x.high), x_plain.of("predicted")
    above = [
        *y.superscripts(),
        _line([{"predicted": end, "measured": end} for end in ends]).encode(x=along, y=y.of("measured")),
        _marks(rows).encode(x=along, y=y.of("measured")),
    ]
    ratios = _ratios([row["ratio"] for row in rows], lower)
    below = [
        *x.superscripts(),
        _line([{"predicted": end, "ratio": 1.0} for end in ends]).encode(x=x.of("predicted"), y=ratios),
        _marks(rows).encode(x=x.of("predicted"), y=ratios),
    ]
    views = [layered(above, width=layout.width, height=upper), layered(below, width=layout.width, height=lower)]
    return concatenated("vconcat", views, spacing=8)


def _named(quantity: str) -> str:
    return f"{quantity} (steps)" if quantity in ("t1", "t2") else f"error {quantity}"


def _ratios(ratios: Sequence[float], length: float) -> alt.Y:
    """Return the axis of the ratios: linear while they are near one another, so that a percent can be read."""
    title = "measured / predicted"
    if max(ratios) < _FAR * min(ratios):
        scale, axis = linear_axis(title, ratios, around=1.0)
    else:
        made = log_axis("y", title, [*ratios, 1.0], length)
        scale, axis = made.scale, alt.Axis(title=title, tickCount=5, format="~g")
    return alt.Y("ratio:Q", scale=scale, axis=axis)


def _line(ends: Rows) -> alt.Chart:
    return alt.Chart(data(ends)).mark_line(stroke=FAINT, strokeDash=[6, 4], strokeWidth=1.4)


def _marks(rows: Rows) -> alt.Chart:
    told = [alt.Tooltip(f"{key}:{kind}") for key, kind in _TOLD.items()]
    return (
        alt.Chart(data(rows)).mark_point(size=30, strokeWidth=1.3, stroke=PALETTE[0], opacity=0.75).encode(tooltip=told)
    )


def _heading(drawn: Rows, left_out: int, present: Sequence[str], name: str, lines: Sequence[str]) -> Heading:
    trials = counted(len({row["trial"] for row in drawn}), "trial")
    told = [f"{name}: {trials}", "dashed: where both are equal", *lines]
    if left_out:
        told.append(f"not drawn: {counted(left_out, 'pair')} without a prediction or a measurement")
    title = f"Measured against predicted: {', '.join(present) or 'nothing to compare'}"
    return Heading(title, told, f"{title}; {'; '.join(told)}")
