"""The runner's compilers: as many as find something to do, gone when they have done it, and with the runner."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from grokscale.studies.runner.compilers import SIDE_BY_SIDE, Compilers
from grokscale.trainers.preparing import prepare
from grokscale.trainers.tasks.registry import kernels
from tests.studies.runner.bench import wait_until

RUNNER = """
import time
from grokscale.studies import logs
from grokscale.studies.runner.compilers import Compilers
logs.configure("error")
compilers = Compilers()
compilers.start(None)
while len(compilers.pids) < 2:
    compilers.mind()
    time.sleep(0.05)
print(*compilers.pids, flush=True)
time.sleep(600)
"""


@pytest.fixture
def nothing_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has compiled nothing yet, as children see it."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))


def minded(compilers: Compilers, count: int) -> bool:
    compilers.mind()
    return len(compilers.pids) == count


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.usefixtures("nothing_kept")
def test_where_nothing_is_compiled_they_share_the_work_and_end_when_told() -> None:
    compilers = Compilers()
    compilers.start(None)
    count = min(SIDE_BY_SIDE, os.cpu_count() or 1)
    wait_until(lambda: minded(compilers, count), 60, "each has a compiler beside it")
    pids = compilers.pids
    assert all(os.getpriority(os.PRIO_PROCESS, pid) > 0 for pid in pids[:1]), "what runs goes first"
    compilers.end()
    assert not any(map(alive, pids))
    assert not compilers.busy


def test_where_everything_is_compiled_one_looks_and_ends() -> None:
    prepare(kernels())
    compilers = Compilers()
    compilers.start(None)
    seen = len(compilers.pids)
    wait_until(lambda: minded(compilers, 0), 60, "it has ended")
    assert seen == 1


@pytest.mark.skipif((os.cpu_count() or 1) < SIDE_BY_SIDE, reason="one core, one compiler")
@pytest.mark.usefixtures("nothing_kept")
def test_they_end_with_a_runner_that_is_killed() -> None:
    runner = subprocess.Popen([sys.executable, "-c", RUNNER], stdout=subprocess.PIPE, text=True)
    assert runner.stdout is not None
    pids = [int(word) for word in runner.stdout.readline().split()]
    assert all(map(alive, pids))
    runner.send_signal(signal.SIGKILL)
    runner.wait()
    wait_until(lambda: not any(map(alive, pids)), 5, "its compilers are gone")
