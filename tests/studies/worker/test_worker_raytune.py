"""Ray Tune without what it imports and nobody here uses."""

from __future__ import annotations

import subprocess
import sys

LATER = """
import sys
from grokscale.studies.worker import raytune
assert not {"pandas", "ray.data"} & {*sys.modules}
import pandas
import ray.data
print(pandas.DataFrame({"a": [1, 2]}).a.sum(), ray.data.Dataset.__module__)
"""


def test_who_imports_what_was_left_out_gets_it() -> None:
    ended = subprocess.run([sys.executable, "-P", "-c", LATER], capture_output=True, text=True, check=False)
    assert ended.stdout.split() == ["3", "ray.data.dataset"], ended.stderr
