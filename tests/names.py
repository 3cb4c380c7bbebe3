"""Names under which nothing of ours may be imported."""

from __future__ import annotations

import sys

FLOORS = ("service", "studies", "trainers")


def bare() -> list[str]:
    """Return the modules of this process that are named as if the floors were packages of their own."""
    return sorted(name for name in sys.modules if name.partition(".")[0] in FLOORS)
