"""The built wheel, installed in an empty folder, serves, migrates and runs the quick start."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.e2e.conftest import wait_until
from tests.names import FLOORS

ROOT = Path(__file__).parents[2]
SOURCES = ("pyproject.toml", "setup.py", "README.md", "src", *FLOORS)
PIP = (sys.executable, "-m", "pip", "--quiet")
BUILD = "from setuptools.build_meta import build_sdist; import sys; print(build_sdist(sys.argv[1]))"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources as they are checked out."""
    source = tmp_path_factory.mktemp("source")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            unwanted = shutil.ignore_patterns("__pycache__", "*.egg-info")
            shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=unwanted)
        else:
            shutil.copy(ROOT / name, source / name)
    return source


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(source, tmp_path_factory.mktemp("wheels"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the unpacked wheel and nothing else of this project."""
    target = tmp_path_factory.mktemp("installed")
    subprocess.run([*PIP, "install", "--no-deps", "--target", str(target), str(wheel)], check=True)
    return target


def built(source: Path, wheels: Path) -> Path:
    """Build a wheel of a source tree or archive."""
    subprocess.run([*PIP, "wheel", "--no-deps", "--no-build-isolation", "-w", str(wheels), str(source)], check=True)
    [wheel] = wheels.glob("grokscale-*.whl")
    return wheel


def packed(wheel: Path) -> set[str]:
    """The files of a wheel but for those that are about it."""
    return {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}


def test_it_holds_every_module_and_what_they_read(wheel: Path) -> None:
    modules = {f"grokscale/{path.relative_to(ROOT)}" for floor in FLOORS for path in (ROOT / floor).rglob("*.py")}
    kept = (ROOT / "studies" / "store" / "migrations").rglob("*.json")
    read = [*(ROOT / "studies" / "library").glob("*.yaml"), *kept, ROOT / "service" / "examples.json"]
    items = {f"grokscale/{path.relative_to(ROOT)}" for path in read}
    assert len(modules) > 300
    assert packed(wheel) - {"grokscale/studies/store/migrations/script.py.mako"} == (
        modules
        | items
        | {f"grokscale/{path.name}" for path in (ROOT / "src" / "grokscale").iterdir() if path.is_file()}
    )


def test_the_wheel_of_the_source_archive_is_the_same(wheel: Path, source: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", BUILD, str(tmp_path)], cwd=source, check=True, capture_output=True)
    [archive] = tmp_path.glob("grokscale-*.tar.gz")
    assert packed(built(archive, tmp_path)) == packed(wheel)


def test_a_checkout_without_links_builds_nothing_and_says_so(source: Path, tmp_path: Path) -> None:
    shutil.copytree(source, tmp_path / "source", symlinks=True)
    link = tmp_path / "source" / "src" / "grokscale" / "studies"
    link.unlink()
    link.write_text("../../studies")  # as git checks links out where they are not known
    command = [*PIP, "wheel", "--no-deps", "--no-build-isolation", "-w", str(tmp_path), str(tmp_path / "source")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode != 0
    assert "src/grokscale/studies is not the package that it links to" in ended.stdout + ended.stderr
    assert list(tmp_path.glob("*.whl")) == []


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
    for name in FLOORS:
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
