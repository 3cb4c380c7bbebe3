"""Theory against what was measured: `GET /v1/studies/{id}/theory`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from grokscale.studies import roles
from grokscale.studies.imports.bare import OF_THEORY, complete
from grokscale.studies.laws.errors import TooLittle
from grokscale.studies.laws.exponentials import exponential
from grokscale.studies.laws.rows import columns, identities
from grokscale.studies.theory.explained import explained
from grokscale.studies.theory.mean import Logs, NoMean, mean
from grokscale.studies.theory.pairs import Pair, pair
from grokscale.studies.theory.sentences import text
from grokscale.studies.vocabulary import CENSORED, PENDING, UNREACHABLE
from grokscale.trainers.tasks.description import Description

_NUMBER = re.compile(r"(?<![\w.*])-?\d+(\.\d+)?(e[-+]?\d+)?(?![\w])")
_MANY = 0.1
_FEW_DRAWS = 8


def theory(
    table: pa.Table,
    reasons: Mapping[str, Mapping[str, str]] | None = None,
    task: str | Description | None = None,
) -> dict[str, Any]:
    """Set t1, t2 and the error floor beside what theory predicted for them before anything was trained.

    Args:
        table: a study's trials, one row each (`Store.table`), ended or not.
        reasons: by trial id, theory column to why it is null (`Store.theory_reasons`).
        task: whose trials they are, for a table that does not say so (of a CSV file): its kind or description.

    Returns:
        The theory object of the interface: plain JSON values at full precision. For `t1`, `t2` and each prediction of
        the settled error that the task has (sparse recovery's: the exact linear prediction, M2 and M1) the ratio
        measured / predicted as a geometric mean over draws with a 95 % interval, over the study and in every
        configuration. `explains_draws` is the slope of the draws' log prefactor on the log of what predicts it. A
        number that cannot be told is null with a reason; no value is nan or infinite.

    Raises:
        TooLittle: no ended trial has a measured value beside a prediction.
    """
    (table, assumed), by_trial = complete(table, task, needed=OF_THEORY), reasons or {}
    told = [by_trial.get(trial, {}) for trial in table.column("id").to_pylist()]
    draw, stream = identities.draws(table), identities.streams(table)
    pairs = {
        name: pair(table, measured, predicted, told, draw, stream)
        for name, measured, predicted in roles.of(table).comparisons()
    }
    comparisons = {name: _comparison(table, one) for name, one in pairs.items()}
    if not pairs:
        raise TooLittle("no column predicts t1, t2 or a settled error: there is no theory of these runs", {})
    if not any(one.inside.any() for one in pairs.values()):
        counts = {name: one["counted_out"] for name, one in comparisons.items()}
        failed = int((columns.words(table, "outcome") == "failed").sum())
        said = f": {failed} of {len(table)} trials failed" if failed else ""
        raise TooLittle(f"no ended trial has a measured value beside a prediction{said}", counts)
    document: dict[str, Any] = {
        "comparisons": comparisons,
        "explains_draws": explained(table, pairs.get("t2")),
        "trials": len(table),
        "draws": len(np.unique(draw)),
        "streams": len(np.unique(stream)),
    }
    document["warnings"] = [*assumed, *_warnings(comparisons, document["explains_draws"])]
    document["text"] = text(comparisons, document["explains_draws"])
    return document


def _comparison(table: pa.Table, one: Pair) -> dict[str, Any]:
    numbers, member = np.unique(columns.floats(table, "configuration"), return_inverse=True)
    order = np.argsort(member.reshape(-1), kind="stable")
    parts = np.split(order, np.cumsum(np.bincount(member.reshape(-1), minlength=len(numbers)))[:-1])
    swept = [name for name in columns.fields(table) if len(table.column(name).unique()) > 1]
    plain = {name: table.column(name).to_pylist() for name in swept}
    cells = []
    for number, rows in zip(numbers.tolist(), parts, strict=True):
        config = {name: plain[name][rows[0]] for name in swept}
        cells.append({"configuration": int(number), "config": config, **_ratio(one, rows)})
    everything = _ratio(one, np.arange(len(table)))
    return {
        "measured": one.measured,
        "predicted": one.predicted,
        **everything,
        "unpredicted": _counted(one.reasons),
        "cells": cells,
    }


def _ratio(one: Pair, rows: NDArray[np.intp]) -> dict[str, Any]:
    """Return the mean ratio of some rows, with what was counted."""
    compared = one.compared(rows)
    found = Counter(one.words[rows].tolist())
    document: dict[str, Any] = {"n": len(compared), "draws": len(np.unique(one.draw[compared]))}
    document["streams"] = len(np.unique(one.stream[compared]))
    try:
        estimate = mean(Logs(one.lower[compared], one.upper[compared], one.stream[compared]))
        document["ratio"] = estimate.ratio()
        document["geometric_sd"] = None if estimate.spread is None else exponential(estimate.spread)
        document |= {"method": estimate.method, "gradient_norm": estimate.gradient_norm}
        document["iterations"] = estimate.iterations
    except NoMean as why:
        document["ratio"] = {"value": None, "ci95": None, "se_log": None, "reason": str(why)}
        document |= {"geometric_sd": None, "method": None, "gradient_norm": None, "iterations": None}
    document["censored"] = {word: found.pop(word, 0) for word in CENSORED}
    found.pop("exact", None)
    document["counted_out"] = {word: found[word] for word in sorted(found)}
    return document


def _counted(reasons: NDArray[np.object_]) -> dict[str, int]:
    """Count the reasons; those that differ in their numbers alone are one, with dots for the numbers."""
    groups: dict[str, Counter[str]] = {}
    for reason, count in Counter(reasons[reasons != ""].tolist()).items():
        groups.setdefault(_NUMBER.sub("...", reason), Counter())[reason] = count
    return {next(iter(c)) if len(c) == 1 else pattern: sum(c.values()) for pattern, c in groups.items()}


def _warnings(comparisons: Mapping[str, Any], explains: Mapping[str, Any]) -> Iterator[str]:
    for name, one in comparisons.items():
        out = one["counted_out"]
        unreachable = sum(out.get(word, 0) for word in UNREACHABLE)
        if unreachable:
            yield (
                f"{name}: {unreachable} trials with a prediction cannot reach the threshold, though theory gives them "
                "a time: counted out, and the ratio is conditional on reaching it"
            )
        censored = sum(one["censored"].values())
        if censored > _MANY * max(1, one["n"]):
            yield f"{name}: {censored} of {one['n']} measured values are censored: the ratio leans on a log-normal tail"
    waiting = max(one["counted_out"].get(PENDING, 0) for one in comparisons.values())
    if waiting:
        yield f"{waiting} trials have not ended and are counted out: the ratios may change"
    without = explains["draws_without_crossing"]
    if without:
        yield f"{without} draws without an uncensored t2 have no prefactor: the slope is that of the others"
    if explains["value"] is not None and explains["draws"] < _FEW_DRAWS:
        yield f"the slope on log {explains['column']} rests on {explains['draws']} draws"
