"""A real runner with a real Ray cluster, and what a test asks of it."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from grokscale.studies.plan import Resources, plan
from grokscale.studies.runner.drivers import DRIVER
from grokscale.studies.runner.runner import Runner
from grokscale.studies.settings import Settings
from grokscale.studies.spec import StudySpec, parse
from grokscale.studies.store import PackRecord, StudyRecord, TrialRecord, open_store
from grokscale.trainers.trial import Trial

CPUS = 2
LOOK_SECONDS = 0.02
PATIENCE = 150.0
"""Seconds: a bound that a busy machine keeps too; nothing waits for it in vain but a test that fails."""


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Poll until the condition holds; fail the test by name when the deadline passes."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds:g} s: {what}")
        time.sleep(LOOK_SECONDS)


def synthetic(
    name: str,
    *,
    alphas: Any = 4,
    betas: Any = 4,
    seeds: int = 1,
    seconds: float = 0.0,
    faults: dict[str, Any] | None = None,
    **sections: Any,
) -> StudySpec:
    """A study whose every t2 is known: ceil(5 / (alpha beta)).

    `alphas` and `betas`: how many, or which.
    """
    alphas = {"log": [1e-2, 1e-1], "num": alphas} if isinstance(alphas, int) else alphas
    betas = {"log": [1e-4, 1e-2], "num": betas} if isinstance(betas, int) else betas
    task = {"kind": "synthetic", "prefactor": 5.0, "exponent": 1.0, "sigma": 0.0, "draw_sigma": 0.0}
    return parse(
        {
            "name": name,
            "task": {**task, "t1_prefactor": 3.0, "seconds": seconds, **({"faults": faults} if faults else {})},
            "regularizer": {"kind": "l1", "beta": betas},
            "optimizer": {"kind": "proximal", "alpha": alphas},
            "seeds": seeds,
            **sections,
        },
        test_tasks=True,
    )


def slow(spec: StudySpec, below: float) -> list[int]:
    """The indices of the trials of a study whose alpha beta lies at or below a bound."""
    trials = plan(spec, Resources(1)).trials
    return [trial.index for trial in trials if number(trial, "alpha") * number(trial, "beta") <= below]


def number(trial: Trial, field: str) -> float:
    value = trial.config[field]
    assert isinstance(value, float)
    return value


def exact_t2(trial: TrialRecord) -> int:
    """Return the known t2 of a trial of such a study."""
    return math.ceil(5.0 / (trial.config["alpha"] * trial.config["beta"]))


def processes(data_dir: Path) -> dict[int, str]:
    """Drivers, Ray and its workers of one runner: who was started with the token of its cluster, by process id."""
    mark = f"RAY_AUTH_TOKEN_PATH={data_dir / 'ray_token'}\0".encode()
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (entry / "environ").read_bytes():
                found[int(entry.name)] = (entry / "cmdline").read_text().replace("\0", " ").strip()
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue
    return {pid: command for pid, command in found.items() if command}  # a zombie has no command


def idle_share(packs: list[PackRecord], places: int) -> float:
    """The share of the places that stood empty, from the first pack until the last one began."""
    spans = [(pack.started, pack.ended) for pack in packs]
    assert all(start and end for start, end in spans)
    known: list[tuple[datetime, datetime]] = [(start, end) for start, end in spans if start and end]
    first, last = min(start for start, _ in known), max(start for start, _ in known)
    busy = sum((min(end, last) - start).total_seconds() for start, end in known)
    return 1 - busy / (places * (last - first).total_seconds())


class Gate:
    """Holds trials of a synthetic study back until it is opened: what is behind it cannot have ended before.

    Their packs crawl from half of the first one's t2 on: with the slowest held, all others of their packs still end.
    The trials of configuration 0, which come first, are the slowest.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def before(self, *trials: int) -> dict[str, Any]:
        """The fault that stops these trials at the gate."""
        return {"hold": list(trials), "until": str(self._path)}

    def open(self) -> None:
        self._path.touch()


class Bench:
    """A store, and while `running` a runner in a thread over it."""

    def __init__(
        self, data_dir: Path, url: str | None = None, driver_command: Sequence[str] = DRIVER, **settings: Any
    ) -> None:
        values = {"data_dir": data_dir, "cpus": CPUS, "test_tasks": True, **settings}
        self.settings = Settings(**values, **({"database_url": url} if url else {}))
        self.store = open_store(self.settings.url)
        self.store.migrate()
        self._driver_command = driver_command
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> Bench:
        self._stop.clear()
        runner = Runner(self.settings, self.store, driver_command=self._driver_command)
        self._thread = threading.Thread(target=runner.run, args=(self._stop,))
        self._thread.start()
        return self

    def end(self) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join()
        self._thread = None

    def close(self) -> None:
        self.end()
        self.store.close()

    def submit(self, spec: StudySpec, cpus: int = CPUS) -> str:
        """Queue a study whose packs are cut for so many CPUs."""
        return self.store.add_study(spec, plan(spec, Resources(cpus)), versions={}).id

    def study(self, study_id: str) -> StudyRecord:
        return self.store.study(study_id)

    def trials(self, study_id: str) -> list[TrialRecord]:
        return list(self.store.iter_trials(study_id))

    def ended(self, study_id: str) -> int:
        return self.store.study(study_id).progress.ended

    def wait(self, study_id: str, state: str, seconds: float = PATIENCE) -> StudyRecord:
        wait_until(lambda: self.study(study_id).state == state, seconds, f"study {state}")
        return self.study(study_id)

    def wait_for_trials(self, study_id: str, ended: int, seconds: float = PATIENCE) -> None:
        wait_until(lambda: self.ended(study_id) >= ended, seconds, f"{ended} trials ended")

    def checkpoints(self, study_id: str) -> Path:
        return Path(str(self.settings.checkpoint_dir)) / study_id

    def trial_events(self, study_id: str) -> list[int]:
        """The indices of the trials that were announced, in order."""
        events = self.store.events(study_id, limit=100_000)
        return [event.data["index"] for event in events if event.type == "trial"]
