"""A real service in a process of its own: what a user starts, started the way a user starts it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from grokscale.service.client import Client

START_SECONDS = 120
"""A bound that also a busy machine keeps."""
STOP_SECONDS = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Poll until the condition holds; fail the test by name when the deadline passes."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds:g} s: {what}")
        time.sleep(0.05)


class Service:
    """`grokscale serve` as a child process on a free port, with a data directory of its own."""

    def __init__(self, data_dir: Path, umask: int = -1, **environment: str) -> None:
        self.data_dir = data_dir
        self.umask = umask
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("GROKSCALE_")} | environment
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Service:
        data_dir = str(self.data_dir)
        command = [
            sys.executable,
            "-m",
            "grokscale.service.cli",
            "serve",
            "--port",
            str(self.port),
            "--data-dir",
            data_dir,
        ]
        log = open(self.data_dir.parent / "serve.log", "ab")  # noqa: SIM115  the child's for its whole life
        self.process = subprocess.Popen(command, stdout=log, stderr=log, env=self.environment, umask=self.umask)
        try:
            wait_until(self.ready, START_SECONDS, "/readyz answers 200")
        except BaseException:  # a test that fails, or is interrupted
            self.kill()
            raise
        return self

    def ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, "grokscale serve ended: see serve.log"
        try:
            return httpx2.get(f"{self.url}/readyz").status_code == 200
        except httpx2.TransportError:
            return False

    def ray_directory(self) -> Path:
        """The folder that the runner names for the next one to clear."""
        return Path(json.loads((self.data_dir / "runner.lock").read_text())["ray"])

    def client(self) -> Client:
        return Client(self.url)

    def stop(self) -> int:
        """End it as a user would (SIGTERM) and return its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(STOP_SECONDS)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    running = Service(tmp_path_factory.mktemp("service") / "data").start()
    yield running
    assert running.stop() == 0
