"""Signs of life, in a thread of their own: the runner's heartbeat and the leases of its studies."""

from __future__ import annotations

import threading

import structlog

from studies.store import DatabaseUnavailable, Lease, LeaseLost, RunnerInfo, Store

log = structlog.stdlib.get_logger("studies.runner")


class Leases:
    """Renews every lease it is given, each third of the time that a lease is good for.

    A lease that could not be renewed because the database is away is tried again next time: until somebody takes the
    study, it is still good.
    """

    def __init__(self, store: Store, runner: RunnerInfo, seconds: float) -> None:
        self._store, self._runner, self._seconds = store, runner, seconds
        self._held: dict[str, Lease] = {}
        self._lost: set[tuple[str, int]] = set()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="leases", daemon=True)

    def start(self) -> None:
        """Send the first heartbeat, then go on beside everything else.

        Raises:
            DatabaseUnavailable: the database does not answer.
        """
        self._store.heartbeat(self._runner)
        self._thread.start()

    def end(self) -> None:
        """Send no more."""
        self._ended.set()
        self._thread.join()

    def hold(self, lease: Lease) -> None:
        """Renew this lease from now on."""
        with self._lock:
            self._held[lease.study_id] = lease

    def drop(self, lease: Lease) -> None:
        """Renew this lease no more."""
        with self._lock:
            self._held.pop(lease.study_id, None)

    def lost(self, lease: Lease) -> bool:
        """Return whether another holder has been found to have the study."""
        return (lease.study_id, lease.token) in self._lost

    def _run(self) -> None:
        while not self._ended.wait(self._seconds / 3):
            try:
                self._store.heartbeat(self._runner)
                self._renew()
            except DatabaseUnavailable as error:
                log.warning("no heartbeat", error=str(error))

    def _renew(self) -> None:
        with self._lock:
            held = list(self._held.values())
        for lease in held:
            try:
                self._store.renew(lease, self._seconds)
            except LeaseLost:
                log.warning("lease lost", study=lease.study_id, token=lease.token)
                self._lost.add((lease.study_id, lease.token))
                self.drop(lease)
