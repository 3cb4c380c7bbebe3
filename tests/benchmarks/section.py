"""One section in a process of its own: `python -m tests.benchmarks.section NAME [--quick]` prints its tables."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any

from tests.benchmarks import machine

SECTIONS = ("stepping", "leaping", "plans", "passage", "scaling", "laws", "api", "whole")
UNPINNED = ("api", "whole")


def main(name: str, quick: bool) -> None:
    """Print the tables of a section."""
    if name not in UNPINNED:
        machine.pin()  # before anything is imported that starts threads
    module: Any = importlib.import_module(f"tests.benchmarks.{name}")
    tables: Callable[[bool], list[Any]] = module.tables
    print("\n".join(table.markdown() for table in tables(quick)))


if __name__ == "__main__":
    main(sys.argv[1], "--quick" in sys.argv[2:])
