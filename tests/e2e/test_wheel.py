"""The built wheel, installed in an empty folder, serves, migrates and runs the quick start."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import wait_until

ROOT = Path(__file__).parents[2]
SOURCES = ("pyproject.toml", "README.md", "src", "trainers", "studies", "service")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the unpacked wheel and nothing else of this project."""
    source, wheels, target = (tmp_path_factory.mktemp(name) for name in ("source", "wheels", "installed"))
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, source / name)
    pip = [sys.executable, "-m", "pip", "--quiet"]
    subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(wheels), str(source)], check=True)
    [wheel] = wheels.glob("grokscale-*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", str(target), str(wheel)], check=True)
    return target


def run(installed: Path, folder: Path, *arguments: str) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GROKSCALE_")}
    environment["PYTHONPATH"] = str(installed)
    command = [sys.executable, "-P", "-m", "grokscale.service.cli", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_is_the_wheel_that_runs(installed: Path, tmp_path: Path) -> None:
    code = (
        "from grokscale import service, studies, trainers; print(*(m.__file__ for m in (service, studies, trainers)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    printed = subprocess.check_output([sys.executable, "-c", code], cwd=tmp_path, env=environment, text=True)
    assert all(path.startswith(str(installed)) for path in printed.split())


def test_it_migrates(installed: Path, tmp_path: Path) -> None:
    assert "schema revision" in run(installed, tmp_path, "db", "upgrade", "--data-dir", "data")
    assert (tmp_path / "data" / "grokscale.db").exists()


@pytest.mark.timeout(300)
def test_it_runs_the_quick_start_beside_a_users_own_modules_and_leaves_no_process(
    installed: Path, tmp_path: Path
) -> None:
    for name in ("trainers", "studies", "service"):
        (tmp_path / f"{name}.py").write_text("raise ImportError('a module of the user was imported')\n")
    last_lines = run(installed, tmp_path, "quickstart").splitlines()[-12:]
    [line] = [line for line in last_lines if line.startswith("exponent ")]
    assert line.isascii()
    found = re.match(r"exponent (\S+) \[(\S+), (\S+)\]", line)
    assert found is not None
    value, low, high = map(float, found.groups())
    assert low < value < high
    assert value == pytest.approx(1.0, abs=0.01)
    wait_until(lambda: not _processes_in(tmp_path), 10, "every process of the quick start has ended")


def _processes_in(folder: Path) -> list[str]:
    """Command lines of the processes whose environment or working directory names the folder."""
    found = []
    for process in Path("/proc").iterdir():
        if not process.name.isdigit() or int(process.name) == os.getpid():
            continue
        try:
            environment = (process / "environ").read_bytes()
            here = str((process / "cwd").resolve()) == str(folder)
            if here or str(folder).encode() in environment:
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue
    return found
