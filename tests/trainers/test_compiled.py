"""Machine code is made anew when a compiled module that it calls into changes, and only then."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.trainers.copies import copied

TWICE = ("return int(gap / rate * _STRICT)", "return 2 * int(gap / rate * _STRICT)")
CALLER = """
import numpy as np
from grokscale.trainers.tasks.sparse_recovery.fast_forward.looks import first_within
from grokscale.trainers.tasks.sparse_recovery.fast_forward.modes import Affine, Factors
row, none = Affine(np.array([8.0]), np.array([-1.0]), np.zeros((1, 1))), Factors(np.zeros(1), np.ones(1))
found = first_within(row, none, (1.0, np.zeros(1)), 1.0, (0.0, 0.5), 0, 1, 100)
print(found, sum(first_within.stats.cache_hits.values()))
"""


def ended_at(directory: Path) -> tuple[int, int]:
    """Return when a row first lies in a band, by a copy of the package, and how often it came from the cache."""
    done = subprocess.run(
        [sys.executable, "-c", CALLER], cwd=directory, capture_output=True, text=True, check=True, timeout=120
    )
    event, hits = done.stdout.split()
    return int(event), int(hits)


def test_a_change_in_a_called_module_reaches_its_callers(tmp_path: Path) -> None:
    package = copied(tmp_path)
    assert ended_at(tmp_path) == (8, 0)
    assert ended_at(tmp_path) == (8, 1)
    called = package / "tasks" / "sparse_recovery" / "fast_forward" / "modes.py"
    before = called.read_text()
    assert TWICE[0] in before
    called.write_text(before.replace(*TWICE))
    event, hits = ended_at(tmp_path)
    assert hits == 0
    assert event > 8, "a bound twice as long steps over it"
