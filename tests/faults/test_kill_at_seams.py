"""kill -9 of the driver at named seams, three times each, then left to finish: counts exact, on both databases."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from studies import spec as specification
from studies.plan import Resources, plan
from studies.runner import Runner
from studies.settings import Settings
from studies.store import Lease, Store

pytestmark = [pytest.mark.fault, pytest.mark.timeout(240)]

DRIVER = Path(__file__).with_name("killed_driver.py")
TIMES = 3
SPEC: dict[str, Any] = {
    "name": "killed at a seam",
    "task": {"kind": "synthetic", "seconds": 0.4},
    "regularizer": {"kind": "l1", "beta": [1e-4, 1e-3]},
    "optimizer": {"kind": "proximal", "alpha": [0.01, 0.1]},
    "seeds": 8,
}
TRIALS = 32
LONG = SPEC | {"task": {"kind": "synthetic", "seconds": 5.0}}


class CountingStore(Store):
    """Counts the claims: one more than the drivers that were killed."""

    def __init__(self, store: Store) -> None:
        super().__init__(store._database)
        self.claims = 0

    def claim(self, runner_id: str, lease_seconds: float) -> Lease | None:
        lease = super().claim(runner_id, lease_seconds)
        self.claims += lease is not None
        return lease


@contextmanager
def running(store: Store, url: str, folder: Path, seam: str) -> Iterator[Path]:
    """A runner in this process whose drivers are killed at a seam; yields the file that counts the kills."""
    counter = folder / "kills"
    counter.touch()
    settings = Settings(data_dir=folder, database_url=url, cpus=2, lease_seconds=60, log_level="warning")
    command = [sys.executable, str(DRIVER), seam, str(counter), str(TIMES)]
    stop = threading.Event()
    runner = threading.Thread(target=Runner(settings, store, driver_command=command).run, args=(stop,))
    runner.start()
    try:
        yield counter
    finally:
        stop.set()
        runner.join(30)
    assert not runner.is_alive()


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.05)


def submitted(store: Store, spec: dict[str, Any]) -> str:
    parsed = specification.parse(spec, test_tasks=True)
    return store.add_study(parsed, plan(parsed, Resources(cpus=2)), versions={}).id


@pytest.fixture
def counting(store: Store) -> CountingStore:
    return CountingStore(store)


@pytest.mark.parametrize(
    "seam", ["after claim", "received, not committed", "committed, not acknowledged", "while ending"]
)
def test_each_trial_ends_exactly_once(counting: CountingStore, store_url: str, tmp_path: Path, seam: str) -> None:
    study = submitted(counting, SPEC)
    with running(counting, store_url, tmp_path, seam) as kills:
        wait_until(lambda: counting.state(study) == "completed", 150, "the study completes")
        assert kills.stat().st_size == TIMES
    record = counting.study(study)
    assert record.progress.by_outcome == {"generalised": TRIALS}
    assert counting.claims >= TIMES + 1
    assert told(counting, study) == dict.fromkeys(range(TRIALS), 1)
    wait_until(lambda: not left_behind(tmp_path), 15, "every process of the runner has ended")


def test_a_cancelled_study_ends_cancelled(counting: CountingStore, store_url: str, tmp_path: Path) -> None:
    study = submitted(counting, LONG)
    with running(counting, store_url, tmp_path, "while stopping") as kills:
        wait_until(lambda: any(pack.state == "running" for pack in counting.packs(study)), 100, "a pack runs")
        counting.transition(study, "cancel")
        wait_until(lambda: counting.state(study) == "cancelled", 60, "the study is cancelled")
        assert kills.stat().st_size == TIMES
    by_outcome = counting.study(study).progress.by_outcome
    assert sum(by_outcome.values()) == TRIALS
    assert by_outcome["cancelled"] > 0
    wait_until(lambda: not left_behind(tmp_path), 15, "every process of the runner has ended")


def told(store: Store, study: str) -> Counter[int]:
    """How often each trial was said to have ended."""
    return Counter(event.data["index"] for event in store.events(study, limit=10_000) if event.type == "trial")


def left_behind(folder: Path) -> list[str]:
    """Processes, other than this one, whose environment or command line names the folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        if int(process.name) == os.getpid():
            continue
        try:
            said = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue
        if str(folder).encode() in said:
            found.append(process.name)
    return found
