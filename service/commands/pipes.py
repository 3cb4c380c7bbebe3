"""Uses standard input as a sign that the process at its other end is alive."""

from __future__ import annotations

import os
import sys


def wait_for_end_of_input() -> None:
    """Return when standard input ends because its writer has closed it or has ended."""
    # not by the buffered reader: a thread that sits in it keeps the interpreter from ending in order
    while os.read(sys.stdin.fileno(), 4096):
        pass
