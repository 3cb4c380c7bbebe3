"""The drivers that a runner starts: one per study, and one in reserve that has finished its imports."""

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
"""Between the start of a driver and that of the next reserve: the study that is starting has better use for the
CPUs."""
AGAIN_SECONDS = 1.0
"""Before another one is started after one that ended before it could begin, while that may be chance."""


class Drivers:
    """Starts drivers; see `Child` about the thread.

    A driver that ends without having sent a message ended before it could begin, which is no fault of its study.

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
        """Return a driver that waits for its job; None: the machine cannot start a process."""
        child = self._spare or self._start()
        self._spare = None
        self.put_off()
        return child

    def put_off(self) -> None:
        """Delay the start of the next reserve: something else has to start first."""
        self._spare_at = time.monotonic() + SPARE_SECONDS

    def mind(self) -> None:
        """Read the messages of drivers that are starting, and keep one in reserve, with which a study starts two
        seconds earlier.
        """
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
        """End a driver at once; this does not count as a failed start."""
        if child in self._starting:
            self._starting.remove(child)
        child.kill()

    def end(self) -> None:
        """End the reserve."""
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
