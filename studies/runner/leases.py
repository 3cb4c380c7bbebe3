"""Signs of life, in a thread of their own: the runner's heartbeat and the leases of its studies."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from grokscale.studies.store import Lease, LeaseLost, RunnerInfo, RunnerNews, Store, StoreError

log = structlog.stdlib.get_logger("grokscale.studies.runner")

AGAIN_SECONDS = 1.0
"""Between two tries while the database is away: another runner counts a lease's silence from the moment that it is
back."""


class Leases:
    """Renews every lease that it holds, three times within the lease's duration.

    A renewal that fails because the database is away is tried again: a lease is good until somebody else takes the
    study.

    Args:
        store: written to.
        runner: whose leases they are.
        seconds: duration of a lease.
        news: returns what the runner reports with each heartbeat.
    """

    def __init__(
        self, store: Store, runner: RunnerInfo, seconds: float, news: Callable[[], RunnerNews] = RunnerNews
    ) -> None:
        self._store, self._runner, self._seconds, self._news = store, runner, seconds, news
        self._said = news()
        self._held: dict[str, Lease] = {}
        self._lost: set[tuple[str, int]] = set()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="leases", daemon=True)

    def start(self) -> None:
        """Send the first heartbeat, then go on in a thread of its own.

        Raises:
            DatabaseUnavailable: the database does not answer.
        """
        self._heartbeat()
        self._thread.start()

    def tell(self) -> None:
        """Say at once what is new of the runner, where anything is."""
        if self._news() != self._said:
            self._heartbeat()

    def _heartbeat(self) -> None:
        said = self._news()
        self._store.heartbeat(self._runner, said)
        self._said = said

    def end(self) -> None:
        """Stop sending heartbeats and renewals."""
        self._ended.set()
        self._thread.join()

    def hold(self, lease: Lease) -> None:
        """Renew this lease from now on."""
        with self._lock:
            self._held[lease.study_id] = lease

    def drop(self, lease: Lease) -> None:
        """Stop renewing this lease."""
        with self._lock:
            self._held.pop(lease.study_id, None)

    def lost(self, lease: Lease) -> bool:
        """Return whether another holder has been found to have the study."""
        return (lease.study_id, lease.token) in self._lost

    def _run(self) -> None:
        regular, away = self._seconds / 3, False
        while not self._ended.wait(min(regular, AGAIN_SECONDS) if away else regular):
            try:
                self._renew()
                self._heartbeat()
                away = False
            except StoreError as error:
                if not away:
                    log.warning("no heartbeat", error=str(error))
                away = True

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
