"""Copies of the package of trainers, to be changed."""

from __future__ import annotations

import shutil
from pathlib import Path

from grokscale import trainers


def copied(folder: Path) -> Path:
    """Copy `grokscale.trainers` into a folder from which it can be imported; return where it lies."""
    package = folder / "grokscale"
    shutil.copytree(Path(trainers.__file__).parent, package / "trainers", ignore=shutil.ignore_patterns("__pycache__"))
    (package / "__init__.py").touch()
    return package / "trainers"
