"""Grid search: every combination."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

from grokscale.studies.spec.sweeps import Swept, levels


def grid(sweeps: Iterable[Swept]) -> list[tuple[Any, ...]]:
    """Return every combination of the values, the last field varying fastest; nothing swept: one empty point."""
    return list(itertools.product(*(levels(field) for field in sweeps)))
