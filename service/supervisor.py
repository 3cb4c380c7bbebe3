"""Keeps one embedded runner alive beside the server: starts it as a child, starts it again when it ends."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import structlog

from studies.settings import PREFIX, SECRETS, Settings

FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
"""Seconds before a runner that ended is started again; doubled each time, forgotten once one has run for a minute."""
STEADY_SECONDS = 60.0
STOP_SECONDS = 30.0
"""How long a runner may take to end its studies' drivers and Ray before it is killed."""

log = structlog.stdlib.get_logger("service.supervisor")


class Supervisor:
    """One runner process, for as long as this object's thread lives.

    The thread that starts the child lives until the child has ended: Linux sends the parent-death signal when the
    thread that forked ends, not the process.
    """

    def __init__(self, settings: Settings) -> None:
        self._command = [sys.executable, "-m", "service.cli", "runner", "--embedded"]
        self._environment = {**os.environ, **environment(settings)}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="supervisor")
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the runner; None while there is none."""
        return self._child.pid if self._child else None

    def start(self) -> None:
        """Start the runner and watch it."""
        self._thread.start()

    def end(self) -> None:
        """Ask the runner to end; return at once. Safe in a signal handler."""
        self._stop.set()

    def join(self) -> None:
        """Return when the runner and all that it started are gone."""
        self._thread.join()

    def _run(self) -> None:
        wait = FIRST_WAIT
        while not self._stop.is_set():
            began = time.monotonic()
            code = self._run_once()
            if self._stop.is_set():
                return
            wait = FIRST_WAIT if time.monotonic() - began > STEADY_SECONDS else wait
            log.error("runner ended", code=code, again_in_seconds=wait)
            self._stop.wait(wait)
            wait = min(2 * wait, LONGEST_WAIT)

    def _run_once(self) -> int:
        """Start a runner; return its exit code when it has ended, of itself or because it was asked to."""
        # a session of its own: Ctrl-C on the terminal comes to the server alone, which then ends the runner in order
        child = subprocess.Popen(self._command, env=self._environment, stdin=subprocess.DEVNULL, start_new_session=True)
        self._child = child
        log.info("runner started", pid=child.pid)
        try:
            while child.poll() is None and not self._stop.wait(0.1):
                pass
            return child.poll() or self._end(child)
        finally:
            self._child = None

    def _end(self, child: subprocess.Popen[bytes]) -> int:
        child.terminate()
        try:
            return child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            log.error("runner killed", pid=child.pid, after_seconds=STOP_SECONDS)
            child.kill()
            return child.wait()


def environment(settings: Settings) -> dict[str, str]:
    """Return the settings in force as environment variables, secrets excepted: the child inherits those."""
    values = settings.model_dump(mode="json", exclude={name.lower() for name in SECRETS})
    return {f"{PREFIX}{name.upper()}": str(value) for name, value in values.items() if value is not None}
