"""The event that a signal handler sets, in a process of its own: a deadlock there is one of the process."""

from __future__ import annotations

import subprocess
import sys
import time

from grokscale.studies.bell import Bell

STORM = """
import os, signal, threading
from grokscale.studies.bell import Bell

bell = Bell()
signal.signal(signal.SIGTERM, lambda *_: bell.set())

def storm():
    for _ in range(20_000):
        os.kill(os.getpid(), signal.SIGTERM)

sender = threading.Thread(target=storm)
sender.start()
while sender.is_alive():
    bell.wait(0.001)
    bell.set()
print(bell.is_set())
"""


def test_a_storm_of_signals_stops_nobody() -> None:
    """With `threading.Event` in its place this hangs."""
    done = subprocess.run([sys.executable, "-c", STORM], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "True\n"


def test_it_is_waited_for_and_stays_set() -> None:
    bell = Bell()
    begun = time.monotonic()
    assert not bell.wait(0.05)
    assert time.monotonic() - begun >= 0.05
    assert not bell.is_set()
    bell.set()
    assert bell.wait(60)
    assert bell.is_set()
    assert bell.wait(0)
