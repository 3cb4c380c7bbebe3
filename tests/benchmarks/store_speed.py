"""How fast the store is, as a table: `python tests/benchmarks/store_speed.py [URL]` (default: a new SQLite file).

Commits of 500 trials with 200 curve points of nine columns, then the lists of a study of 50,000 trials, of which
nine in ten have ended. Seconds of this machine as it is: compare runs side by side, not with other machines.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np

from studies.store import Lease, Store, TrialFilter, open_store
from trainers.trial import Outcome

sys.path.insert(0, str(Path(__file__).parents[1] / "studies" / "store"))
from samples import failed, outcome, running

T = TypeVar("T")

COLUMNS = ["train_error", "test_error", "train_loss", "l1_norm", "l2_norm", "gradient_ratio"]
COLUMNS += ["support_size", "on_support_norm", "off_support_norm"]
RNG = np.random.default_rng(0)


def main(url: str) -> None:
    store = open_store(url)
    store.migrate()
    print(f"{'':44} {'median':>9} {'p95':>9}  ms")
    commits(store)
    lists(store, large_study(store))
    store.close()


def commits(store: Store) -> None:
    for _ in range(5):
        lease = running(store, configurations=50, seeds=10, per_pack=500)
        pack = store.open_packs(lease)[0]
        outcomes = [outcome(i, at=1000 + i, curve=curve(200)) for i in range(500)]
        timed("commit 500 trials x 200 points", 1, lambda: store.commit(lease, pack.id, outcomes, 1, "host"))  # noqa: B023
        timed("commit them again: nothing new", 1, lambda: store.commit(lease, pack.id, outcomes, 1, "host"))  # noqa: B023
    trial = store.trials(lease.study_id).items[7].id
    timed("curves of 200 points", 50, lambda: store.curves(trial))


def large_study(store: Store) -> Lease:
    shape = {"configurations": 2500, "seeds": 20, "per_pack": 500}
    lease = timed("add a study of 50,000 trials, and claim it", 1, lambda: running(store, **shape))
    timed("commit 45,000 trials without curves", 1, lambda: end_most(store, lease))
    return lease


def end_most(store: Store, lease: Lease) -> None:
    for pack in store.open_packs(lease):
        store.commit(lease, pack.id, [ended(i) for i in pack.members if i % 10], 1, "host")


def ended(index: int) -> Outcome:
    return outcome(index, at=int(RNG.integers(1000, 10**6)), curve={}) if RNG.random() < 0.8 else failed(index)


def lists(store: Store, lease: Lease) -> None:
    study = lease.study_id
    for sort in ("index", "-index", "seed", "-outcome", "t2", "-t2", "t1", "steps", "alpha", "-alpha"):
        chosen = TrialFilter(sort=sort)
        cursor = None
        for _ in range(3):
            cursor = store.trials(study, chosen, 1000, cursor).next
        timed(f"trials by {sort}, first 100", 40, lambda: store.trials(study, chosen))  # noqa: B023
        timed(f"trials by {sort}, 100 after 3,000", 40, lambda: store.trials(study, chosen, 100, cursor))  # noqa: B023
    some = {"alpha": (0.5, 0.6)}
    timed("trials failed, by t2", 40, lambda: store.trials(study, TrialFilter(("failed",), sort="t2")))
    timed("trials with alpha in a range, by t2", 40, lambda: store.trials(study, TrialFilter(ranges=some, sort="t2")))
    timed("one study with its progress", 40, lambda: store.study(study))
    timed("list of studies", 40, store.studies)
    timed("table of 50,000 rows", 3, lambda: store.table(study))
    timed("all 50,000 records, one by one", 1, lambda: sum(1 for _ in store.iter_trials(study)))
    pack = store.open_packs(lease)[0]
    store.commit(lease, pack.id, [outcome(0, curve=curve(10_000))], 1, "host")
    trial = store.trials(study).items[0].id
    timed("curves of 10,000 points cut to 500", 40, lambda: store.curves(trial))
    timed("cancel 5,000 trials", 1, lambda: store.cancel_unended(lease))
    store.finish(lease)
    timed("delete a study of 50,000 trials", 1, lambda: store.delete_study(study))


def curve(points: int) -> dict[str, np.ndarray]:
    return {"step": np.arange(points), **{name: RNG.standard_normal(points) for name in COLUMNS}}


def timed(what: str, rounds: int, call: Callable[[], T]) -> T:
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        answer = call()
        seconds.append(time.perf_counter() - start)
    seconds.sort()
    print(f"{what:44} {1e3 * seconds[len(seconds) // 2]:9.1f} {1e3 * seconds[int(0.95 * len(seconds))]:9.1f}")
    return answer


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        main(sys.argv[1] if len(sys.argv) > 1 else f"sqlite:///{folder}/speed.db")
