"""Curves of a few trials: train and test error along the run, with the steps at which they cross their thresholds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from grokscale.studies.charts.axes import LogAxis, log_axis
from grokscale.studies.charts.panels import grid
from grokscale.studies.charts.sizes import Size, settled
from grokscale.studies.charts.theme import (
    FONT_SIZE,
    INK,
    PALETTE,
    Heading,
    Rows,
    concatenated,
    data,
    height_of,
    layered,
    whole,
)
from grokscale.studies.charts.words import counted, number

_TRAIN, _TEST = PALETTE[0], PALETTE[1]
_ERRORS = {"train": _TRAIN, "test": _TEST}
_NOTHING = 1e-18
"""Of a relative error: what is below has been rounded away, and a logarithmic axis would be full of it."""
_ABOVE = 54
"""Pixels of a panel's title and of the labels of its steps."""
_ROOM = 0.2
"""Share of a panel that is kept free above the curves, for the labels of t1 and t2."""


@dataclass(frozen=True, slots=True)
class Course:
    """One trial along its run.

    Attributes:
        label, config: what stands above its panel.
        step: steps of the curve's points.
        train, test: errors there, None where not finite.
        t1, t2: crossings `{"step", "lower", "upper", "censoring"}`, None where there is none.
    """

    label: str
    config: str
    step: Sequence[int]
    train: Sequence[float | None]
    test: Sequence[float | None]
    t1: Mapping[str, Any] | None
    t2: Mapping[str, Any] | None


def curves(
    courses: Sequence[Course], thresholds: Mapping[str, float | str], name: str, size: Size | None = None
) -> dict[str, Any]:
    """Return the chart of trials along their runs, a panel each.

    Args:
        courses: at least one.
        thresholds: of `train` and `test`: a level of the error, or in words that of a measure.
        name: of the study.
        size: of the picture; None: by the number of panels.
    """
    count = len(courses)
    sides = settled(size, 640, 440) if count == 1 else settled(size, 940, 400 if count <= 3 else 640)
    heading = _heading(courses, thresholds, name)
    layout = grid(count, sides, beside=16, above=_ABOVE, around=(74, 76 + height_of(heading, sides)))
    rows = [points(course) for course in courses]
    every = [row for own in rows for row in own]
    steps = [*(row["step"] for row in every), *(end for course in courses for end in _ends(course))]
    errors = [*(row["error"] for row in every), *_levels(thresholds).values()]
    panels = []
    for i, (course, own) in enumerate(zip(courses, rows, strict=True)):
        left, low = i % layout.columns == 0, i + layout.columns >= count
        x = log_axis("x", "step" if low else None, steps, layout.width)
        y = log_axis("y", "error" if left else None, errors, layout.height, above=_ROOM, labels=left)
        title = _panel_title(course, alone=count == 1)
        panel = _panel(course, own, thresholds, x, y)
        panels.append(layered(panel, title=title, width=layout.width, height=layout.height))
    return whole(concatenated("concat", panels, columns=layout.columns), heading, sides)


def points(course: Course) -> Rows:
    """Return the points of both errors that a logarithmic axis can show: step above 0, error above rounding."""
    return [
        {"step": step, "error": value, "of": name}
        for name, values in (("train", course.train), ("test", course.test))
        for step, value in zip(course.step, values, strict=True)
        if step > 0 and value is not None and value > _NOTHING
    ]


def crossing_text(name: str, crossing: Mapping[str, Any] | None) -> str:
    """Return what is known of a crossing: t2 = 78,088, t2 > 1,000,000, t2 in (90, 100]."""
    if crossing is None:
        return f"{name}: none"
    lower, upper, word = crossing["lower"], crossing["upper"], crossing["censoring"]
    if crossing["step"] is not None:
        return f"{name} = {crossing['step']:,}"
    if word == "interval":
        return f"{name} in ({lower:,}, {upper:,}]"
    if word == "left":
        return f"{name} ≤ {upper:,}"
    return f"{name} > {lower:,}" if word == "right" else f"{name}: {word}"


def _ends(course: Course) -> list[float]:
    found = [crossing for crossing in (course.t1, course.t2) if crossing is not None]
    return [float(crossing["upper"]) for crossing in found if crossing["upper"] is not None]


def _panel_title(course: Course, *, alone: bool) -> dict[str, Any]:
    """Return what stands above a panel; a trial alone is named above the whole."""
    style: dict[str, Any] = {
        "fontSize": FONT_SIZE,
        "subtitleFontSize": FONT_SIZE - 1,
        "offset": 4,
        "subtitlePadding": 2,
    }
    if alone:
        return {"text": course.config, **style}
    return {"text": course.label, "subtitle": course.config, **style}


def _panel(
    course: Course, rows: Rows, thresholds: Mapping[str, float | str], x: LogAxis, y: LogAxis
) -> list[alt.Chart]:
    scale = alt.Scale(domain=list(_ERRORS), range=list(_ERRORS.values()))
    legend = alt.Legend(
        title=None,
        orient="top",
        symbolType="stroke",
        symbolStrokeWidth=2.5,
        symbolSize=300,
        labelExpr="datum.label + ' error'",
    )
    of = alt.Stroke("of:N", scale=scale, legend=legend)
    lines = alt.Chart(data(rows)).mark_line(strokeWidth=2, clip=True).encode(x=x.of("step"), y=y.of("error"), stroke=of)
    dashes = _dashes(_levels(thresholds), y, of)
    rules1, labels1 = _crossing("t1", course.t1, _TRAIN, x, y, row=0)
    rules2, labels2 = _crossing("t2", course.t2, _TEST, x, y, row=1)
    return [*x.superscripts(), *y.superscripts(), *dashes, lines, *rules1, *rules2, *labels1, *labels2]


def _levels(thresholds: Mapping[str, float | str]) -> dict[str, float]:
    """Return the thresholds that the errors are held against."""
    return {name: level for name, level in thresholds.items() if not isinstance(level, str)}


def _dashes(levels: Mapping[str, float], y: LogAxis, of: alt.Stroke) -> list[alt.Chart]:
    """Return the lines of thresholds, none where none is one of the errors."""
    limits = alt.Chart(data([{"of": name, "error": value} for name, value in levels.items()]))
    if len(levels) == 2 and len(set(levels.values())) == 1:  # one colour would hide the other
        return [limits.mark_rule(strokeDash=[2, 3], strokeWidth=1.2, color=INK).encode(y=y.of("error"))]
    return [limits.mark_rule(strokeDash=[2, 3], strokeWidth=1.2).encode(y=y.of("error"), stroke=of)] if levels else []


def _crossing(
    name: str, crossing: Mapping[str, Any] | None, colour: str, x: LogAxis, y: LogAxis, row: int
) -> tuple[list[alt.Chart], list[alt.Chart]]:
    """Return the rule at a crossing, and its label in a row of its own above the curves."""
    at = None if crossing is None else crossing["step"] if crossing["step"] is not None else crossing["upper"]
    if crossing is not None and at is None:
        at = crossing["lower"] if crossing["censoring"] == "right" else None
    share = x.share(at) if at is not None and at > 0 else 0.0
    # the label leans to the side that has room
    left = share < 0.5
    place = {
        "step": x.at(min(max(share, 0.0), 1.0)),
        "error": y.at(1 - _ROOM * (0.28 + 0.42 * row)),
        "text": crossing_text(name, crossing),
    }
    base = alt.Chart(data([place]))
    style: dict[str, Any] = {"align": "left" if left else "right", "dx": 5 if left else -5, "fontSize": FONT_SIZE - 0.5}
    where: dict[str, Any] = {"x": x.of("step"), "y": y.of("error"), "text": alt.Text("text:N")}
    # white about the letters: the other rule may pass behind them
    halo = base.mark_text(**style, color="white", stroke="white", strokeWidth=4).encode(**where)
    label = [halo, base.mark_text(**style, color=colour).encode(**where)]
    if crossing is None or crossing["upper"] is None or share <= 0:
        return [], label
    rule = base.mark_rule(color=colour, strokeWidth=1.2).encode(x=x.of("step"))
    return [rule], label


def _legend(thresholds: Mapping[str, float | str]) -> Iterator[str]:
    levels = _levels(thresholds)
    times = {"train": "t1", "test": "t2"}
    of_measures = [f"{times[of]}: {level}" for of, level in thresholds.items() if isinstance(level, str)]
    if levels:
        limits = ", ".join(f"{of} {number(value)}" for of, value in levels.items())
        yield f"dotted: the thresholds ({limits})"
    told = f" ({', '.join(of_measures)})" if of_measures else ""
    yield f"upright: the steps t1 and t2 at which they are met{told}" if levels else f"upright: t1 and t2{told}"


def _heading(courses: Sequence[Course], thresholds: Mapping[str, float | str], name: str) -> Heading:
    lines = [name, "; ".join(_legend(thresholds))]
    told = "; ".join(
        f"{course.label} ({course.config}): {crossing_text('t1', course.t1)}, {crossing_text('t2', course.t2)}"
        for course in courses
    )
    which = courses[0].label if len(courses) == 1 else counted(len(courses), "trial")
    return Heading(f"Train and test error of {which}", lines, told)
