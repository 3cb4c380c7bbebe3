"""`grokscale runner` in a process of its own, and ways to end it and what it started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.studies.runner.bench import LOOK_SECONDS, Bench, processes

GONE_SECONDS = 30.0
"""Ray's servers end in order, each within some seconds: a bound that also a busy machine keeps."""


class RunnerProcess:
    """The command as a user starts it, over the store of a bench that runs nothing itself."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        settings = bench.settings
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GROKSCALE_")}
        given = {"DATA_DIR": str(settings.data_dir), "CPUS": "2", "LEASE_SECONDS": "600", "TEST_TASKS": "1"}
        if settings.database_url:
            given["DATABASE_URL"] = settings.url
        self._environment = kept | {f"GROKSCALE_{name}": value for name, value in given.items()}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> RunnerProcess:
        with open(self.bench.settings.data_dir / "runner.log", "ab") as log:
            command = [sys.executable, "-P", "-m", "grokscale.service.cli", "runner"]
            self._process = subprocess.Popen(command, env=self._environment, stderr=log)
        return self

    def kill(self) -> None:
        """Kill -9."""
        self._send(signal.SIGKILL)

    def end(self) -> int:
        """Ask it to end, as a service manager does; return its exit code."""
        return self._send(signal.SIGTERM)

    def _send(self, number: signal.Signals) -> int:
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(60)

    def wait_until_nothing_is_left(self) -> None:
        """Those who are left are named when the deadline passes."""
        deadline = time.monotonic() + GONE_SECONDS
        while left := self.left():
            assert time.monotonic() < deadline, f"outlive the runner by {GONE_SECONDS:g} s: {left}"
            time.sleep(LOOK_SECONDS)

    def left(self) -> dict[int, str]:
        """The commands of drivers, Ray's servers and workers by process id."""
        return processes(Path(self.bench.settings.data_dir))

    def processes(self, kind: str = "") -> list[int]:
        """Process ids of those whose command has this in it."""
        return [pid for pid, command in self.left().items() if kind in command]

    def kill_all(self, kind: str) -> list[int]:
        """Kill -9 of every process of a kind; there must be one."""
        pids = self.processes(kind)
        assert pids, f"no {kind} among {self.left()}"
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        return pids
