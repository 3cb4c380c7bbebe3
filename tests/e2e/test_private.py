"""Other users of the machine, and other clusters that the environment names: a service keeps to itself."""

from __future__ import annotations

import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.e2e.conftest import Service, wait_until
from tests.strangers import listeners, opened, turned_away

pytestmark = [pytest.mark.fault, pytest.mark.slow, pytest.mark.timeout(400)]

STUDY: dict[str, Any] = {
    "name": "kept to itself",
    "task": {"kind": "synthetic"},
    "regularizer": {"kind": "l1", "beta": [1e-4, 1e-3]},
    "optimizer": {"kind": "proximal", "alpha": [0.01, 0.1]},
    "seeds": 2,
}
ELSEWHERE = {
    "RAY_ADDRESS": "192.0.2.1:6379",
    "RAY_AUTH_MODE": "disabled",
    "RAY_AUTH_TOKEN": "f" * 64,
    "RAY_CLIENT_MODE": "1",
    "RAY_GCS_SERVER_PORT": "6",
    "RAY_OVERRIDE_RESOURCES": '{"CPU": 0}',
    "RAY_REDIS_ADDRESS": "192.0.2.1:6399",
    "RAY_TMPDIR": "/nonexistent",
    "RAY_USE_TLS": "1",
    "RAY_external_storage_namespace": "theirs",
    "RAY_gcs_storage": "redis",
}
"""What a program may inherit on a node of another cluster."""


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A place that everybody may enter, which pytest's own are not."""
    made = Path(tempfile.mkdtemp(prefix="grokscale-", dir="/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


UMASKS = [
    pytest.param((0o000, {}), id="000"),
    # for this Python's first start in an environment compiles all libraries anew
    pytest.param((0o022, {"PYTHONOPTIMIZE": "2"}), id="022"),
]


@pytest.fixture(scope="module", params=UMASKS)
def service(home: Path, request: pytest.FixtureRequest) -> Iterator[Service]:
    """A service of a careless user, on which a study has run."""
    long_name = home / ("t" * (95 - len(str(home)) - 1))
    long_name.mkdir(exist_ok=True)
    umask, more = request.param
    careless = {**ELSEWHERE, **more, "TMPDIR": str(long_name), "GROKSCALE_CPUS": "1"}
    running = Service(home / f"data-{umask:o}", umask, **careless).start()
    with running.client() as client:
        study = client.submit(STUDY)
        study.wait(timeout=120, progress=False)
        assert client.study(study.id).progress["by_outcome"] == {"generalised": 8}
    yield running
    ray = running.ray_directory()
    assert running.stop() == 0
    assert not ray.exists()


def test_what_it_makes_is_for_its_user_alone(service: Service) -> None:
    ray = service.ray_directory()
    assert stat.S_IMODE(ray.stat().st_mode) == 0o700
    made = [service.data_dir, *service.data_dir.rglob("*"), *(path for path in ray.rglob("*") if path.is_file())]
    assert {"grokscale.db", "ray_token", "runner.lock", "serve.lock", "checkpoints"} <= {path.name for path in made}
    assert opened(made) == []


def test_it_says_which_variables_it_leaves_out(service: Service) -> None:
    log = (service.data_dir.parent / "serve.log").read_text()
    said = [json.loads(line) for line in log.splitlines() if "left out" in line]
    assert said[-1]["variables"] == sorted(ELSEWHERE)


def test_the_names_of_its_sockets_are_short_enough_whatever_the_process_id(service: Service) -> None:
    (session,) = (each for each in (service.ray_directory() / "r").glob("session_2*"))
    longest = session.parent / f"{session.name.rpartition('_')[0]}_{2**22}" / "sockets" / "plasma_store"
    assert {each.name for each in (session / "sockets").iterdir()} == {"raylet", "plasma_store"}
    assert len(os.fsencode(longest)) <= 107


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_another_user_cannot_enter(service: Service) -> None:
    assert turned_away(service.ray_directory(), service.data_dir)


def test_all_that_it_listens_on_is_loopback(service: Service) -> None:
    assert service.process is not None
    family = psutil.Process(service.process.pid).children(recursive=True)
    wait_until(lambda: "ray::DashboardAgent" in listeners(family), 60, "Ray's agents listen")
    assert {"gcs_server", "raylet", "ray::DashboardAgent", "ray::RuntimeEnvAgent"} <= set(listeners(family))
    heard = [address for addresses in listeners(family).values() for address in addresses]
    assert {address.removeprefix("::ffff:") for address in heard} == {"127.0.0.1"}
