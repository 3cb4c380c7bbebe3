"""Which responses and which bound a study is asked about, where the question does not say."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from pydantic import TypeAdapter

from grokscale.studies.pareto.answer import pareto
from grokscale.studies.spec.searches import Adaptive, Search
from grokscale.studies.store import StudyRecord

X, Y = "t2", "error_settled"
_SEARCH: TypeAdapter[Any] = TypeAdapter(Search)


def pareto_of(
    study: StudyRecord, table: pa.Table, x: str | None, y: str | None, most_y: float | None, limit: int
) -> dict[str, Any]:
    """Return the answer of `pareto`, an adaptive study's own objective filled in for what is None.

    Args:
        study: the study.
        table: its trials.
        x: what the best has least of.
        y: what is bounded.
        most_y: the bound.
        limit: points listed at most.
    """
    # the rest of the specification is of a task that may be gone
    search = _SEARCH.validate_python(study.spec["search"])
    if not isinstance(search, Adaptive):
        return pareto(table, x or X, y or Y, most_y, limit)
    bounds = dict(search.objective.subject_to)
    first, *others = [*search.objective.minimize, *bounds]
    x, y = x or first, y or (others[0] if others else Y)
    return pareto(table, x, y, most_y or bounds.get(y), limit, search.num_configs)
