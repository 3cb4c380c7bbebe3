"""Standard input as the sign that the process at its other end lives."""

from __future__ import annotations

import os
import sys


def wait_for_end_of_input() -> None:
    """Return when standard input ends: its writer has closed it, or is gone."""
    # not by the buffered reader: a thread that sits in it keeps the interpreter from ending in order
    while os.read(sys.stdin.fileno(), 4096):
        pass
