"""One name for everything, and nothing loaded that is not needed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.names import FLOORS

ROOT = Path(__file__).parents[1]
LOADED = "import sys, json, {module}; print(json.dumps(sorted(sys.modules)))"


@pytest.mark.parametrize(
    ("module", "without"),
    [
        ("grokscale.studies.store", ("torch", "numba", "scipy", "ray")),
        ("grokscale.studies.plan", ("torch", "ray")),
        ("grokscale.studies.runner.runner", ("torch", "numba", "scipy", "ray")),
        ("grokscale.studies.runner.driver", ("torch", "scipy", "pandas", "alembic")),
        ("grokscale.studies.runner.head", ("numpy", "sqlalchemy", "ray")),
        ("grokscale.studies.runner.compiler", ("numpy", "sqlalchemy", "ray")),
        ("grokscale.studies.worker.trainable", ("torch", "sqlalchemy", "pandas")),
        ("grokscale.service.app", ("torch", "ray")),
        ("grokscale.service.work.program", ("torch", "ray")),
    ],
)
def test_a_process_above_the_trainers_is_light(module: str, without: tuple[str, ...]) -> None:
    command = [sys.executable, "-P", "-c", LOADED.format(module=module)]
    loaded = json.loads(subprocess.check_output(command, cwd=ROOT))
    assert module in loaded
    assert not {*without, *FLOORS} & {name.partition(".")[0] for name in loaded}


def test_pyright_checks_what_the_links_lead_to(tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(ROOT / "src", tmp_path / "src", symlinks=True, ignore=shutil.ignore_patterns("*.egg-info"))
    for floor in FLOORS:
        (tmp_path / floor).mkdir()
        (tmp_path / floor / "planted.py").write_text('number: int = "a text"\n')
    pyright = Path(sys.executable).with_name("pyright")
    ended = subprocess.run([pyright, "--outputjson"], cwd=tmp_path, capture_output=True, text=True, check=False)
    told = json.loads(ended.stdout)["generalDiagnostics"]
    planted = [one["file"] for one in told if one["file"].endswith("planted.py")]
    assert sorted(Path(file).parent.name for file in planted) == sorted(FLOORS), ended.stdout


def test_pyright_and_the_wheel_take_every_module() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    checked = [ROOT / folder for folder in settings["pyright"]["include"]]
    assert {folder.name for folder in checked} == {"grokscale", *FLOORS}
    assert sum(1 for folder in checked if folder.is_symlink() for _ in folder.rglob("*.py")) > 300
    assert settings["setuptools"]["package-dir"] == {"": "src"}


def test_import_linter_looks_into_every_folder() -> None:
    folders = {path.parent for floor in FLOORS for path in (ROOT / floor).rglob("*.py")}
    assert len(folders) > 30
    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []
