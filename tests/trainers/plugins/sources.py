"""Modules that describe tasks, as short as can be, and some that do worse."""

from __future__ import annotations

from pathlib import Path

PLAIN = """
from grokscale.tasks import *

DESCRIPTION = Description(
    kind="{kind}", version=1, title="Plain", says="Nothing much.", source="",
    fields=(Field("{field}", Real(0, 1), "a number", 0.5, sweeps=True, role="data"),),
    regularizers=(NONE,),
    optimizers=({optimizer},),
    theory=(Column("{column}", "steps", "a guess", predicts="t2"),),
    error="an error", rate="{rate}", implementation="{implementation}",
)


class Task:
    description = DESCRIPTION
    leaps = None

    def identity(self, config, streams):
        return Identity("{kind}:" + streams.name, streams.name)

    def draw(self, config, streams):
        return float(streams.generator("data").standard_normal())

    def refusal(self, draw, trial):
        return None

    def theory(self, draw, trial, budget):
        {theory}
        return Theory({{"{column}": draw}}, {{}})

    def expected_steps(self, draw, trial, budget):
        return 10

    def memory(self, config, columns, draws):
        {memory}
        return 8

    def seconds_per_step(self, config, columns, draws):
        return 1e-3
"""
DEFAULTS = {
    "kind": "plain",
    "field": "gain",
    "optimizer": 'Section("plain_steps", "PlainSteps", "Steps.")',
    "column": "guess",
    "implementation": "Task",
    "theory": "pass",
    "memory": "pass",
}


def write(folder: Path, name: str, **changes: str) -> str:
    """Write a module of one task; return its path, as a setting names it."""
    said = DEFAULTS | changes
    return text(folder, name, PLAIN.format(**{"rate": said["field"]} | said))


def text(folder: Path, name: str, content: str) -> str:
    """Write a file; return its path."""
    path = folder / f"{name}.py"
    path.write_text(content)
    return str(path)
