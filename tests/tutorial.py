"""The files and commands of `docs/a-task-in-twenty-minutes.md`, as they stand there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "a-task-in-twenty-minutes.md"
NAME = "linear_teacher"
TEST = f"test_{NAME}.py"


def blocks(kind: str) -> list[str]:
    """Return the page's blocks of a kind: `python`, `yaml` or `console`."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)


def write(folder: Path) -> Path:
    """Write the module, its test and the study into a folder; return the study's path."""
    *module, test = blocks("python")
    assert test.startswith(f"# {TEST}\n")
    (folder / f"{NAME}.py").write_text("\n\n".join(module))
    (folder / TEST).write_text(test)
    (study,) = blocks("yaml")
    path = folder / f"{NAME}.yaml"
    path.write_text(study)
    return path


@dataclass(frozen=True)
class Command:
    """A line that begins with `$`, and what the page shows below it, where `...` stands for anything."""

    line: str
    shown: str

    def shows(self, printed: str) -> bool:
        """Return whether the page shows what was printed."""
        parts = [re.escape(part.strip(" ")) for part in self.shown.split("...")]
        return re.fullmatch(r"[\s\S]*".join(parts), printed.strip()) is not None


def commands() -> list[Command]:
    """Return all commands in their order."""
    found = []
    for block in blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            line, _, shown = part.partition("\n")
            found.append(Command(line, shown.strip()))
    return found
