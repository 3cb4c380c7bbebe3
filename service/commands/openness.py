"""What a command says on standard error about the place that it works in."""

from __future__ import annotations

import sys
from pathlib import Path

from grokscale.studies.privacy import openness


def warn_of_openness(data_dir: Path) -> None:
    """Say in one line what other users of this machine can do about the data directory, if they can do anything."""
    if data_dir.exists() and (said := openness(data_dir)) is not None:
        print(f"grokscale: warning: {said}", file=sys.stderr)
