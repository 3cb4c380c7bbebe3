"""A process of `stopping_child` that has reached its seam."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

CHILD = Path(__file__).parent / "stopping_child.py"


@contextmanager
def stopped_child(url: str, *arguments: str) -> Generator[None]:
    """A child that has reached its seam; killed on the way out."""
    child = subprocess.Popen([sys.executable, str(CHILD), url, *arguments], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    try:
        assert child.stdout.readline() == "stopped\n"
        yield
    finally:
        child.kill()
        child.wait(30)
        child.stdout.close()
