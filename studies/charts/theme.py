"""What all charts look like: one font, one palette, one frame."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

import altair as alt

from grokscale.studies.charts.sizes import Sides

FONT = "Arial, Helvetica, Liberation Sans, sans-serif"
"""Metric-compatible faces: a picture that one machine lays out fits on another."""
FONT_SIZE = 12
INK, FAINT, GRID = "#222222", "#767676", "#e6e6e6"
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#5d3a9b", "#000000")
"""Okabe and Ito's colours, told apart under every common colour blindness; their yellow, unseen on white, is violet."""
RAMP = "viridis"
"""For quantities, and for draws beyond the palette: even in lightness, whatever the eye."""
_TITLE_SIZE = 15
_WIDTH = 0.53
"""Of a character on the average, in font sizes: so many fit on a line."""
MOST_POINTS = 5_000
"""Beyond it points hide one another, and a page takes seconds to draw."""

Rows = list[dict[str, Any]]

_CONFIG: dict[str, Any] = {
    "font": FONT,
    "background": "white",
    "padding": 8,
    "view": {"stroke": "#b0b0b0"},
    "axis": {
        "domain": False,
        "grid": True,
        "gridColor": GRID,
        "tickColor": "#b0b0b0",
        "labelColor": INK,
        "labelFontSize": FONT_SIZE,
        "titleColor": INK,
        "titleFontSize": 13,
        "titleFontWeight": "normal",
        "titlePadding": 8,
        "titleLimit": 400,
    },
    "legend": {
        "labelColor": INK,
        "labelFontSize": FONT_SIZE,
        "labelLimit": 260,
        "titleColor": INK,
        "titleFontSize": FONT_SIZE,
        "titleFontWeight": "normal",
        "symbolSize": 70,
    },
    "title": {
        "anchor": "start",
        "color": INK,
        "fontSize": _TITLE_SIZE,
        "fontWeight": "bold",
        "subtitleColor": FAINT,
        "subtitleFontSize": FONT_SIZE,
        "subtitlePadding": 4,
        "offset": 12,
    },
    "concat": {"spacing": 16},
}


_OF_THE_WHOLE = ("$schema", "config", "datasets")
"""Parts of a document that a view within another does not have."""


@dataclass(frozen=True, slots=True)
class View:
    """A part of a chart: its Vega-Lite, and the data that it names."""

    document: dict[str, Any]
    datasets: dict[str, Rows]


@dataclass(frozen=True, slots=True)
class Heading:
    """What stands above a chart.

    Attributes:
        title: the result.
        lines: what it rests on, and everything that is not drawn.
        description: the whole in words, for who cannot see it.
    """

    title: str
    lines: Sequence[str]
    description: str


def layered(layers: Sequence[alt.Chart], **properties: Any) -> View:
    """Return marks over one another as a view, its data beside it.

    Views are put together as plain documents: Altair copies whole sub-charts at every step, seconds for six panels.
    """
    # what is drawn is valid by the tests: checking it against the schema each time would take longer than drawing it
    marks = [layer.to_dict(validate=False) for layer in layers]
    datasets = {name: json.loads(rows) for mark in marks for name, rows in mark["datasets"].items()}
    own = [{key: value for key, value in mark.items() if key not in _OF_THE_WHOLE} for mark in marks]
    return View({"layer": own, **properties}, datasets)


def concatenated(how: str, views: Sequence[View], **properties: Any) -> View:
    """Return views side by side (`hconcat`), above one another (`vconcat`), or in rows of `columns` (`concat`)."""
    datasets = {name: rows for view in views for name, rows in view.datasets.items()}
    return View({how: [view.document for view in views], **properties}, datasets)


def single(view: View, heading: Heading, sides: Sides) -> dict[str, Any]:
    """Return the Vega-Lite document of one view that fills the picture exactly."""
    fit = {"width": sides.width, "height": sides.height, "autosize": {"type": "fit", "contains": "padding"}}
    return whole(View(fit | view.document, view.datasets), heading, sides)


def whole(view: View, heading: Heading, sides: Sides) -> dict[str, Any]:
    """Return the Vega-Lite document of a view, with its heading and the common look."""
    text, subtitle = _wrapped(heading, sides)
    return {
        "$schema": alt.SCHEMA_URL,
        "title": {"text": text, "subtitle": subtitle},
        "description": heading.description,
        "config": _CONFIG,
        **view.document,
        "datasets": view.datasets,
    }


def thinned(rows: Rows, what: str = "points") -> tuple[Rows, list[str]]:
    """Return at most `MOST_POINTS` rows spread over all of them, and the sentence that says so."""
    if len(rows) <= MOST_POINTS:
        return rows, []
    kept = [rows[i * len(rows) // MOST_POINTS] for i in range(MOST_POINTS)]
    return kept, [f"{MOST_POINTS:,} of {len(rows):,} {what} are drawn, evenly spread over the study"]


def data(rows: Rows) -> alt.InlineData:
    """Return rows as a chart's data: as text until the view is made, since Altair copies data at every step."""
    return alt.InlineData(values=json.dumps(rows, allow_nan=False))


def height_of(heading: Heading, sides: Sides) -> int:
    """Return how many pixels a heading takes."""
    title, lines = _wrapped(heading, sides)
    return round(len(title) * 1.2 * _TITLE_SIZE + len(lines) * 1.2 * FONT_SIZE) + 16


def _wrapped(heading: Heading, sides: Sides) -> tuple[list[str], list[str]]:
    """Return the lines that fit the width: Vega cuts off what does not."""
    title = wrap(heading.title, int((sides.width - 16) / (_TITLE_SIZE * (_WIDTH + 0.03))))
    fitting = int((sides.width - 16) / (FONT_SIZE * _WIDTH))
    return title, [part for line in heading.lines for part in wrap(line, fitting)]
