"""Keeps a cluster up: starts it again when it is lost, and notices when it is lost again and again."""

from __future__ import annotations

import time

import structlog

from grokscale.studies.runner.cluster import Cluster
from grokscale.studies.runner.streak import Streak

log = structlog.stdlib.get_logger("grokscale.studies.runner")

RESTART_SECONDS = 10.0
LASTING_SECONDS = 30.0
"""A cluster that has been up for so long may be given studies, whatever happened before."""


class Keeper:
    """Starts a cluster, and starts it again.

    Args:
        cluster: to be kept.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._streak = Streak("its Ray cluster ends again and again")
        self._start_at = 0.0
        self._up_since: float | None = None
        self._said: str | None = None
        self._unable: str | None = None

    @property
    def trouble(self) -> str | None:
        """Why no study can be given to it; None: it is up, or starts."""
        return self._cluster.trouble or self._unable or self._streak.trouble

    def lost(self) -> str | None:
        """Return why the cluster was lost, from its loss until `bury` is called; None: it is not lost."""
        now = time.monotonic()
        if not self._cluster.alive:
            return (self._cluster.trouble or "the runner's Ray cluster has ended") if self._cluster.started else None
        if self._cluster.address is not None:
            self._said = None
            self._up_since = now if self._up_since is None else self._up_since
            if now - self._up_since >= LASTING_SECONDS:
                self._streak.lasted()
        return None

    def bury(self, reason: str) -> None:
        """Clear away a lost cluster; `mind` then starts it again when it is time."""
        if self._up_since is not None:
            self._streak.ended(reason)
        # one that was up has been killed; one that never was would most likely not come up now either
        wait = 0.0 if self._up_since is not None else RESTART_SECONDS
        if reason != self._said:
            log.error("the Ray cluster is lost", reason=reason, again_in_seconds=wait)
            self._said = reason
        self._cluster.stop()
        self._up_since = None
        self._start_at = time.monotonic() + wait

    def mind(self) -> None:
        """Start the cluster if it is down and it is time; see `Child` about the thread."""
        if self._cluster.started or time.monotonic() < self._start_at:
            return
        try:
            self._cluster.start()
            self._unable = None
        except OSError as error:  # no room on the disk, no process to be had
            self._unable = f"its Ray cluster cannot be started: {error}"
            self._start_at = time.monotonic() + RESTART_SECONDS
            log.error("the Ray cluster cannot be started", reason=str(error), again_in_seconds=RESTART_SECONDS)
