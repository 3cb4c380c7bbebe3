"""A cluster that grows by Ray's own autoscaler, whose nodes are processes of this machine."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray

from grokscale.studies.runner.cluster import clear
from tests.studies.runner.bench import PATIENCE, Bench, Gate, synthetic, wait_until

pytestmark = [pytest.mark.fault, pytest.mark.slow, pytest.mark.timeout(600)]

HEAD = "ray.head.default"
TYPES: dict[str, Any] = {
    HEAD: {"resources": {"CPU": 0}, "node_config": {}, "max_workers": 0},
    "cpu": {
        "resources": {"CPU": 2, "object_store_memory": 100_000_000},
        "node_config": {},
        "min_workers": 0,
        "max_workers": 2,
    },
}
CONFIG: dict[str, Any] = {
    "cluster_name": "fake",
    "max_workers": 2,
    "available_node_types": TYPES,
    "head_node_type": HEAD,
    "upscaling_speed": 1,
    "idle_timeout_minutes": 5,
    **{key: {} for key in ("auth", "file_mounts", "docker")},
    **{key: [] for key in ("cluster_synced_files", "rsync_exclude", "rsync_filter")},
    **{key: [] for key in (f"{who}start_ray_commands" for who in ("head_", "worker_"))},
    **{key: [] for key in (f"{who}setup_commands" for who in ("", "head_", "worker_"))},
    "initialization_commands": [],
    "file_mounts_sync_continuously": False,
}
"""What `ray up` leaves on the head; the provider is filled in."""
PROVIDER = {"type": "fake_multinode", "disable_node_updaters": True, "disable_launch_config_check": True}
SETTINGS = {
    "RAY_FAKE_CLUSTER": "1",
    "RAY_enable_autoscaler_v2": "0",
    "AUTOSCALER_UPDATE_INTERVAL_S": "1",
    "RAY_OVERRIDE_NODE_ID_FOR_TESTING": "f" * 51 + "00000",
    "RAY_raylet_start_wait_time_s": "120",
    "RAY_AUTH_MODE": "token",
}


@pytest.fixture
def autoscaled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a cluster that has no CPU, and may come to have two nodes of two."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"{ray.util.get_node_ip_address()}:{port}"
    bootstrap = tmp_path / "ray_bootstrap_config.yaml"
    bootstrap.write_text(json.dumps(CONFIG | {"provider": PROVIDER | {"gcs_address": address}}))
    (tmp_path / "token").write_text("e" * 64)
    settings = SETTINGS | {"RAY_AUTH_TOKEN_PATH": str(tmp_path / "token"), "HOME": str(tmp_path)}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    folder = Path("/tmp") / f"gs-{os.getpid()}-auto"
    start = f"--head --block --num-cpus=0 --port={port} --object-store-memory=100000000 --include-dashboard=false"
    command = [Path(sys.executable).with_name("ray"), "start", *start.split()]
    with open(tmp_path / "ray.log", "wb") as log:
        head = subprocess.Popen(
            [*command, f"--autoscaling-config={bootstrap}", f"--temp-dir={folder}"], stdout=log, stderr=log
        )
    yield address
    head.terminate()
    head.wait(60)
    clear(folder)


@pytest.fixture
def bench(autoscaled: str, tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "data", ray_address=autoscaled, cpus=None)
    yield made
    made.close()


def test_packs_are_cut_for_what_it_may_become_and_it_grows_for_them(bench: Bench, gate: Gate) -> None:
    study = bench.submit(synthetic("grows", seeds=24, faults=gate.before(*range(384))), cpus=1)
    bench.start()
    known = lambda: [runner.news.cpus for runner in bench.store.runners()]  # noqa: E731
    wait_until(lambda: known() == [4], PATIENCE, "the runner knows what it may become")
    running = lambda: sum(pack.state == "running" for pack in bench.store.packs(study))  # noqa: E731
    wait_until(lambda: running() == 4, 240, "as many packs run as it can grow to hold")
    gate.open()
    bench.wait(study, "completed", 240)
