"""A trial that has not come to t2 by the step at which it would be pruned ends there; nothing else changes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grokscale.trainers.trial import Crossing
from tests.trainers.packs import outcomes, pack, sparse

TRIALS = [sparse(i, i, N=26, beta=beta) for i, beta in enumerate((1e-3, 5e-4, 2e-4, 1e-4, 5e-5))]
INFEASIBLE = sparse(9, 0, N=26, beta=3e-2)


@pytest.mark.parametrize("stop", ["after_t2", "settled"])
@pytest.mark.parametrize("engine", ["step", "fast_forward"])
def test_what_is_late_ends_and_what_is_not_is_as_it_was(engine: str, stop: str) -> None:
    whole = replace(pack([*TRIALS, INFEASIBLE], max_steps=100_000, stop=stop), engine=engine)
    free = outcomes(whole)
    times = sorted(outcome.t2.step for outcome in free.values() if outcome.t2 and outcome.t2.step is not None)
    assert len(times) == len(TRIALS)
    limit = times[2]
    found = outcomes(replace(whole, budget=replace(whole.budget, prune_after=limit)))
    assert found[INFEASIBLE.index].outcome == "infeasible"
    for trial in TRIALS:
        before, after = free[trial.index], found[trial.index]
        assert before.t2 is not None
        assert before.t2.step is not None
        if before.t2.step <= limit:
            assert after.outcome == "generalised"
            assert (after.steps, after.t1, after.t2, after.ladder) == (
                before.steps,
                before.t1,
                before.t2,
                before.ladder,
            )
        else:
            assert (after.outcome, after.steps) == ("pruned", limit)
            assert after.t1 == before.t1
            assert after.t2 == Crossing(None, limit, None, "right")
    assert sum(outcome.outcome == "pruned" for outcome in found.values()) == 2


def test_a_limit_beyond_the_budget_prunes_nothing() -> None:
    whole = pack(TRIALS, max_steps=500)
    assert outcomes(replace(whole, budget=replace(whole.budget, prune_after=500))).keys() == outcomes(whole).keys()
    for outcome in outcomes(replace(whole, budget=replace(whole.budget, prune_after=10_000))).values():
        assert outcome.outcome in ("memorised", "not_memorised", "generalised")
