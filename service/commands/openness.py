"""Warns on standard error about a data directory that others can enter."""

from __future__ import annotations

import sys
from pathlib import Path

from grokscale.studies.privacy import openness


def warn_of_openness(data_dir: Path) -> None:
    """Say in one line what other users of this machine can do in the data directory, if anything."""
    if data_dir.exists() and (said := openness(data_dir)) is not None:
        print(f"grokscale: warning: {said}", file=sys.stderr)
