"""The files of the README's section on models of one's own."""

from __future__ import annotations

import re
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def own_model(kind: str) -> str:
    """Return the section's only block of a kind: `python`, `yaml` or `console`."""
    (section,) = re.findall(r"^## Your own model\n(.*?)^## ", README.read_text(encoding="utf-8"), re.M | re.S)
    (block,) = re.findall(rf"^```{kind}\n(.*?)^```$", section, re.M | re.S)
    return block
