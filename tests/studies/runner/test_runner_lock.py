"""One runner a data directory."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

from grokscale.studies.runner.lock import NAME, only_runner
from tests.studies.runner.bench import wait_until

HOLD = """
import sys, threading
from pathlib import Path
from grokscale.studies.runner.lock import only_runner
with only_runner(Path(sys.argv[1]), {"runner": "the first"}, threading.Event()):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(directory: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HOLD, str(directory)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_first_holder_finds_no_note(tmp_path: Path) -> None:
    with only_runner(tmp_path / "new", {}, threading.Event()) as former:
        assert former == {}


def test_a_holder_that_is_killed_gives_the_lock_to_the_next_with_its_note(tmp_path: Path) -> None:
    first = holder(tmp_path)
    first.send_signal(signal.SIGKILL)
    first.wait()
    with only_runner(tmp_path, {"runner": "the second"}, threading.Event()) as former:
        assert former == {"runner": "the first"}


def test_a_second_runner_waits_until_the_first_has_ended(tmp_path: Path) -> None:
    first = holder(tmp_path)
    got: list[object] = []

    def second() -> None:
        with only_runner(tmp_path, {}, threading.Event()) as former:
            got.append(former)

    waiting = threading.Thread(target=second)
    waiting.start()
    waiting.join(0.5)
    assert not got
    first.communicate("")
    wait_until(lambda: got == [{"runner": "the first"}], 10, "the second gets the lock")
    waiting.join()


def test_a_runner_that_waits_can_be_asked_to_end(tmp_path: Path) -> None:
    first = holder(tmp_path)
    stop = threading.Event()
    stop.set()
    with only_runner(tmp_path, {}, stop) as former:
        assert former is None
    first.communicate("")


def test_a_note_that_was_torn_is_no_note(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text('{"runner": "the fi')
    with only_runner(tmp_path, {}, threading.Event()) as former:
        assert former == {}
