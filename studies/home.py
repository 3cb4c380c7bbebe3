"""A home for processes whose user has none, as in a container that runs under a number without a name."""

from __future__ import annotations

import os
from pathlib import Path

NOWHERE = "/nonexistent"


def have_home() -> None:
    """Set HOME for this process and those that it starts, where the user has no home.

    Ray Tune and Altair ask for it when they are imported, and fail where there is none. Neither writes to it here.
    """
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = NOWHERE
