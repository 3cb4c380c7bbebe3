"""A module to begin with: the example, under another name."""

from __future__ import annotations

import keyword
import re
from importlib import resources

NAME = "a name of small letters, digits and _ that begins with a letter and is no word of Python's"


def named(name: str) -> bool:
    """Return whether this can be a module's name and a task's kind."""
    return re.fullmatch(r"[a-z][a-z0-9_]*", name) is not None and not keyword.iskeyword(name)


def written(name: str) -> str:
    """Return the text of a module that brings the example as a task of this kind."""
    text = resources.files("grokscale.trainers.simple").joinpath("example.py").read_text(encoding="utf-8")
    title = "".join(part.capitalize() for part in name.split("_"))
    return text.replace("Diagonal", title).replace('"diagonal"', f'"{name}"')
