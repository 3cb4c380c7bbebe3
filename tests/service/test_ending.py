"""SIGTERM ends a server within ten seconds, whatever its threads and processes do."""

from __future__ import annotations

import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from grokscale.studies.store import Lease
from tests.service.test_cli import SECONDS, Served

END_SECONDS = 10.0
STUDY = b'{"name":"a","task":{"kind":"synthetic"},"regularizer":{"kind":"l1","beta":1e-4},' + (
    b'"optimizer":{"kind":"proximal","alpha":0.1},"seeds":1}'
)

pytestmark = pytest.mark.slow


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Callable[[], Served]]:
    """Starts `grokscale serve --no-runner` over the database of the test."""
    running: list[Served] = []

    def start() -> Served:
        (tmp_path / "data").mkdir()
        with sqlite3.connect(tmp_path / "grokscale.db") as old, sqlite3.connect(tmp_path / "data/grokscale.db") as new:
            old.backup(new)  # a copy of the file would lack what is in its log
        served = Served(tmp_path / "data", "--no-runner")
        running.append(served)
        assert served.output.readline().startswith("ready")
        return served

    yield start
    for served in running:
        served.process.kill()
        served.process.wait()


def until(condition: Callable[[], bool], seconds: float = SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def posted(served: Served, path: str, body: bytes) -> socket.socket:
    """Return a connection on which a request was sent whose answer nobody waits for."""
    host, port = served.url.removeprefix("http://").split(":")
    made = socket.create_connection((host, int(port)))
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(body)}\r\n\r\n"
    made.sendall(head.encode() + body)
    return made


def ends(served: Served) -> bool:
    served.process.send_signal(signal.SIGTERM)
    try:
        served.process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return True


def busy(served: Served) -> list[psutil.Process]:
    """The processes that fit and have computed for longer than it takes to import what they need, once one has."""

    def fitting() -> list[psutil.Process]:
        return [one for one in served.family() if "grokscale.service.work.program" in " ".join(one.cmdline())]

    before = {one.pid: one.cpu_times().user for one in fitting()}

    def computing() -> list[psutil.Process]:
        return [one for one in fitting() if one.cpu_times().user > before.get(one.pid, 0) + 4]

    # a process that fits comes last on a busy machine
    until(lambda: bool(computing()), 4 * SECONDS)
    return computing()


def test_sigterm_ends_a_server_in_the_middle_of_a_fit(
    served: Callable[[], Served], submit: Callable[..., str], run: Callable[..., Lease]
) -> None:
    study_id = submit(seeds=8, optimizer={"kind": "proximal", "alpha": [0.01, 0.02, 0.05, 0.1]})
    run()
    running = served()
    with posted(running, f"/v1/studies/{study_id}/fits", b'{"break_samples": 999}'):
        fitting = busy(running)
        assert ends(running)
    psutil.wait_procs(fitting, timeout=SECONDS)
    assert not any(one.is_running() for one in fitting)


def test_a_fit_ends_when_its_client_leaves(
    served: Callable[[], Served], submit: Callable[..., str], run: Callable[..., Lease]
) -> None:
    study_id = submit(seeds=8, optimizer={"kind": "proximal", "alpha": [0.01, 0.02, 0.05, 0.1]})
    run()
    running = served()
    with posted(running, f"/v1/studies/{study_id}/fits", b'{"break_samples": 999}'):
        (fitting,) = busy(running)
    psutil.wait_procs([fitting], timeout=SECONDS)
    assert not fitting.is_running()


def test_sigterm_ends_a_server_whose_threads_wait_for_a_lock(
    served: Callable[[], Served], migrated: Path, settings: object
) -> None:
    running = served()
    with sqlite3.connect(running.data_dir / "grokscale.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = [posted(running, "/v1/studies", STUDY) for _ in range(5)]
        until(lambda: running.status() == 200)
        assert ends(running)
        for one in waiting:
            one.close()
