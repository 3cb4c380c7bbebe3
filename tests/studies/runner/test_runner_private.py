"""Other users of the machine, and other clusters that the environment names: see `tests/e2e/test_private.py`."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from pathlib import Path

import psutil
import pytest

from grokscale.studies.runner import environment
from grokscale.studies.runner.cluster import clear, is_ray_directory, ray_directory
from tests.strangers import listeners, turned_away
from tests.studies.runner.bench import Bench, processes, wait_until

AGENTS = {"gcs_server", "raylet", "ray::DashboardAgent", "ray::RuntimeEnvAgent"}


def folder(bench: Bench) -> Path:
    note = bench.settings.data_dir / "runner.lock"
    wait_until(lambda: note.exists() and note.read_text().endswith("}"), 60, "the runner names it")
    return Path(json.loads(note.read_text())["ray"])


def has_socket(ray: Path) -> bool:
    return (ray / "r" / "session_latest" / "sockets" / "raylet").exists()


def test_the_folder_of_ray_is_closed_to_others_though_ray_opens_what_is_in_it(bench: Bench) -> None:
    wait_until(lambda: has_socket(folder(bench)), 60, "Ray has a socket")
    assert stat.S_IMODE(folder(bench).stat().st_mode) == 0o700
    assert stat.S_IMODE((folder(bench) / "r").stat().st_mode) == 0o777


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_another_user_cannot_enter_the_folder_of_ray(bench: Bench) -> None:
    wait_until(lambda: folder(bench).exists(), 60, "Ray has a folder")
    assert turned_away(folder(bench))
    assert not turned_away(folder(bench).parent), "nothing above it would keep them out"


def test_every_socket_of_the_cluster_is_on_loopback(bench: Bench) -> None:
    def heads() -> list[psutil.Process]:
        found = processes(bench.settings.data_dir).items()
        return [psutil.Process(pid) for pid, command in found if "runner.head" in command]

    def heard() -> dict[str, set[str]]:
        (head,) = heads()
        return listeners([head, *head.children(recursive=True)])

    wait_until(lambda: len(heads()) == 1, 60, "Ray has a head")
    wait_until(lambda: set(heard()) >= AGENTS, 60, "Ray's servers and agents listen")
    addresses = {address.removeprefix("::ffff:") for each in heard().values() for address in each}
    assert addresses == {"127.0.0.1"}


OTHERS = [
    *("RAY_ADDRESS", "RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_CLIENT_MODE", "RAY_GCS_SERVER_PORT", "RAY_JOB_ID"),
    *("RAY_REDIS_ADDRESS", "RAY_REDIS_PASSWORD", "RAY_USE_TLS", "RAY_gcs_storage", "RAY_external_storage_namespace"),
    *("RAY_some_switch_of_a_later_version", "__RAY_WORKER_PROCESS_SETUP_HOOK_ENV_VAR"),
]


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_meant_for_another_cluster_does_not_reach_our_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "theirs")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    for made in (environment.of_ray(tmp_path / "token"), environment.of_driver(tmp_path / "token")):
        assert made.get(name) != "theirs"
        assert (made["RAY_AUTH_MODE"], made["RAY_AUTH_TOKEN_PATH"]) == ("token", str(tmp_path / "token"))
        assert made["CUDA_VISIBLE_DEVICES"] == "1"


def test_what_admits_to_a_given_cluster_reaches_its_drivers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", "/of/theirs")
    assert environment.of_driver(None)["RAY_AUTH_TOKEN_PATH"] == "/of/theirs"


@pytest.mark.parametrize("token", [Path("/token"), None])
def test_an_optimised_python_that_ray_cannot_live_with_goes_no_further(
    monkeypatch: pytest.MonkeyPatch, token: Path | None
) -> None:
    monkeypatch.setenv("PYTHONOPTIMIZE", "2")
    assert "PYTHONOPTIMIZE" not in environment.of_ray(token)


@pytest.mark.parametrize(("mode", "kept"), [(0o1777, True), (0o755, True), (0o777, False), (0o775, False)])
def test_the_folder_of_ray_lies_where_nobody_else_moves_it_away(
    monkeypatch: pytest.MonkeyPatch, mode: int, kept: bool
) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as place:
        Path(place).chmod(mode)
        monkeypatch.setattr(tempfile, "tempdir", place)
        assert ray_directory("0" * 24 + "123456789abc") == Path(place if kept else "/tmp") / "gs-123456789abc"


def test_the_folder_of_ray_has_a_short_name_where_that_of_temporary_files_is_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (long := tmp_path / ("t" * 95)).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    assert ray_directory("0" * 24 + "123456789abc") == Path("/tmp/gs-123456789abc")


def test_only_a_folder_of_ours_is_cleared(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "gs-123456789abc", tmp_path / "precious"
    theirs.mkdir()
    (theirs / "file").touch()
    ours.symlink_to(theirs)
    assert is_ray_directory(str(ours))
    clear(ours)
    assert (theirs / "file").exists()
