"""A study driven in this process, through the real store and the real planning code, without Ray."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from grokscale.studies.packs import pack
from grokscale.studies.plan import Resources, plan, plan_batch
from grokscale.studies.search.proposing import next_batch
from grokscale.studies.spec import StudySpec, parse
from grokscale.studies.store import Lease, Store
from grokscale.trainers.pack import train
from grokscale.trainers.trial import Outcome, Trial
from tests.service.outcomes import outcome_of

Ends = Callable[[Trial], Outcome]

T2 = {"minimize": "t2"}


def adaptive(kind: str, num_configs: int = 24, batch: int = 4, objective: Any = T2, **changes: Any) -> StudySpec:
    """A synthetic study over alpha and beta: t2 = 0.1 / (alpha beta), t1 = 1 / alpha."""
    search: dict[str, Any] = {"kind": kind, "num_configs": num_configs}
    if kind in ("tpe", "cmaes", "gp"):
        search |= {"batch": batch, "objective": objective}
    body = {
        "name": kind,
        "task": {"kind": "synthetic"},
        "regularizer": {"kind": "l1", "beta": {"log": [1e-6, 1e-2]}},
        "optimizer": {"kind": "proximal", "alpha": {"log": [1e-3, 1]}},
        "seeds": 2,
        "search": search,
        "budget": {"max_steps": 10**12},
    }
    return parse(body | changes)


def submit(store: Store, spec: StudySpec) -> Lease:
    """Write a study and claim it."""
    study = store.add_study(spec, plan(spec, Resources(2)), versions={})
    lease = store.claim("runner", 600)
    assert lease is not None
    assert lease.study_id == study.id
    return lease


def end_packs(store: Store, lease: Lease, spec: StudySpec, ends: Ends | None = outcome_of) -> None:
    """End every open pack: by a known law, or (None) by training it."""
    for record in store.open_packs(lease):
        trials = store.pack_trials(record.id)
        if ends is None:
            reports = train(pack(spec, trials, record.id, record.prune_after))
            outcomes = [outcome for report in reports for outcome in report.outcomes]
        else:
            outcomes = [ends(trial) for trial in trials]
        store.commit(lease, record.id, outcomes, 1, "here")
        store.end_pack(lease, record.id)


def add_batch(store: Store, lease: Lease, spec: StudySpec) -> list[tuple[Any, ...]]:
    """Propose and insert the next batch; return its points."""
    points, first, prune_after = next_batch(lease.study_id, spec, store.table(lease.study_id))
    assert store.extend(lease, plan_batch(spec, points, first, 2, prune_after))
    return points


def complete(store: Store, spec: StudySpec, ends: Ends | None = outcome_of) -> str:
    """Drive a study to its end; return its id."""
    lease = submit(store, spec)
    end_packs(store, lease, spec, ends)
    progress = store.study(lease.study_id).progress
    while progress.ended < progress.total:
        add_batch(store, lease, spec)
        end_packs(store, lease, spec, ends)
        progress = store.study(lease.study_id).progress
    assert store.finish(lease) == "completed"
    return lease.study_id
