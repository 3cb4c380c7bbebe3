"""Installs the package of `tests/plugins/adamw` as its user would, and changes it as its author would."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

PACKAGE = Path(__file__).parent / "adamw"
NETWORK = "adamw_network"


def install(target: Path, version: str = "1.0", changes: Mapping[str, str] = MappingProxyType({})) -> Path:
    """Install the package into a folder, which stands for an environment; return the folder.

    Args:
        target: of the installation.
        version: of the distribution.
        changes: of its source: a piece of text to what stands in its place.
    """
    source = target.with_name(f"{target.name}-source")
    shutil.copytree(PACKAGE, source, ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__"))
    project = source / "pyproject.toml"
    project.write_text(project.read_text().replace('version = "1.0"', f'version = "{version}"'))
    module = source / NETWORK / "__init__.py"
    text = module.read_text()
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after)
    module.write_text(text)
    how = ("--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--target", str(target))
    subprocess.run([sys.executable, "-m", "pip", "install", *how, str(source)], check=True)
    shutil.rmtree(source)
    return target
