"""The charts that there are: the table from a chart's name to what builds it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from grokscale.service.charts.models import ChartQuery
from grokscale.service.laws.models import InvalidLaw
from grokscale.service.problems import Fault, InvalidRequest
from grokscale.service.trials.models import TrialNotFound
from grokscale.studies import roles
from grokscale.studies.charts.errors import NothingDrawn
from grokscale.studies.charts.sizes import Size
from grokscale.studies.laws import RESPONSES, fitted_line
from grokscale.studies.pareto import pareto_of
from grokscale.studies.phases import phases
from grokscale.studies.store import Store
from grokscale.studies.theory import measured_rows

MOST_POINTS = 5000
Of = Callable[..., Any]
"""`Work.of`: calls a function of a table, in another process if the table is large."""

# altair takes a second to import: the modules that use it are imported with the first chart, so that a start does not
# wait for it


def _law(store: Store, study_id: str, query: ChartQuery, of: Of) -> dict[str, Any]:
    from grokscale.studies.charts.law import law

    if query.response not in RESPONSES:
        # on the law's own route the response is part of the path
        detail = f"unknown {query.response!r}; known: {', '.join(RESPONSES)}"
        fault = Fault(place="query", pointer="/response", detail=detail)
        raise InvalidLaw(detail, faults=[fault], known=list(RESPONSES))
    table = store.table(study_id)
    fitted = of(fitted_line, table, query.response, x=query.x, effect=query.effect, threshold=query.threshold)
    return law(table, fitted, store.study(study_id).name, _size(query))


def _curves(store: Store, study_id: str, query: ChartQuery, of: Of) -> dict[str, Any]:
    from grokscale.studies.charts.courses import courses, positions, spread, thresholds
    from grokscale.studies.charts.curves import curves

    study, table = store.study(study_id), store.table(study_id)
    if not query.trial:
        chosen = spread(table)
    else:
        where = positions(table)
        unknown = [name for name in query.trial if name not in where]
        if unknown:
            raise TrialNotFound(
                f"no trial {unknown[0]!r} in this study; accepted: an id, or an index below {len(table)}"
            )
        chosen = list(dict.fromkeys(where[name] for name in query.trial))
    return curves(courses(store, table, chosen), thresholds(study), study.name, _size(query))


def _phases(store: Store, study_id: str, query: ChartQuery, of: Of) -> dict[str, Any]:
    from grokscale.studies.charts.phases import phases as draw

    missing = [name for name, value in (("x", query.x), ("y", query.y)) if value is None]
    if query.x is None or query.y is None:
        faults = [Fault(place="query", pointer=f"/{name}", detail="a field is needed") for name in missing]
        raise InvalidRequest(f"a phase diagram is over two fields: {' and '.join(missing)} missing", faults=faults)
    found = of(phases, store.table(study_id), query.x, query.y, outcome=query.outcome)
    cells = [
        {"x": cell["x"], "y": cell["y"], "n": cell["n"], "fraction": _fraction(cell, query.outcome)}
        for cell in found["cells"]
    ]
    points = found["contour"]["points"] if found["contour"] else []
    contour = [
        {"x": point["x"], "y": point["y"], "low": point["ci95"][0], "high": point["ci95"][1]}
        for point in points
        if point["x"] is not None and point["ci95"] is not None and None not in point["ci95"]
    ]
    name = store.study(study_id).name
    return draw(cells, query.x, query.y, name, outcome=query.outcome, contour=contour, size=_size(query))


def _fraction(cell: Mapping[str, Any], outcome: str) -> float | None:
    if not cell["n"]:
        return None
    return cell["fractions"][outcome]["value"] if outcome in cell["fractions"] else 0.0


def _theory(store: Store, study_id: str, query: ChartQuery, of: Of) -> dict[str, Any]:
    from grokscale.studies.charts.theory import theory as draw

    rows = of(measured_rows, store.table(study_id))
    if not rows:
        raise NothingDrawn("no trial has ended with a prediction and a value that was seen to the step")
    return draw(rows, store.study(study_id).name, _size(query))


def _pareto(store: Store, study_id: str, query: ChartQuery, of: Of) -> dict[str, Any]:
    from grokscale.studies.charts.pareto import pareto as draw

    study = store.study(study_id)
    table = store.table(study_id)
    colour = roles.of(table).strength
    found = pareto_of(study.spec["search"], table, query.x, query.y, None, MOST_POINTS)
    x, y = found["x"], found["y"]
    points = [point for point in found["points"] if point["x"]["value"] and point["y"]["value"]]
    if not points:
        raise NothingDrawn(f"no configuration has both {x} and {y}")
    rows = [
        {
            "trial": point["configuration"],
            "front": point["on_front"],
            x: point["x"]["value"],
            y: point["y"]["value"],
            colour: point["config"].get(colour),
        }
        for point in points
    ]
    return draw(rows, study.name, x=x, y=y, colour=colour, size=_size(query))


def _size(query: ChartQuery) -> Size:
    return Size(query.width, query.height)


@dataclass(frozen=True, slots=True)
class Builder:
    """How a chart is made.

    Attributes:
        build: from the store, a study's id, the query and `Work.of` to a Vega-Lite document.
        parameters: of the query that it reads, beside those of every chart.
    """

    build: Callable[[Store, str, ChartQuery, Of], dict[str, Any]]
    parameters: frozenset[str]


CHARTS: dict[str, Builder] = {
    "law": Builder(_law, frozenset({"response", "x", "effect", "threshold"})),
    "curves": Builder(_curves, frozenset({"trial"})),
    "phases": Builder(_phases, frozenset({"x", "y", "outcome"})),
    "theory": Builder(_theory, frozenset()),
    "pareto": Builder(_pareto, frozenset({"x", "y"})),
}
