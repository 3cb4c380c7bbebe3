"""What a sampler is told of outcomes of every kind, against values worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest

from grokscale.studies.search.goals import told
from grokscale.studies.store import Store
from grokscale.trainers.trial import Crossing, ErrorPoint, Outcome, OutcomeWord, Trial
from tests.service.outcomes import exact
from tests.studies.search import driving

BOUNDED = {"minimize": "t2", "subject_to": {"error_min": {"max": 1e-2}}}


def seen(index: int, t2: int, error: float) -> Outcome:
    return Outcome(index, "generalised", "stepped", t2 + 9, t2=exact(t2), errors={"min": ErrorPoint(error, t2)})


def never(index: int, word: OutcomeWord, t2: Crossing | None = None) -> Outcome:
    return Outcome(index, word, "stepped", 5000, t2=t2, errors={"min": ErrorPoint(0.5, 9)} if t2 else {})


LATE = Crossing(None, 5000, None, "right")
UNREACHABLE = Crossing(None, 5000, None, "infeasible")

ENDS: dict[int, list[Any]] = {
    0: [lambda i: seen(i, 100, 1e-3), lambda i: seen(i, 200, 1e-3), lambda i: seen(i, 400, 1e-3)],
    1: [lambda i: seen(i, 100, 5e-2), lambda i: seen(i, 200, 5e-2), lambda i: never(i, "diverged")],
    2: [lambda i: seen(i, 100, 1e-3), lambda i: never(i, "diverged"), lambda i: never(i, "failed")],
    3: [lambda i: never(i, "memorised", LATE)] * 3,
    4: [lambda i: never(i, "infeasible", UNREACHABLE)] * 3,
    5: [lambda i: seen(i, 300, 1e-3), *[lambda i: never(i, "uninformative_data")] * 2],
    6: [lambda i: never(i, "failed")] * 3,
    7: [lambda i: seen(i, 1000, 1e-3)] * 3,
}


def end(trial: Trial) -> Outcome:
    return ENDS[trial.configuration][trial.seed](trial.index)


@pytest.mark.parametrize("kind", ["tpe", "cmaes"])
def test_every_kind_of_outcome_is_told_as_documented(store: Store, kind: str) -> None:
    spec = driving.adaptive(kind, 8, 8, BOUNDED, seeds=3)
    lease = driving.submit(store, spec)
    driving.end_packs(store, lease, spec, end)
    found = told(store.table(lease.study_id), spec)
    values = [one.values[0] for one in found]
    if kind == "cmaes":
        assert sorted(range(8), key=lambda i: values[i]) == [0, 5, 7, 1, 3, 4, 2, 6]  # 3 and 4 break the bound alike
        assert all(not one.constraints for one in found)
        return
    # 3 is late: twice the 5000 steps that it ran; those without a value stand at the median of the five others
    assert [round(math.exp(value)) for value in values] == [200, 200, 300, 10_000, 300, 300, 300, 1000]
    reach = [one.constraints["reach"] for one in found]
    # 1, 3 and 4 break the bound, which says enough
    assert reach == pytest.approx([-2.5 / 3, -2.5 / 3, 1.5 / 3, -2.5 / 3, -2.5 / 3, -0.5, 3.5 / 3, -2.5 / 3])
    low, high, middle = math.log(0.1), math.log(50), math.log(0.1) / 2 + math.log(5) / 2
    errors = [one.constraints["error_min"] for one in found]
    assert errors == pytest.approx([low, math.log(5), middle, high, high, low, middle, low])
