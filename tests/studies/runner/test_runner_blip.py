"""A cable that is pulled for 25 seconds between the cluster's head and the only node that trains."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from grokscale.studies.runner.environment import _RAY
from tests.studies.runner.bench import Bench, Gate, exact_t2, synthetic, wait_until
from tests.studies.runner.foreign_cluster import ForeignCluster

pytestmark = [pytest.mark.fault, pytest.mark.slow, pytest.mark.timeout(600)]

BLIP_SECONDS = 25.0
HERE, THERE = "198.51.100.1", "198.51.100.2"  # reserved for documentation (RFC 5737): nobody's network


class Host:
    """A network of its own with one Ray node in it, at the end of a cable. Needs root and iproute2."""

    def __init__(self, cluster: ForeignCluster, log: Path) -> None:
        assert os.geteuid() == 0, "a network of its own needs root"
        self._name, self._cluster, self._log = f"gs{os.getpid()}", cluster, log
        self._node: subprocess.Popen[bytes] | None = None
        ip("netns", "add", self._name)
        ip("link", "add", self._name, "type", "veth", "peer", "name", "cable", "netns", self._name)
        ip("addr", "add", f"{HERE}/30", "dev", self._name)
        ip("-n", self._name, "addr", "add", f"{THERE}/30", "dev", "cable")
        ip("-n", self._name, "link", "set", "lo", "up")
        self.plug("up")

    def plug(self, state: str) -> None:
        """Pull the cable, `down`, or put it back, `up`."""
        ip("link", "set", self._name, state)
        ip("-n", self._name, "link", "set", "cable", state)
        if state == "up":
            ip("-n", self._name, "route", "replace", "default", "via", HERE)

    def start(self) -> None:
        """Start the node, where none runs: one that was declared dead ends of itself."""
        if self._node is not None and self._node.poll() is None:
            return
        options = ["--num-cpus=1", "--object-store-memory=100000000", "--dashboard-agent-listen-port=0", "--block"]
        ray = [sys.executable, "-m", "ray.scripts.scripts", "start", f"--address={self._cluster.address}"]
        command = ["ip", "netns", "exec", self._name, *ray, f"--node-ip-address={THERE}", *options]
        with open(self._log, "ab") as log:
            environment = {**os.environ, **_RAY, **self._cluster.admits()}
            self._node = subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    def close(self) -> None:
        pids = subprocess.run(["ip", "netns", "pids", self._name], capture_output=True, text=True, check=True).stdout
        for pid in map(int, pids.split()):
            os.kill(pid, 9)
        if self._node is not None:
            self._node.wait(60)
        ip("netns", "del", self._name)


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ForeignCluster]:
    made = ForeignCluster(tmp_path)
    for name, value in made.admits().items():
        monkeypatch.setenv(name, value)
    yield made
    made.close()


@pytest.fixture
def host(cluster: ForeignCluster, tmp_path: Path) -> Iterator[Host]:
    made = Host(cluster, tmp_path / "node.log")
    yield made
    made.close()


@pytest.fixture
def bench(cluster: ForeignCluster, host: Host, tmp_path: Path) -> Iterator[Bench]:
    """A runner that lets a pack fail once at most, not started yet."""
    made = Bench(tmp_path / "data", ray_address=cluster.address, cpus=None, pack_attempts=1)
    yield made
    made.close()


def test_a_network_that_is_gone_for_25_seconds_costs_an_attempt_that_does_not_count(
    bench: Bench, host: Host, gate: Gate
) -> None:
    host.start()
    study = bench.submit(synthetic("unplugged", alphas=[0.1], betas=[1e-4], faults=gate.before(0)))
    bench.start()
    wait_until(lambda: bench.store.packs(study)[0].state == "running", 120, "the pack runs")
    host.plug("down")
    pulled = time.monotonic()
    wait_until(lambda: time.monotonic() - pulled >= BLIP_SECONDS, 60, "25 seconds without a network")
    host.plug("up")
    wait_until(lambda: bench.store.packs(study)[0].losses >= 1, 120, "the loss is counted")
    gate.open()

    def completed() -> bool:
        host.start()
        return bench.study(study).state == "completed"

    wait_until(completed, 240, "study completed")
    (pack,), (trial,) = bench.store.packs(study), bench.trials(study)
    assert (pack.failures, trial.outcome) == (0, "generalised")
    assert trial.t2 is not None
    assert trial.t2.step == exact_t2(trial)
