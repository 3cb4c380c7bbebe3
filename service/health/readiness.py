"""Readiness depends on the database and its schema and, if studies are to be run, on a runner that can run them.

A thread of its own checks it at intervals, by writing: nothing else reveals a read-only database, a full disk, or a
lock that is never released. A request gets the last result and its age, and waits for nothing.
"""

from __future__ import annotations

import errno
import os
import tempfile
import threading
import time
from pathlib import Path

import structlog

from grokscale.service.health.models import DatabaseHealth, Readiness, RunnerHealth, TaskTrouble
from grokscale.studies.settings import Settings
from grokscale.studies.store import DatabaseUnavailable, RunnerRecord, SchemaOutdated, Store, StoreError
from grokscale.studies.store.engine import BUSY_SECONDS
from grokscale.trainers.tasks.registry import known

READY_SECONDS, UNREADY_SECONDS = 5.0, 0.5
"""Seconds between two checks; each is a commit and three small files."""
SILENT_SECONDS = BUSY_SECONDS + 30
"""A check that takes longer than a lock may be held is not just waiting for one."""
FULL = 64 * 1024
"""Bytes that must fit on the disk."""

log = structlog.stdlib.get_logger("grokscale.service.health")


class Health:
    """What `/readyz` reports.

    Args:
        store: the database.
        settings: of the server.
        expects_runner: whether the server needs a runner, its own or any other on the same database.
    """

    def __init__(self, store: Store, settings: Settings, *, expects_runner: bool = False) -> None:
        self._store = store
        self._silence = settings.lease_seconds
        self._folders = {"DATA_DIR": settings.data_dir, "CHECKPOINT_DIR": settings.checkpoint_dir}
        self._expects_runner = expects_runner
        self._began = time.monotonic()
        self._looked: float | None = None
        self._found = _unready("the database has not been looked at yet", _unreached())
        self._ended = threading.Event()
        self._known = threading.Event()

    def start(self) -> None:
        """Check at intervals from now on."""
        # a daemon: it may wait for a lock when the server has to end
        threading.Thread(target=self._run, daemon=True, name="health").start()

    def known_within(self, seconds: float) -> bool:
        """Wait for the first check; return whether it is done."""
        return self._known.wait(seconds)

    def stop(self) -> None:
        """Stop checking."""
        self._ended.set()

    def readiness(self) -> Readiness:
        """Return the last result, without waiting for anything."""
        looked = self._looked
        age = time.monotonic() - (self._began if looked is None else looked)
        if age > SILENT_SECONDS:
            return _unready(f"the database has not answered for {age:.0f} s", _unreached(), age)
        told = [TaskTrouble(source=one.source, reason=one.reason) for one in known().troubles]
        age_seconds = None if looked is None else round(age, 3)
        return self._found.model_copy(update={"age_seconds": age_seconds, "tasks": told})

    def look(self) -> None:
        """Check now, which takes as long as the database needs."""
        self._take(self._look())

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self.look()
            except Exception:
                log.exception("health not found out")
                self._take(_unready("the database could not be looked at; the server's log says why", _unreached()))
            ready = self._found.status == "ready"
            self._ended.wait(min(READY_SECONDS, self._silence / 3) if ready else UNREADY_SECONDS)

    def _take(self, found: Readiness) -> None:
        self._found, self._looked = found, time.monotonic()
        self._known.set()

    def _look(self) -> Readiness:
        try:
            schema = self._store.schema()
        except (DatabaseUnavailable, SchemaOutdated) as error:
            return _unready(_unanswered(error), _unreached())
        database = DatabaseHealth(reachable=True, revision=schema.current, needed=schema.head)
        if schema.current != schema.head:
            reason = f"the database is at schema revision {schema.current}, this program needs {schema.head}"
            return _unready(reason, database)
        try:
            self._store.probe()
            lasted = time.monotonic() - self._began  # before their ages are told, which go on growing
            runners = self._store.runners()
        except StoreError as error:
            return _unready(_unanswered(error), database)
        runner = self._runner(runners, lasted)
        reason = self._full_disk() or (self._reason(runner) if self._expects_runner else None)
        return Readiness(
            status="unready" if reason else "ready",
            reason=reason,
            age_seconds=0.0,
            database=database,
            runner=runner,
        )

    def _full_disk(self) -> str | None:
        """Return the folder that has no room left; one that cannot be written for another reason is not reported
        here.
        """
        for name, folder in self._folders.items():
            try:
                _write_in(folder)
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    return f"the disk of {name} is full"
        return None

    def _runner(self, runners: list[RunnerRecord], lasted: float) -> RunnerHealth:
        # a runner of a service before this one may have died with it a moment ago
        since = min(self._silence, lasted) if self._expects_runner else self._silence
        alive = [runner for runner in runners if runner.heard_within(since)]
        troubles = [runner.news.trouble for runner in alive]
        age = min((runner.age_seconds for runner in runners), default=None)
        state = "alive" if alive else "silent" if runners else "none"
        if self._expects_runner and not alive and since < self._silence:
            state = "starting"
        return RunnerHealth(
            state=state,
            alive=len(alive),
            heartbeat_age_seconds=age,
            trouble=troubles[0] if troubles and all(troubles) else None,
        )

    def _reason(self, runner: RunnerHealth) -> str | None:
        if runner.state == "alive":
            return f"the runner takes no study: {runner.trouble}" if runner.trouble else None
        if runner.state == "starting":
            return "no runner has been heard of yet"
        return f"no runner has been heard of for {self._silence:g} s"


def _write_in(folder: Path | None) -> None:
    if folder is None or not folder.is_dir():
        return
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(bytes(FULL))
        file.flush()
        os.fsync(file.fileno())


def _unanswered(error: StoreError) -> str:
    cause = error.cause if isinstance(error, DatabaseUnavailable) else None
    if cause == "full":
        return "the database takes no writes: its disk is full"
    if cause == "locked":
        return f"the database takes no writes: it has been locked for {BUSY_SECONDS:g} s"
    return "the database does not answer"


def _unreached() -> DatabaseHealth:
    return DatabaseHealth(reachable=False, revision=None, needed=None)


def _unready(reason: str, database: DatabaseHealth, age: float | None = None) -> Readiness:
    runner = RunnerHealth(state="none", alive=0, heartbeat_age_seconds=None, trouble=None)
    return Readiness(status="unready", reason=reason, age_seconds=age, database=database, runner=runner)
