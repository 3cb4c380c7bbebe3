"""Documents that the interface shows as examples, read from `examples.json`, so that no code contains names of a
task.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any


def example(name: str) -> Any:
    """Return one of them."""
    return _examples()[name]


@cache
def _examples() -> dict[str, Any]:
    return json.loads(files("grokscale.service").joinpath("examples.json").read_text(encoding="utf-8"))
