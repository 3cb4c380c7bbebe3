"""Which responses and which bound a study is asked about, where the question does not say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from pydantic import TypeAdapter

from grokscale.studies.pareto.answer import pareto
from grokscale.studies.spec.searches import Adaptive, Search

X, Y = "t2", "error_settled"
_SEARCH: TypeAdapter[Any] = TypeAdapter(Search)


def pareto_of(
    search: Mapping[str, Any], table: pa.Table, x: str | None, y: str | None, most_y: float | None, limit: int
) -> dict[str, Any]:
    """Return the answer of `pareto`, an adaptive study's own objective filled in for what is None.

    Args:
        search: that section of the study's specification.
        table: the study's trials.
        x: what the best has least of.
        y: what is bounded.
        most_y: the bound.
        limit: points listed at most.
    """
    parsed = _SEARCH.validate_python(search)
    if not isinstance(parsed, Adaptive):
        return pareto(table, x or X, y or Y, most_y, limit)
    bounds = dict(parsed.objective.subject_to)
    first, *others = [*parsed.objective.minimize, *bounds]
    x, y = x or first, y or (others[0] if others else Y)
    return pareto(table, x, y, most_y or bounds.get(y), limit, parsed.num_configs)
