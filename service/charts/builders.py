"""Which charts there are: the one table from a name to what makes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from service.charts.models import ChartQuery
from service.laws.errors import InvalidLaw
from service.problems import Fault
from service.trials.errors import TrialNotFound
from studies.charts.sizes import Size
from studies.laws import RESPONSES, line
from studies.store import Store

# altair takes a second to import: the modules that use it are imported with the first chart, so that a start does not
# wait for it


def _law(store: Store, study_id: str, query: ChartQuery) -> dict[str, Any]:
    from studies.charts.law import law

    if query.response not in RESPONSES:
        # on the law's own route the response is part of the path
        detail = f"unknown {query.response!r}; known: {', '.join(RESPONSES)}"
        fault = Fault(place="query", pointer="/response", detail=detail)
        raise InvalidLaw(detail, faults=[fault], known=list(RESPONSES))
    table = store.table(study_id)
    fitted = line(table, query.response, x=query.x, effect=query.effect, threshold=query.threshold)
    return law(table, fitted, store.study(study_id).name, _size(query))


def _curves(store: Store, study_id: str, query: ChartQuery) -> dict[str, Any]:
    from studies.charts.courses import courses, positions, spread, thresholds
    from studies.charts.curves import curves

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


def _size(query: ChartQuery) -> Size:
    return Size(query.width, query.height)


@dataclass(frozen=True, slots=True)
class Builder:
    """How a chart is made.

    Attributes:
        build: from the store, a study's id and the query to a Vega-Lite document.
        parameters: of the query that it reads, beside those of every chart.
    """

    build: Callable[[Store, str, ChartQuery], dict[str, Any]]
    parameters: frozenset[str]


CHARTS: dict[str, Builder] = {
    "law": Builder(_law, frozenset({"response", "x", "effect", "threshold"})),
    "curves": Builder(_curves, frozenset({"trial"})),
}
