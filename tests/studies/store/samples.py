"""Studies, plans and outcomes for tests of the store: plain values, no training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from grokscale.studies.spec import StudySpec, parse
from grokscale.studies.store import Idempotency, Lease, Store, StudyRecord
from grokscale.trainers.trial import Crossing, Delay, ErrorPoint, Identity, Outcome, Trial

if TYPE_CHECKING:
    from grokscale.studies.plan import Plan

ALPHAS = (0.02, 0.05, 0.1, 0.2)
VERSIONS = {"grokscale": "0.1.0"}


def spec(**changes: Any) -> StudySpec:
    body = {
        "name": "store",
        "task": {"kind": "synthetic", "prefactor": 0.1, "exponent": 1.0},
        "regularizer": {"kind": "l1", "beta": 1e-4},
        "optimizer": {"kind": "proximal", "alpha": list(ALPHAS)},
        "seeds": 3,
        "budget": {"max_steps": 10**6},
    }
    return parse(body | changes)


def plan(configurations: int = 4, seeds: int = 3, per_pack: int = 6) -> Plan:
    """A grid of `configurations` alphas by `seeds`, seed fastest, in packs of consecutive trials."""
    from grokscale.studies.plan import (  # seconds to import, which children that only commit can do without
        Plan,
        PlannedPack,
    )

    trials = tuple(
        Trial(
            c * seeds + s, c, s, {"alpha": ALPHAS[c % 4] * (1 + c // 4), "beta": 1e-4, "snr": None, "optimizer": "gd"}
        )
        for c in range(configurations)
        for s in range(seeds)
    )
    groups = [tuple(range(at, min(at + per_pack, len(trials)))) for at in range(0, len(trials), per_pack)]
    packs = tuple(PlannedPack(number, members) for number, members in enumerate(groups))
    identities = tuple(Identity(f"synthetic:0:{trial.seed}", f"0:{trial.seed}") for trial in trials)
    return Plan(trials=trials, identities=identities, packs=packs, configurations=configurations)


def add(store: Store, *, idempotency: Idempotency | None = None, name: str = "store", **shape: Any) -> StudyRecord:
    changes = {key: shape.pop(key) for key in ("priority", "tags") if key in shape}
    return store.add_study(spec(name=name, **changes), plan(**shape), versions=VERSIONS, idempotency=idempotency)


def running(store: Store, **shape: Any) -> Lease:
    """A new study under a lease."""
    study = add(store, **shape)
    lease = store.claim("runner", 60)
    assert lease is not None
    assert lease.study_id == study.id
    return lease


def exact(step: int) -> Crossing:
    return Crossing(step, step - 1, step, "exact", step)


def point(error: float, mean_l1: float, step: int) -> ErrorPoint:
    return ErrorPoint(error, step, {"mean_l1": mean_l1})


def outcome(index: int, at: int = 1000, points: int = 4, **changes: Any) -> Outcome:
    """A generalised trial with t2 = `at`, t1 = t2 / 10 and a short curve."""
    t1, t2 = at // 10, at
    fields: dict[str, Any] = {
        "index": index,
        "outcome": "generalised",
        "obtained": "stepped",
        "looks": "certified",
        "steps": t2 + 7,
        "t1": exact(t1),
        "t1_gradient": exact(t1 + 1),
        "t2": exact(t2),
        "t2_plateau": Crossing(None, t2 - 10, t2 + 90, "interval"),
        "delay": Delay(t2 - t1, t2 - t1 - 1, t2 - t1, "exact"),
        "ladder": {"1e-1": {"t1": exact(t1 // 2), "t2": exact(t2 // 2)}, "1e-3": {"t1": None, "t2": None}},
        "errors": {
            "t1": point(0.9, 0.2, t1),
            "t2": point(1e-2, 2e-3, t2),
            "stop": point(9e-3, 1e-3, t2 + 7),
            "min": point(8e-3, 9e-4, t2),
            "settled": None,
        },
        "error_reasons": {"settled": "training had not settled"},
        "theory": {"a_gap": 0.25, "t2_predicted": None},
        "theory_reasons": {"t2_predicted": "no lasso point"},
        "curve": curve(points),
        "seconds": 0.5,
    }
    return Outcome(**fields | changes)


def curve(points: int) -> dict[str, np.ndarray]:
    steps = np.arange(points, dtype=np.int64) ** 2
    return {"step": steps, "train_error": 1.0 / (1.0 + steps), "test_error": 2.0 / (1.0 + steps)}


def failed(index: int) -> Outcome:
    return Outcome(index, "failed", None, 0, error={"type": "RuntimeError", "message": "out of luck"})


def commit_all(store: Store, lease: Lease, indices: Sequence[int] | None = None) -> None:
    """End the study's trials, pack by pack."""
    for pack in store.open_packs(lease):
        store.pack_started(lease, pack.id, 1, "host")
        members = [i for i in pack.members if indices is None or i in indices]
        store.commit(lease, pack.id, [outcome(i) for i in members], 1, "host")
        if len(members) == len(pack.members):
            store.end_pack(lease, pack.id)
