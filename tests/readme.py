"""The files and commands of the README's sections, as it has them."""

from __future__ import annotations

import re
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def own_model(kind: str) -> str:
    """Return the only block of a kind, `python`, `yaml` or `console`, of the section on models of one's own."""
    return block("Your own model", kind)


def block(title: str, kind: str) -> str:
    """Return a section's only block of a kind."""
    text = README.read_text(encoding="utf-8")
    (section,) = re.findall(rf"^## {title}\n(.*?)^## ", text, re.M | re.S)
    (found,) = re.findall(rf"^```{kind}\n(.*?)^```$", section, re.M | re.S)
    return found
