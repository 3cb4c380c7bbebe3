"""The runner's compilers: child processes that compile every kernel of this machine before a study needs it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import structlog

from grokscale.studies.runner import environment
from grokscale.studies.runner.child import Child
from grokscale.studies.runner.streak import Streak

log = structlog.stdlib.get_logger("grokscale.studies.runner")

COMPILER = (sys.executable, "-P", "-m", "grokscale.studies.runner.compiler")
SIDE_BY_SIDE = 2
"""With more of them they would wait for each other, see `trainers.preparing`."""
AGAIN_SECONDS, LATER_SECONDS = 1.0, 60.0
"""Before another one is started in place of one that was lost: while that may be chance, and once it is not."""


class Compilers:
    """Starts one compiler, which finds out what is missing, and others only where much is. See `Child` about the
    thread.

    A lost compiler is not replaced while others go on: whichever process needs a kernel then compiles it. If all are
    lost, another one is started: if compilers cannot compile, no worker can.

    Args:
        command: the program of one.
    """

    def __init__(self, command: Sequence[str] = COMPILER) -> None:
        self._command = command
        self._children: list[Child] = []
        self._found = False
        self._again_at: float | None = None
        self._streak = Streak("its compilers end before they are done")

    @property
    def trouble(self) -> str | None:
        """Why no study can be trained; None: as far as it is known, one can."""
        return self._streak.trouble

    def start(self, token: Path | None) -> None:
        """Start the first one, in the environment of the workers that will need the kernels: that of the cluster
        with this `token`.
        """
        self._environment = environment.of_ray(token)
        self._begin()

    def mind(self) -> None:
        """Start others to help the first one if it has found much to do; forget those that have ended."""
        missing = self._children[0].said.get("missing") if self._children else None
        if not self._found and missing is not None:
            self._found = True
            if missing:
                log.info("compiling kernels", missing=missing)
            for _ in range(min(SIDE_BY_SIDE, os.cpu_count() or 1, missing) - 1):
                self._begin()
        for child in list(self._children):
            if child.code is not None:
                self._children.remove(child)
                self._ended(child)
        if self._again_at is not None and not self._children and time.monotonic() >= self._again_at:
            self._again_at = None
            self._begin()

    def _ended(self, child: Child) -> None:
        if child.code == 0:
            self._again_at = None
            self._streak.lasted()
            return
        self._lost(child.last_words)

    def _lost(self, why: str) -> None:
        log.warning("compiler ended", reason=why)
        self._streak.ended(why)
        self._again_at = time.monotonic() + (AGAIN_SECONDS if self.trouble is None else LATER_SECONDS)

    @property
    def pids(self) -> list[int]:
        """Process ids of the compilers that lived at the last call of `mind`."""
        return [child.pid for child in self._children]

    @property
    def busy(self) -> bool:
        """Whether any of them is still at work."""
        return bool(self._children)

    def end(self) -> None:
        """End those that are still at work; the kernels that they have finished are kept."""
        for child in self._children:
            child.kill()
        self._children.clear()
        self._again_at = None

    def _begin(self) -> None:
        try:
            child = Child(self._command, self._environment, {"parent": os.getpid()}, overhear=True)
        except OSError as error:  # out of processes, descriptors or memory
            self._lost(str(error))
        else:
            self._children.append(child)
