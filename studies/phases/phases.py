"""A phase diagram of one study's trials: `GET /v1/studies/{id}/phases`."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa

from grokscale.studies.imports.bare import complete
from grokscale.studies.laws.errors import TooLittle
from grokscale.studies.laws.rows import columns, identities
from grokscale.studies.phases.axes import Axis, axis
from grokscale.studies.phases.cells import cells
from grokscale.studies.phases.contour import NotIdentifiable, contour
from grokscale.studies.phases.errors import NotApplicable, UnknownField
from grokscale.studies.phases.sentences import text
from grokscale.studies.vocabulary import NO_RESULT, RESULTS
from grokscale.trainers.tasks.description import Description

_MOST_GROUPS = 50
_SPARSE = 2
"""Trials a cell below which its fractions say next to nothing."""


def phases(
    table: pa.Table,
    x: str,
    y: str | None = None,
    *,
    outcome: str = "generalised",
    by: str | None = None,
    task: str | Description | None = None,
) -> dict[str, Any]:
    """Return outcome fractions over one or two axes, and the contour where half of the trials end with a word.

    Args:
        table: a study's trials, one row each (`Store.table`), ended or not.
        x: a numeric field of the configuration, taken by its logarithm, or linearly where a value is not positive.
        y: another one.
        outcome: the word of the contour: `generalised`, `memorised`, `not_memorised`, `infeasible`, `stalled` or
            `diverged`.
        by: a field of the configuration, one diagram a value (at most 50).
        task: see `law`, as for a table of finished runs made elsewhere.

    Returns:
        The phase object of the interface: plain JSON values at full precision. Fractions have Wilson's 95 % interval
        (1927). The contour is that of a logistic regression, Firth's (1993) where the axes separate the word from the
        rest, with a 95 % profile-likelihood interval in x at every value of y. Where there is none it is null, and
        `not_identifiable` names the column and the reason; no value is nan or infinite.

    Raises:
        TooLittle: no trial has ended with a result at a place of the diagram.
        UnknownField: a field that the configurations do not have as a number, or no such outcome.
        NotApplicable: an axis named twice, or too many values of `by`.
    """
    if outcome not in RESULTS:
        raise UnknownField(outcome, RESULTS, "outcome")
    table, assumed = complete(table, task, [name for name in (x, y) if name is not None])
    axes = _axes(table, x, y)
    if by is None:
        found = _diagram(table, *axes, outcome)
        found["warnings"][:0] = assumed
        _require_results([found])
        return {**_head(*axes), "by": None, "outcome": outcome, **found, "groups": None}
    groups = _groups(table, *axes, outcome, by)
    _require_results(groups)
    pooled: dict[str, Any] = {"cells": [], "contour": None, "not_identifiable": None}
    pooled |= {"counted_out": _total(groups), "draws": len(np.unique(identities.draws(table)))}
    pooled |= {"streams": len(np.unique(identities.streams(table))), "warnings": assumed}
    told = " ".join(f"{by} = {group['value']}: {group['text']}" for group in groups)
    levels = {"name": by, "values": [group["value"] for group in groups]}
    return {**_head(*axes), "by": levels, "outcome": outcome, **pooled, "text": told, "groups": groups}


def _head(x: Axis, y: Axis | None) -> dict[str, Any]:
    return {"x": x.document(), "y": y.document() if y else None}


def _axes(table: pa.Table, x: str, y: str | None) -> tuple[Axis, Axis | None]:
    across = axis(table, x, "x")
    if y == x:
        raise NotApplicable(f"{y} is already the axis x: another field, or none", "y")
    return across, None if y is None else axis(table, y, "y")


def _diagram(table: pa.Table, x: Axis, y: Axis | None, outcome: str) -> dict[str, Any]:
    outcomes = columns.words(table, "outcome")
    draw, stream = identities.draws(table), identities.streams(table)
    x_missing = np.isnan(x.values)
    y_missing = np.zeros(len(outcomes), dtype=bool) if y is None else np.isnan(y.values)
    inside = np.isin(outcomes, RESULTS) & ~x_missing & ~y_missing
    found = Counter(outcomes.tolist())
    counted_out = {word: found[word] for word in NO_RESULT}
    counted_out |= {"pending": found[""], "x_missing": int(x_missing.sum()), "y_missing": int(y_missing.sum())}
    diagram: dict[str, Any] = {
        "cells": cells(x, y, outcomes, draw, stream, outcome),
        "contour": None,
        "not_identifiable": None,
        "counted_out": counted_out,
        "draws": len(np.unique(draw[inside])),
        "streams": len(np.unique(stream[inside])),
        "warnings": [],
    }
    warnings: list[str] = diagram["warnings"]
    try:
        diagram["contour"], told = contour(x, y, inside, outcomes == outcome, draw, stream, outcome)
        warnings += told
    except NotIdentifiable as why:
        diagram["not_identifiable"] = {"column": why.column, "reason": why.reason}
        warnings.append(f"not identifiable: {why.reason}")
    warnings += _remarks(diagram, int(inside.sum()))
    diagram["text"] = text(x.name, y.name if y else None, outcome, diagram, int(inside.sum()))
    return diagram


def _remarks(diagram: dict[str, Any], n: int) -> list[str]:
    found = []
    pending = diagram["counted_out"]["pending"]
    if pending:
        found.append(f"{pending} trials have not ended and are counted beside: the diagram may change")
    shared = [cell for cell in diagram["cells"] if cell["n"] > cell["streams"]]
    if shared:
        what = "a draw" if all(cell["draws"] == cell["streams"] for cell in shared) else "a stream of random numbers"
        found.append(
            f"in {len(shared)} cells several trials share {what}: Wilson's interval takes them as independent and is "
            "too narrow there"
        )
    if diagram["cells"] and n < _SPARSE * len(diagram["cells"]):
        found.append(f"{n} trials lie in {len(diagram['cells'])} cells: read the contour rather than the fractions")
    return found


def _groups(table: pa.Table, x: Axis, y: Axis | None, outcome: str, by: str) -> list[dict[str, Any]]:
    known = [name for name in columns.fields(table) if name not in {x.name, y.name if y else None}]
    if by in {x.name, y.name if y else None}:
        raise NotApplicable(f"{by} is already an axis: another field, or none", "by")
    if by not in known:
        raise UnknownField(by, known, "by")
    values = [None if isinstance(v, float) and not math.isfinite(v) else v for v in table.column(by).to_pylist()]
    levels = sorted(set(values), key=lambda v: (v is None, isinstance(v, str), v if v is not None else 0))
    if len(levels) > _MOST_GROUPS:
        raise NotApplicable(f"{by} has {len(levels)} values; at most {_MOST_GROUPS} diagrams are drawn at once", "by")
    groups = []
    for level in levels:
        inside = np.array([value == level for value in values])
        axes = x.of(inside), None if y is None else y.of(inside)
        groups.append({"value": level, **_diagram(table.filter(pa.array(inside)), *axes, outcome)})
    return groups


def _total(groups: list[dict[str, Any]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for group in groups:
        total.update(group["counted_out"])
    return dict(total)


def _require_results(diagrams: list[dict[str, Any]]) -> None:
    if not any(cell["n"] for diagram in diagrams for cell in diagram["cells"]):
        counts = _total(diagrams)
        said = ", ".join(f"{count} {word}" for word, count in sorted(counts.items()) if count)
        message = "no trial has ended with a result at a place of the diagram" + (f": {said}" if said else "")
        raise TooLittle(message, {"counted_out": counts})
