"""Studies of more trials than one transaction writes, and everything that is done to all of their trials."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from samples import VERSIONS, outcome, plan, spec

from grokscale.studies.store import Idempotency, Lease, Store, StudyRecord

if TYPE_CHECKING:
    from grokscale.studies.plan import PlannedPack

TRIALS = 5_000
KEY = Idempotency("me", "POST /v1/studies", "key", "hash")


def add(store: Store) -> StudyRecord:
    """Ten packs of 500 trials."""
    shape = plan(configurations=50, seeds=100, per_pack=500)
    return store.add_study(spec(), shape, versions=VERSIONS, idempotency=KEY)


def claimed(store: Store) -> Lease:
    add(store)
    lease = store.claim("runner", 60)
    assert lease is not None
    return lease


def cancel(store: Store, study_id: str) -> None:
    store.transition(study_id, "cancel")


def retry(store: Store, study_id: str) -> None:
    store.transition(study_id, "retry")


def delete(store: Store, study_id: str) -> None:
    store.delete_study(study_id)
    sweep(store)


def sweep(store: Store) -> None:
    while store.sweep():
        pass


def other_packs() -> tuple[PlannedPack, ...]:
    """Forty packs of 125 trials, each of every fortieth."""
    from grokscale.studies.plan import PlannedPack

    return tuple(PlannedPack(number, tuple(range(number, TRIALS, 40))) for number in range(40))


def cut(store: Store, _study_id: str) -> None:
    lease = store.claim("runner", 60)
    assert lease is not None
    assert store.cut_anew(lease, [pack.id for pack in store.open_packs(lease)], other_packs(), 40)


def commit(store: Store, _study_id: str) -> None:
    """One report of a pack, with 50,000 points of curves."""
    lease = store.claim("runner", 60)
    assert lease is not None
    pack = store.open_packs(lease)[0]
    store.commit(lease, pack.id, [outcome(index, points=100) for index in pack.members], 1, "host")


CALLS: dict[str, Callable[..., object]] = {
    "create": add,
    "cancel": cancel,
    "retry": retry,
    "delete": delete,
    "cut": cut,
    "commit": commit,
}
