"""A real service in a process of its own, with a data directory of its own, for as long as it is needed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from studies.settings import PREFIX

READY_SECONDS = 180.0
STOP_SECONDS = 60.0


@contextmanager
def service() -> Iterator[str]:
    """Start `grokscale serve` and yield its address once it is ready."""
    command = [sys.executable, "-m", "service.cli", "serve", "--port", "0", "--until-eof"]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    with tempfile.TemporaryDirectory() as folder, open(Path(folder) / "serve.log", "w") as log:
        # trials that take a stated time are for tests alone
        environment = inherited | {f"{PREFIX}DATA_DIR": folder, f"{PREFIX}TEST_TASKS": "1"}
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=environment, text=True
        ) as child:
            try:
                yield _ready(child)
            except Exception:
                sys.stderr.write(Path(log.name).read_text())
                raise
            finally:
                _stop(child)


def _ready(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    found = re.search(r"http://\S+:\d+", child.stdout.readline())
    if found is None:
        raise RuntimeError("the service did not start")
    deadline = time.monotonic() + READY_SECONDS
    while not _answers(found[0]):
        if child.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("the service did not become ready")
        time.sleep(0.2)
    return found[0]


def _answers(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/readyz", trust_env=False).status_code == 200
    except httpx2.TransportError:
        return False


def _stop(child: subprocess.Popen[str]) -> None:
    child.terminate()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
