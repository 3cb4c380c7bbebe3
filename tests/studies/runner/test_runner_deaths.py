"""Drivers that die again and again."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.studies.runner.bench import Bench, synthetic

DIES = (
    "import json, sys; sys.stdin.readline(); sys.stdin.readline(); print(json.dumps({'error': 'no luck'})); sys.exit(7)"
)


@pytest.mark.fault
def test_a_study_whose_drivers_die_one_after_another_has_failed_with_the_last_reason(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "data", driver_command=(sys.executable, "-c", DIES), cpus=1).start()
    try:
        record = bench.wait(bench.submit(synthetic("unlucky")), "failed")
        why = "its driver died 5 times in a row and no trial ended in between; the last time: no luck"
        assert record.reason == why
    finally:
        bench.close()
