"""Readiness: the database and its schema decide. A server that starts a runner waits for its first heartbeat once."""

from __future__ import annotations

from collections.abc import Callable

from service.health.models import DatabaseHealth, Readiness, RunnerHealth
from studies.settings import Settings
from studies.store import DatabaseUnavailable, SchemaOutdated, Store


class Health:
    """What `/readyz` says.

    Args:
        own_runner: returns the process id of the runner that this server has started (None: it is being started
            again); no function: the server starts none.
    """

    def __init__(self, store: Store, settings: Settings, own_runner: Callable[[], int | None] | None = None) -> None:
        self._store = store
        self._silence = settings.lease_seconds
        self._own_runner = own_runner
        self._heard = own_runner is None

    def readiness(self) -> Readiness:
        """Ask the database."""
        try:
            schema = self._store.schema()
            if schema.current != schema.head:
                reason = f"the database is at schema revision {schema.current}, this program needs {schema.head}"
                return self._unready(
                    reason, DatabaseHealth(reachable=True, revision=schema.current, needed=schema.head)
                )
            runner = self._runner()
        except (DatabaseUnavailable, SchemaOutdated):
            return self._unready(
                "the database does not answer", DatabaseHealth(reachable=False, revision=None, needed=None)
            )
        reason = None if self._heard else "the runner has not been heard of yet"
        return Readiness(
            status="ready" if self._heard else "unready",
            reason=reason,
            database=DatabaseHealth(reachable=True, revision=schema.current, needed=schema.head),
            runner=runner,
        )

    def _runner(self) -> RunnerHealth:
        runners = self._store.runners()
        if not self._heard and self._own_runner is not None:
            self._heard = self._own_runner() in {runner.pid for runner in runners if runner.embedded}
        alive = sum(runner.age_seconds <= self._silence for runner in runners)
        age = min((runner.age_seconds for runner in runners), default=None)
        state = "alive" if alive else "silent" if runners else "none"
        return RunnerHealth(state=state if self._heard else "starting", alive=alive, heartbeat_age_seconds=age)

    def _unready(self, reason: str, database: DatabaseHealth) -> Readiness:
        runner = RunnerHealth(state="none", alive=0, heartbeat_age_seconds=None)
        return Readiness(status="unready", reason=reason, database=database, runner=runner)
