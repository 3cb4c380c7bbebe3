"""How fast the service answers over a study of 50,000 trials on SQLite, and how fast results are stored."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
import numpy as np

from grokscale.studies.settings import Settings
from grokscale.studies.store import Lease, Store, open_store
from grokscale.trainers.trial import Outcome
from tests.benchmarks.tables import Table, at_most_ms, figure
from tests.benchmarks.timing import timed_once
from tests.e2e.conftest import Service
from tests.studies.store.samples import failed, outcome, running

GOAL_MS = 50.0
SEEDS, PER_PACK = 20, 500
MEASURED = ["train_error", "test_error", "train_loss", "l1_norm", "l2_norm", "gradient_ratio"]
MEASURED += ["support_size", "on_support_norm", "off_support_norm"]
RNG = np.random.default_rng(0)


def tables(quick: bool) -> list[Table]:
    """Return the table of answers and that of commits."""
    configurations, times = (50, 20) if quick else (2500, 200)
    with TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        data.mkdir()
        settings: dict[str, Any] = {"data_dir": data}
        store = open_store(Settings(**settings).url)
        store.migrate()
        commits = _commits(store, 1 if quick else 5)
        study, trial = _large(store, configurations)
        store.close()
        return [_answers(data, study, trial, configurations * SEEDS, times), commits]


def _answers(data: Path, study: str, trial: str, trials: int, times: int) -> Table:
    service = Service(data).start()
    try:
        with httpx2.Client(base_url=f"{service.url}/v1") as client:
            page = f"/studies/{study}/trials?limit=100"
            deep = client.get(f"/studies/{study}/trials?limit=1000&sort=t2").raise_for_status().json()["next"]
            asked = {
                "one study, with its progress": f"/studies/{study}",
                "a page of 100 trials": page,
                "a page of 100 trials by t2, after 1,000": f"{page}&sort=t2&cursor={deep}",
                "a page of 100 failed trials": f"{page}&outcome=failed",
                "a curve of 10,000 points cut to 500": f"/trials/{trial}/curves?max_points=500",
            }
            rows = [_row(name, _milliseconds(client, path, times)) for name, path in asked.items()]
    finally:
        service.stop()
    notes = [f"{times} requests each, one after another on one connection, {trials:,} trials, nine in ten ended."]
    return Table("Answers, SQLite", ("", "median ms", "p95 ms", "goal"), rows, notes)


def _milliseconds(client: httpx2.Client, path: str, times: int) -> list[float]:
    client.get(path).raise_for_status()
    return sorted(1e3 * timed_once(lambda: client.get(path).raise_for_status().content)[0] for _ in range(times))


def _row(name: str, times: Sequence[float]) -> list[str]:
    middle, late = times[len(times) // 2], times[math.ceil(0.95 * len(times)) - 1]
    return [name, figure(middle), figure(late), at_most_ms(late, GOAL_MS)]


def _commits(store: Store, rounds: int) -> Table:
    found = [_commit_seconds(store) for _ in range(rounds)]
    rows = [
        [name, *(figure(1e3 * pick(times)) for pick in (min, np.median))]
        for name, times in zip(
            ("500 trials, 200 points a curve", "again: nothing new"), zip(*found, strict=True), strict=True
        )
    ]
    return Table("Commits, SQLite", ("", "min ms", "median ms"), rows)


def _commit_seconds(store: Store) -> tuple[float, float]:
    """Return what it takes to commit 500 trials with their curves, and what to see that they are there."""
    lease = running(store, configurations=25, seeds=SEEDS, per_pack=PER_PACK)
    pack = store.open_packs(lease)[0]
    outcomes = [outcome(i, at=1000 + i, curve=_curve(200)) for i in range(PER_PACK)]
    commit: Callable[[], object] = lambda: store.commit(lease, pack.id, outcomes, 1, "host")  # noqa: E731
    first, again = timed_once(commit)[0], timed_once(commit)[0]
    _end(store, lease)
    return first, again


def _large(store: Store, configurations: int) -> tuple[str, str]:
    """Return a study of which nine trials in ten have ended, and a trial of it with a long curve."""
    lease = running(store, configurations=configurations, seeds=SEEDS, per_pack=PER_PACK)
    for pack in store.open_packs(lease):
        store.commit(lease, pack.id, [_ended(i) for i in pack.members if i % 10], 1, "host")
    first = store.open_packs(lease)[0]
    store.commit(lease, first.id, [outcome(0, curve=_curve(10_000))], 1, "host")
    trial = store.trials(lease.study_id).items[0].id
    _end(store, lease)
    return lease.study_id, trial


def _end(store: Store, lease: Lease) -> None:
    """End the study: the service that is started over this store shall not train what is left of it."""
    store.transition(lease.study_id, "stop")
    store.cancel_unended(lease)
    store.finish(lease)


def _ended(index: int) -> Outcome:
    return outcome(index, at=int(RNG.integers(1000, 10**6)), curve={}) if RNG.random() < 0.8 else failed(index)


def _curve(points: int) -> dict[str, np.ndarray]:
    return {"step": np.arange(points), **{name: RNG.standard_normal(points) for name in MEASURED}}
