"""How long fits take on one core, beside the goals: families with their bootstrap, and laws of many trials."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, get_args

import pyarrow as pa

from grokscale.studies.laws import Request, fit_family, law
from grokscale.studies.laws.models.forms import Name
from tests.benchmarks.tables import Table, at_most_seconds, figure
from tests.benchmarks.timing import interleaved
from tests.studies.laws.large import large, refits

FAMILY, REFITS, LAW = 5.0, 60.0, 5.0
MODELS = get_args(Name)[:-1]
COLUMNS = ("", "rows", "min s", "median s", "goal")


def tables(quick: bool) -> list[Table]:
    """Return one table."""
    rounds, many, times = (1, 2_000, 20) if quick else (3, 100_000, 200)
    family = Request(models=MODELS, intervals=("wald", "bootstrap"), bootstrap=2000)
    work: dict[str, tuple[pa.Table, float, Callable[[], Any]]] = {}
    for name, share in (("all exact", 0.0), ("a fifth censored", 0.2)):
        data, more = large(50, 40, share), large(many // 100, 100, share)
        work[f"M0 to M4 and 2,000 bootstraps, {name}"] = (data, FAMILY, partial(fit_family, data, family))
        work[f"{times} full refits, {name}"] = (data, REFITS, partial(refits, data, times))
        work[f"M0 to M4, {name}"] = (more, LAW, partial(fit_family, more, Request(models=MODELS)))
        work[f"one law, {name}"] = (more, LAW, partial(law, more, "t2"))
    timed = interleaved({name: lambda call=call: call for name, (_, _, call) in work.items()}, rounds)
    rows = []
    for name, (data, goal, _) in work.items():
        least, middle = timed[name].least, timed[name].median
        rows.append((name, f"{len(data):,}", figure(least), figure(middle), at_most_seconds(least, goal)))
    notes = [f"Everything that an answer holds is computed: tests, decades, extrapolation. {rounds} rounds."]
    return [Table("Laws on one core", COLUMNS, rows, notes)]
