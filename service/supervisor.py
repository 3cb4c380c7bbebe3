"""Keeps an embedded runner alive beside the server: starts it as a child process, and again whenever it ends."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

import structlog

from grokscale.studies.settings import PREFIX, SECRETS, Settings, ours

RUNNER = (sys.executable, "-P", "-m", "grokscale.service.cli", "runner", "--embedded")
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
"""Seconds before a runner that ended is started again. They double each time, until a runner has run for a minute."""
STEADY_SECONDS = 60.0
STOP_SECONDS = 8.0
"""How long a runner may take to end its drivers and Ray before it is killed, and they with it."""
LOOK_SECONDS = 0.1

log = structlog.stdlib.get_logger("grokscale.service.supervisor")


class Supervisor:
    """Runs one runner process after another, until asked to end.

    One thread starts all of them and lives until the last has ended: Linux sends the parent-death signal when the
    thread that forked ends, not when the process does. The child also reads end of file on its standard input when
    this process ends, for whatever reason.

    Args:
        settings: passed on by the environment, which contains the secrets already.
        command: the command of the runner.
    """

    def __init__(self, settings: Settings, command: Sequence[str] = RUNNER) -> None:
        self._command = command
        self._environment = environment(settings)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="supervisor")
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the runner; None while there is none."""
        child = self._child
        return child.pid if child else None

    def start(self) -> None:
        """Start the runner and watch it."""
        self._thread.start()

    def end(self) -> None:
        """Ask the runner to end; return at once."""
        self._stop.set()

    def join(self) -> None:
        """Return when the runner and all that it started have ended; at once if none was started."""
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        wait = FIRST_WAIT
        while not self._stop.is_set():
            began = time.monotonic()
            code = self._run_once()
            if self._stop.is_set():
                return
            if time.monotonic() - began > STEADY_SECONDS:
                wait = FIRST_WAIT
            log.error("runner ended", code=code, again_in_seconds=wait)
            self._stop.wait(wait)
            wait = min(2 * wait, LONGEST_WAIT)

    def _run_once(self) -> int:
        """Start a runner; return its exit code when it has ended, by itself or because it was asked to."""
        # a session of its own: Ctrl-C on the terminal comes to the server alone, which then ends the runner in order
        child = subprocess.Popen(self._command, env=self._environment, stdin=subprocess.PIPE, start_new_session=True)
        self._child = child
        log.info("runner started", pid=child.pid)
        try:
            while (code := child.poll()) is None and not self._stop.wait(LOOK_SECONDS):
                pass
            return self._end(child) if code is None else code
        finally:
            self._child = None
            assert child.stdin is not None
            child.stdin.close()

    def _end(self, child: subprocess.Popen[bytes]) -> int:
        child.terminate()
        try:
            return child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            log.error("runner killed", pid=child.pid, after_seconds=STOP_SECONDS)
            child.kill()
            return child.wait()


def environment(settings: Settings) -> dict[str, str]:
    """Return the environment of a runner: the present settings and, of the secrets, only the database's URL."""
    database = {f"{PREFIX}DATABASE_URL", f"{PREFIX}DATABASE_URL_FILE"}
    kept = {name: value for name, value in os.environ.items() if not ours(name) or name.upper() in database}
    values = settings.model_dump(mode="json", exclude={name.lower() for name in SECRETS})
    return kept | {f"{PREFIX}{name.upper()}": str(value) for name, value in values.items() if value is not None}
