"""Readiness: the database and its schema decide, and where studies are to be run, a runner that can run them."""

from __future__ import annotations

import time

from service.health.models import DatabaseHealth, Readiness, RunnerHealth
from studies.settings import Settings
from studies.store import DatabaseUnavailable, RunnerRecord, SchemaOutdated, Store


class Health:
    """What `/readyz` says.

    Args:
        store: the database.
        settings: of the server.
        expects_runner: whether a runner belongs to it: its own, or any other of the same database.
    """

    def __init__(self, store: Store, settings: Settings, *, expects_runner: bool = False) -> None:
        self._store = store
        self._silence = settings.lease_seconds
        self._expects_runner = expects_runner
        self._began = time.monotonic()

    def readiness(self) -> Readiness:
        """Ask the database."""
        try:
            schema = self._store.schema()
            if schema.current != schema.head:
                reason = f"the database is at schema revision {schema.current}, this program needs {schema.head}"
                return _unready(reason, DatabaseHealth(reachable=True, revision=schema.current, needed=schema.head))
            runners = self._store.runners()
        except (DatabaseUnavailable, SchemaOutdated):
            return _unready("the database does not answer", DatabaseHealth(reachable=False, revision=None, needed=None))
        runner = self._runner(runners)
        reason = self._reason(runner) if self._expects_runner else None
        return Readiness(
            status="unready" if reason else "ready",
            reason=reason,
            database=DatabaseHealth(reachable=True, revision=schema.current, needed=schema.head),
            runner=runner,
        )

    def _runner(self, runners: list[RunnerRecord]) -> RunnerHealth:
        # a runner of a service before this one may have died with it a moment ago
        since = min(self._silence, time.monotonic() - self._began) if self._expects_runner else self._silence
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


def _unready(reason: str, database: DatabaseHealth) -> Readiness:
    runner = RunnerHealth(state="none", alive=0, heartbeat_age_seconds=None, trouble=None)
    return Readiness(status="unready", reason=reason, database=database, runner=runner)
