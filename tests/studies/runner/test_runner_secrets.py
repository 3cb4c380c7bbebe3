"""No process that touches Ray has seen a secret."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from grokscale.studies.runner import environment
from tests.names import FLOORS
from tests.studies.runner.bench import PATIENCE, Bench, Gate, processes, synthetic, wait_until
from tests.studies.runner.conftest import SECRET

ASK = """
import json, os, sys, ray
ray.init(address=sys.argv[1], log_to_driver=False, logging_level=40)
print(json.dumps(ray.get(ray.remote(lambda: (dict(os.environ), sorted(sys.modules))).remote())))
"""


def test_a_worker_that_is_asked_has_no_setting_of_ours_in_its_environment(bench: Bench) -> None:
    token = bench.settings.data_dir / "ray_token"
    wait_until(lambda: address(bench) is not None, 60, "the cluster is up")
    command = [sys.executable, "-c", ASK, str(address(bench))]
    answer = subprocess.run(command, env=environment.of_driver(token), capture_output=True, check=True)
    worker, modules = json.loads(answer.stdout)
    assert worker["RAY_AUTH_TOKEN_PATH"] == str(token)
    assert not [name for name in worker if name.startswith("GROKSCALE_")]
    assert SECRET not in answer.stdout.decode()
    assert "grokscale.trainers.pack" in modules, "what workers need is there before they are asked"
    assert not [name for name in modules if name.partition(".")[0] in FLOORS]


def address(bench: Bench) -> str | None:
    """The address of the cluster: an argument of its processes."""
    for command in processes(bench.settings.data_dir).values():
        for word in command.split():
            if word.startswith("--gcs-address="):
                return word.removeprefix("--gcs-address=")
    return None


class Process(NamedTuple):
    """What the kernel tells of one."""

    command: str
    environ: bytes
    maps: str


@pytest.fixture(scope="module")
def watched(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Process]]:
    """The processes under the runner while a study runs."""
    gate = Gate(tmp_path_factory.mktemp("watched") / "gate")
    study = bench.submit(synthetic("watched", faults=gate.before(0)))
    wait_until(lambda: bench.store.packs(study)[0].step > 0, PATIENCE, "a pack advances")
    kinds = {"runner.driver", "runner.head", "raylet", "Trainable", "gcs_server"}

    def everything_runs() -> bool:
        commands = processes(bench.settings.data_dir).values()
        return all(any(kind in command for command in commands) for kind in kinds)

    wait_until(everything_runs, PATIENCE, "a driver, Ray's servers and a worker run")
    seen = []
    for pid, command in processes(bench.settings.data_dir).items():
        with suppress(FileNotFoundError, ProcessLookupError):  # a worker that nobody needs may end
            place = Path(f"/proc/{pid}")
            seen.append(Process(command, (place / "environ").read_bytes(), (place / "maps").read_text()))
    yield seen
    bench.store.transition(study, "cancel")
    bench.wait(study, "cancelled")


def test_no_process_under_the_runner_shows_a_secret_while_a_study_runs(bench: Bench, watched: list[Process]) -> None:
    assert watched
    for command, environ, _ in watched:
        assert SECRET.encode() not in environ or "runner.driver" in command
        assert b"GROKSCALE_" not in environ
        assert SECRET not in command
        assert str(bench.settings.url) not in command


@pytest.mark.parametrize("kind", ["runner.driver", "Trainable"])
def test_neither_driver_nor_worker_loads_pandas_to_run_a_study(watched: list[Process], kind: str) -> None:
    found = [process for process in watched if kind in process.command]
    assert found
    assert not any("/pandas/" in process.maps for process in found)


def test_the_token_of_the_cluster_is_for_this_user_alone(bench: Bench) -> None:
    token = bench.settings.data_dir / "ray_token"
    wait_until(token.exists, 30, "the token is there")
    assert token.stat().st_mode & 0o777 == 0o600
    assert (
        not Path(os.path.expanduser("~/.ray/auth_token")).exists()
        or token.read_text() not in Path(os.path.expanduser("~/.ray/auth_token")).read_text()
    )
