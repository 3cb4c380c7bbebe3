"""A law: the response of every trial against x, the fitted line with its band, and the line of theory."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import altair as alt
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from grokscale.studies import roles
from grokscale.studies.charts.axes import LogAxis, log_axis
from grokscale.studies.charts.sizes import Size, settled
from grokscale.studies.charts.theme import FAINT, INK, PALETTE, RAMP, Heading, Rows, data, layered, single, thinned
from grokscale.studies.charts.words import counted, number, pretty
from grokscale.studies.laws import FittedLine
from grokscale.studies.laws.rows import columns, identities

_SHAPES = {"interval": "diamond", "right": "triangle-up", "left": "triangle-down"}
_MEANINGS = {
    "interval": "known to an interval",
    "right": "later than this",
    "left": "earlier than this",
}
_FIT, _MEAN = "fit, with its 95 % band", "fit: geometric mean of draws, 95 % band"
_THEORY = "theory: "
_DRAW = "draw (seed)"
_TOLD = dict.fromkeys(("index", "seed", "draw", "x", "t", "low", "high", "word"), "quantitative")
_TOLD |= {"draw": "nominal", "word": "nominal"}
_BAND_POINTS = 60
_LARGEST_LOG = 600.0
"""What is further from 1 has no place on an axis: with what is left free beside it, it leaves a float's range."""


def law(table: pa.Table, line: FittedLine, name: str, size: Size | None = None) -> dict[str, Any]:
    """Return the chart of a law.

    Args:
        table: the trials that the law was fitted to.
        line: the law.
        name: of the study.
        size: of the picture.
    """
    sides = settled(size, 640, 440)
    every = points(table, line)
    shown, thinning = thinned(every)
    fitted, predicted = _line(line, every), _theory(table, line, every)
    x = log_axis("x", pretty(line.x.text), [point["x"] for point in every], sides.width - 140)
    times = [point[key] for point in every for key in ("low", "high", "t")]
    y = log_axis("y", _title(line), [*times, *(p["t"] for p in predicted)], sides.height - 150)
    draws = list(dict.fromkeys(point["draw"] for point in sorted(every, key=lambda point: point["order"])))
    layers = [*x.superscripts(), *y.superscripts(), *_lines(fitted, predicted, x, y), *_points(shown, draws, x, y)]
    return single(layered(layers), _heading(table, line, name, thinning), sides)


def points(table: pa.Table, line: FittedLine) -> Rows:
    """Return one row for every trial that has a response and an x.

    `t` is where its mark stands: the step, the middle of an interval, or the one end that is known. `low` and `high`
    are the ends of an interval, None where there is no bar to draw.
    """
    observed, log_x = line.rows.observed, line.rows.x[:, 0]
    index, seed = table.column("index").to_pylist(), table.column("seed").to_pylist()
    named = _draws(table, line)
    rows: Rows = []
    for i in np.flatnonzero(_drawn(line)).tolist():
        word, lower, upper = str(observed.words[i]), observed.lower[i], observed.upper[i]
        bar = upper > lower and math.isfinite(lower) and math.isfinite(upper)
        known = [end for end in (lower, upper) if math.isfinite(end)]
        # an interval of one step is a step
        word = word if bar or word not in ("exact", "interval") else "exact" if len(known) == 2 else "left"
        rows.append(
            {
                "index": index[i],
                "seed": seed[i],
                "draw": named[i],
                "order": int(line.rows.draw[i]),
                "word": word,
                "x": math.exp(log_x[i]),
                "t": math.exp(sum(known) / len(known)),
                "low": math.exp(lower) if bar else None,
                "high": math.exp(upper) if bar else None,
            }
        )
    return rows


def _drawn(line: FittedLine) -> NDArray[np.bool_]:
    return line.rows.observed.inside & (np.abs(line.rows.x[:, 0]) < _LARGEST_LOG)


def _draws(table: pa.Table, line: FittedLine) -> list[str]:
    """Return the name of each trial's draw: its seed, and the fields that draws differ in."""
    names = identities.varying_between(table, line.rows.draw)
    values = [table.column(name).to_pylist() for name in ("seed", *names)]
    labels = [
        ", ".join([str(seed), *(f"{n} {number(v)}" for n, v in zip(names, rest, strict=True))])
        for seed, *rest in zip(*values, strict=True)
    ]
    return labels if line.rows.draw.any() else [str(seed) for seed in values[0]]


def _title(line: FittedLine) -> str:
    response = line.question.response
    return response.replace("_", " ") if response.startswith("error") else f"{response.replace('_', ' ')} (steps)"


def _line(line: FittedLine, rows: Rows) -> Rows:
    """Return the fitted line and its band over the span of the points."""
    if not rows or line.at(0.0) is None:
        return []
    spread = [row["x"] for row in rows]
    ends = math.log(min(spread)), math.log(max(spread))
    name = _MEAN if line.rows.intercepts != "pooled" and line.law["draws"] > 1 else _FIT
    made: Rows = []
    for log_x in np.linspace(*ends, _BAND_POINTS).tolist():
        estimate = line.at(log_x)
        assert estimate is not None
        low, high = estimate.ci95
        if max(abs(low), abs(high)) < _LARGEST_LOG:
            made.append(
                {
                    "x": math.exp(log_x),
                    "t": math.exp(estimate.value),
                    "band_low": math.exp(low),
                    "band_high": math.exp(high),
                    "line": name,
                }
            )
    return made


def _theory(table: pa.Table, line: FittedLine, rows: Rows) -> Rows:
    """Return T*/rate over the span of the points, where the law is t2 in a power of the rate.

    T* is the time to the study's own threshold. Its mean is that of the fitted line, of logarithms over the same draws:
    where theory is exact the two lines are one.
    """
    rate = line.question.rate
    power = line.x.power_of(rate.monomial)
    if power is None or not rows or (prefactor := _log_T_star(table, line)) is None:
        return []
    spread = [math.log(row["x"]) for row in rows]
    name = f"{_THEORY}{_written(table)}/({pretty(rate.text)}), the same mean"
    made: Rows = []
    for log_x in (min(spread), max(spread)):
        log_t = prefactor - (log_x - math.log(line.x.constant)) / float(power)
        if abs(log_t) < _LARGEST_LOG:
            made.append({"x": math.exp(log_x), "t": math.exp(log_t), "line": name})
    return made


def _log_T_star(table: pa.Table, line: FittedLine) -> float | None:
    """Return the mean of log T* over the rows of the fit, by draw where each has a prefactor of its own.

    None where it is not that of the same rows: of another response or threshold, or not known in every draw.
    """
    told = _told(table)
    if line.question.response != "t2" or not _own_threshold(table, line) or told is None:
        return None
    inside, cluster = line.rows.inside, line.rows.cluster
    T_star = columns.floats(table, told)[inside]
    known = T_star > 0
    size = np.bincount(cluster[known], minlength=line.rows.draws)
    if not size.size or not size.all():
        return None
    by_draw = np.bincount(cluster[known], np.log(T_star[known]), line.rows.draws) / size
    if line.rows.intercepts != "pooled":
        return float(by_draw.mean())
    return float(np.average(by_draw, weights=np.bincount(cluster)))


def _told(table: pa.Table) -> str | None:
    """Return the prediction of the draws' prefactors, where the table has one."""
    told = roles.of(table).tells_draws_apart
    return told.name if told and told.name in table.column_names else None


def _written(table: pa.Table) -> str:
    told = roles.of(table).tells_draws_apart
    return told.letter or told.name if told else ""


def _own_threshold(table: pa.Table, line: FittedLine) -> bool:
    own = columns.floats_if_any(table, columns.THRESHOLD)
    return line.threshold is None or bool((own == line.threshold).all())


def _without_theory(table: pa.Table, line: FittedLine) -> str:
    """Return why a law that theory speaks of has no line of it; empty where it has one, or theory does not."""
    speaks = line.question.response == "t2" and line.x.power_of(line.question.rate.monomial) is not None
    told = _told(table)
    if not speaks or not _own_threshold(table, line) or told is None:
        return ""
    known = columns.floats(table, told)[line.rows.inside] > 0
    lacking = line.rows.draws - len(np.unique(line.rows.cluster[known]))
    few = f"{_written(table)} is not known in {lacking} of {counted(line.rows.draws, 'draw')}"
    return f"no line of theory: {few}" if lacking else ""


def _lines(fitted: Rows, predicted: Rows, x: LogAxis, y: LogAxis) -> list[alt.Chart]:
    both = [rows[0]["line"] for rows in (fitted, predicted) if rows]
    dashes = alt.Scale(domain=both, range=[[6, 4] if one.startswith(_THEORY) else [1, 0] for one in both])
    legend = alt.Legend(
        title=None, orient="bottom", columns=1, symbolType="stroke", symbolStrokeWidth=1.8, symbolSize=400
    )
    where: dict[str, Any] = {"x": x.of("x"), "y": y.of("t")}
    where["strokeDash"] = alt.StrokeDash("line:N", scale=dashes, legend=legend)
    layers = []
    if fitted:
        band = alt.Chart(data(fitted)).mark_area(opacity=0.16, color=INK, clip=True)
        line = alt.Chart(data(fitted)).mark_line(strokeWidth=1.6, color=INK, clip=True)
        layers += [band.encode(x=x.of("x"), y=y.of("band_low"), y2=alt.Y2("band_high:Q")), line.encode(**where)]
    if predicted:
        line = alt.Chart(data(predicted)).mark_line(strokeWidth=1.6, color=FAINT, clip=True)
        layers.append(line.encode(**where))
    return layers


def _points(rows: Rows, draws: list[str], x: LogAxis, y: LogAxis) -> list[alt.Chart]:
    few = len(draws) <= len(PALETTE)
    colour = alt.Color(
        "draw:N" if few else "order:Q",
        scale=alt.Scale(domain=draws, range=list(PALETTE)) if few else alt.Scale(scheme=RAMP),
        legend=alt.Legend(title=_DRAW, symbolType="circle", symbolOpacity=1) if few and len(draws) > 1 else None,
    )
    words = [word for word in _SHAPES if any(row["word"] == word for row in rows)]
    shape = alt.Shape(
        "word:N",
        scale=alt.Scale(domain=words, range=[_SHAPES[word] for word in words]),
        legend=alt.Legend(title=None, labelExpr=_meanings(), symbolStrokeColor=INK, symbolStrokeWidth=1.4),
    )
    told = [alt.Tooltip(f"{name}:{kind}") for name, kind in _TOLD.items()]
    where: dict[str, Any] = {"x": x.of("x"), "y": y.of("t"), "color": colour, "tooltip": told}
    exact = alt.Chart(data([row for row in rows if row["word"] == "exact"])).mark_circle(size=44, opacity=0.85)
    layers = [exact.encode(**where)]
    barred = [row for row in rows if row["low"] is not None]
    if barred:
        bars = alt.Chart(data(barred)).mark_rule(strokeWidth=1.6)
        layers.append(bars.encode(x=x.of("x"), y=y.of("low"), y2=alt.Y2("high:Q"), color=colour))
    if words:
        others = alt.Chart(data([row for row in rows if row["word"] != "exact"]))
        layers.append(others.mark_point(size=46, strokeWidth=1.4, filled=False, opacity=1).encode(**where, shape=shape))
    return layers


def _meanings() -> str:
    return "".join(f"datum.value == '{word}' ? '{meaning}' : " for word, meaning in _MEANINGS.items()) + "datum.value"


def _heading(table: pa.Table, line: FittedLine, name: str, thinning: list[str]) -> Heading:
    law, response = line.law, line.question.response.replace("_", " ")
    x = pretty(line.x.text)
    exponent = f"exponent {line.exponent}" if line.exponent else "no exponent is identifiable"
    lines = [name, _basis(line)]
    if not line.exponent and law["exponent"]:
        lines.append(law["exponent"]["reason"])
    if outside := _outside(line):
        lines.append(f"not drawn: {outside}")
    if without := _without_theory(table, line):
        lines.append(without)
    if (draws := law["draws"]) > len(PALETTE):
        lines.append(f"one colour a draw ({draws} of them)")
    return Heading(f"{response} against {x}: {exponent}", [*lines, *thinning], law["text"])


def _basis(line: FittedLine) -> str:
    law = line.law
    censored = int((~line.rows.sample.exact).sum())
    parts = [f"{counted(law['n'], 'trial')} of {counted(law['draws'], 'draw')}"]
    if censored:
        parts[0] += f", {censored} of them censored"
    if law["draws"] > 1:
        parts.append("draws pooled" if line.rows.intercepts == "pooled" else "each draw with a prefactor of its own")
    return "; ".join(parts)


def _outside(line: FittedLine) -> str:
    """Return what has no place in the chart, counted by its reason."""
    observed = line.rows.observed
    words = Counter(observed.words[~observed.inside].tolist())
    missing = int((observed.inside & ~_drawn(line)).sum())
    if missing:
        words["without an x that an axis can show"] = missing
    return ", ".join(f"{count:,} {word}" for word, count in sorted(words.items()))
