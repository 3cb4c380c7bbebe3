"""kill -9 of the service in the middle of a study, and of everything under it: nothing is lost, nothing is redone."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from grokscale.service.client import Client
from tests.e2e.conftest import Service, wait_until
from tests.studies.runner.bench import Gate

SEEDS = 8
SPEC: dict[str, Any] = {
    "name": "killed in the middle",
    "regularizer": {"kind": "l1", "beta": {"log": [1e-5, 1e-3], "num": 4}},
    "optimizer": {"kind": "proximal", "alpha": [0.01, 0.1]},
    "seeds": SEEDS,
}


LEASE_SECONDS = 600.0


def ended(client: Client, study_id: str) -> int:
    return client.study(study_id).progress["ended"]


@pytest.mark.fault
@pytest.mark.timeout(300)
def test_a_service_killed_in_the_middle_ends_each_trial_exactly_once(tmp_path: Path) -> None:
    gate = Gate(tmp_path / "gate")
    # the slowest configuration does not end while the gate is shut
    task = {"kind": "synthetic", "faults": gate.before(*range(SEEDS))}
    service = Service(tmp_path / "data", GROKSCALE_TEST_TASKS="1", GROKSCALE_LEASE_SECONDS=f"{LEASE_SECONDS:g}").start()
    with service.client() as client:
        study = client.submit(SPEC | {"task": task})
        wait_until(lambda: ended(client, study.id) >= 10, 120, "ten trials ended")
    service.kill()
    deadline = time.monotonic() + 30
    while left := runners(tmp_path):
        assert time.monotonic() < deadline, f"outlive the service: {left}"
        time.sleep(0.05)

    left_behind = service.ray_directory()
    assert (left_behind / "r").exists()

    killed = time.monotonic()
    service.start()
    with service.client() as client:
        before = ended(client, study.id)
        assert 10 <= before < 64
        assert not left_behind.exists()
        gate.open()
        wait_until(lambda: ended(client, study.id) > before, 180, "the study goes on")
        assert time.monotonic() - killed < LEASE_SECONDS, "the lease of the dead runner is not waited for"
        client.study(study.id).wait(timeout=180, progress=False)
        assert client.study(study.id).progress["by_outcome"] == {"generalised": 64}
        told = Counter(event["data"]["index"] for event in trial_events(client, study.id))
    assert told == dict.fromkeys(range(64), 1)
    assert service.stop() == 0
    wait_until(lambda: not runners(tmp_path), 15, "every process of the service has ended")


def trial_events(client: Client, study_id: str) -> list[dict[str, Any]]:
    return [event for event in client.events(study_id) if event["type"] == "trial"]


def runners(folder: Path) -> list[str]:
    """Processes that carry this test's data directory in their environment: runner, drivers, Ray."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(folder).encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text())
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue
    return found
