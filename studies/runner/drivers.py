"""The drivers that a runner starts: one a study, and one at hand that has its imports behind it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence

import structlog

from grokscale.studies.runner import environment
from grokscale.studies.runner.child import Child
from grokscale.studies.runner.cluster import Cluster
from grokscale.studies.runner.streak import Streak

log = structlog.stdlib.get_logger("grokscale.studies.runner")

DRIVER = (sys.executable, "-P", "-m", "grokscale.studies.runner.driver")
SPARE_SECONDS = 10.0
"""After a driver was started, until the next one is at hand: the study that starts has better use for the CPUs."""
AGAIN_SECONDS = 1.0
"""Until another one is tried after one that ended before it could begin, while that may be chance."""


class Drivers:
    """Starts drivers; see `Child` about the thread.

    A driver that ends without a word has ended before it could begin, and says nothing against its study.

    Args:
        command: the program of one.
        cluster: that they connect to.
    """

    def __init__(self, command: Sequence[str], cluster: Cluster) -> None:
        self._command, self._cluster = command, cluster
        self._starting: list[Child] = []
        self._spare: Child | None = None
        self._spare_at = 0.0
        self._streak = Streak("its drivers end before they can begin")

    @property
    def trouble(self) -> str | None:
        """Why no study can be driven; None: as far as it is known, one can."""
        return self._streak.trouble

    def take(self) -> Child | None:
        """Return a driver that waits for its job; None: the machine starts no process."""
        child = self._spare or self._start()
        self._spare = None
        self.put_off()
        return child

    def put_off(self) -> None:
        """Have the next spare one wait: something else is to start first."""
        self._spare_at = time.monotonic() + SPARE_SECONDS

    def mind(self) -> None:
        """Hear those that start, and keep one at hand: a study starts, or goes on, two seconds earlier."""
        for child in list(self._starting):
            code = child.code
            if child.said:
                self._starting.remove(child)
                self._streak.lasted()
            elif code is not None:
                self._starting.remove(child)
                self._ended(child.last_words)
        if self._spare and self._spare.code is not None:
            self._spare = None
        # in trouble it is the spare one that shows whether drivers begin again
        if self._spare is None and time.monotonic() >= self._spare_at and self._cluster.alive:
            self._spare = self._start()
            self.put_off()

    def kill(self, child: Child) -> None:
        """End a driver at once: its end is no fault of its own."""
        if child in self._starting:
            self._starting.remove(child)
        child.kill()

    def end(self) -> None:
        """End the one at hand."""
        if self._spare:
            self.kill(self._spare)
            self._spare = None

    def _start(self) -> Child | None:
        command, surroundings = self._command, environment.of_driver(self._cluster.token)
        try:
            child = Child(command, surroundings, {"parent": os.getpid()}, overhear=True)
        except OSError as error:  # out of processes, descriptors, memory; or there is no such program
            self._ended(str(error))
            return None
        self._starting.append(child)
        return child

    def _ended(self, why: str) -> None:
        log.error("driver ended before it could begin", reason=why)
        self._streak.ended(why)
        if self._streak.trouble is None:
            self._spare_at = time.monotonic() + AGAIN_SECONDS
