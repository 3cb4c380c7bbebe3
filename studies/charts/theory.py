"""Theory against measurement: for each quantity, measured against predicted, and their ratio below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from studies.charts.axes import LogAxis, log_axis
from studies.charts.panels import grid
from studies.charts.theme import FAINT, PALETTE, Heading, Rows, Size, data, several, thinned
from studies.charts.words import counted

QUANTITIES = {"t1": "t1 (steps)", "t2": "t2 (steps)", "floor": "error floor"}


def theory(rows: Sequence[Mapping[str, Any]], name: str, size: Size | None = None) -> dict[str, Any]:
    """Return the chart of what was measured against what was predicted.

    The upper panels show both over their whole range; the lower ones their ratio, in which departures of a percent can
    be seen.

    Args:
        rows: `{trial, seed, quantity, predicted, measured, ratio}`, quantity one of `QUANTITIES`; a row without a
            positive prediction and measurement is not drawn.
        name: of the study.
        size: of the picture.
    """
    drawn: Rows = [dict(row) for row in rows if _positive(row["predicted"]) and _positive(row["measured"])]
    present = [quantity for quantity in QUANTITIES if any(row["quantity"] == quantity for row in drawn)]
    size = size or Size(max(420, 320 * len(present)), 560)
    layout = grid(max(1, len(present)), size, beside=88, above=112, around=(16, 76))
    upper, lower = 0.62 * layout.height, 0.38 * layout.height
    lines: list[str] = []
    columns = []
    for quantity in present:
        shown, thinning = thinned([row for row in drawn if row["quantity"] == quantity], f"points of {quantity}")
        lines += thinning
        columns.append(_column(quantity, shown, layout.width, upper, lower))
    whole = alt.hconcat(*columns).resolve_scale(x="independent", y="independent")
    return several(whole, _heading(drawn, len(rows) - len(drawn), present, name, lines))


def _positive(value: float | None) -> bool:
    return value is not None and value > 0


def _column(quantity: str, rows: Rows, width: float, upper: float, lower: float) -> alt.VConcatChart:
    predicted, measured = [row["predicted"] for row in rows], [row["measured"] for row in rows]
    both = [*predicted, *measured]
    x_plain, x = log_axis(None, both, labels=False), log_axis(f"predicted {QUANTITIES[quantity]}", both)
    y = log_axis(f"measured {QUANTITIES[quantity]}", both)
    ratio = log_axis("measured / predicted", [*(row["ratio"] for row in rows), 1.0])
    same = [{"predicted": end, "measured": end} for end in (x.low, x.high)]
    identity = _line(same, x_plain, y, "measured")
    unity = _line([{"predicted": end, "ratio": 1.0} for end in (x.low, x.high)], x, ratio, "ratio")
    above = alt.layer(identity, _marks(rows, x_plain, y, "measured")).properties(width=width, height=upper)
    below = alt.layer(unity, _marks(rows, x, ratio, "ratio")).properties(width=width, height=lower)
    return alt.vconcat(above, below, spacing=8)


def _line(ends: Rows, x: LogAxis, y: LogAxis, field: str) -> alt.Chart:
    along = alt.X("predicted:Q", scale=x.scale, axis=x.axis)
    up = alt.Y(f"{field}:Q", scale=y.scale, axis=y.axis)
    return alt.Chart(data(ends)).mark_line(stroke=FAINT, strokeDash=[6, 4], strokeWidth=1.4).encode(x=along, y=up)


def _marks(rows: Rows, x: LogAxis, y: LogAxis, field: str) -> alt.Chart:
    along = alt.X("predicted:Q", scale=x.scale, axis=x.axis)
    up = alt.Y(f"{field}:Q", scale=y.scale, axis=y.axis)
    told = [alt.Tooltip(f"{key}:Q") for key in ("trial", "seed", "predicted", "measured", "ratio")]
    marks = alt.Chart(data(rows)).mark_point(size=30, strokeWidth=1.3, stroke=PALETTE[0], opacity=0.75)
    return marks.encode(x=along, y=up, tooltip=told)


def _heading(drawn: Rows, left_out: int, present: Sequence[str], name: str, lines: Sequence[str]) -> Heading:
    trials = counted(len({row["trial"] for row in drawn}), "trial")
    told = [f"{name}: {trials}; dashed, where both are equal", *lines]
    if left_out:
        told.append(f"{left_out:,} pairs without a prediction or a measurement are not drawn")
    title = f"Measured against predicted: {', '.join(present) or 'nothing to compare'}"
    return Heading(title, told, f"{title}; {'; '.join(told)}")
