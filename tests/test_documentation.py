"""What the pages tell a reader to type is there to be typed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from grokscale.service.cli import app

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
OURS = ("grokscale", "grokscale.service.cli")


def typed(page: Path) -> Iterator[list[str]]:
    """Yield the words after `grokscale` of every line of a console or shell block of a page that calls it."""
    for block in re.findall(r"^```(?:console|bash)\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S):
        for line in block.splitlines():
            words = shlex.split(line, comments=True) if "grokscale" in line else []
            places = [i for i, word in enumerate(words) if word.rpartition("/")[2] in OURS]
            if places:
                after = words[places[-1] + 1 :]
                ends = [i for i, word in enumerate(after) if re.match(r"[&|>;]|\d>", word)]
                yield after[: min(ends, default=len(after))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_a_page_exists_with_its_options(page: Path) -> None:
    for words in typed(page):
        command = typer.main.get_command(app)
        rest = list(words)
        while rest and hasattr(command, "commands"):
            command = command.commands[rest.pop(0)]
        known = {option for parameter in command.params for option in parameter.opts}
        assert [word for word in rest if word.startswith("-") and word.partition("=")[0] not in known] == [], words


def test_there_are_such_commands() -> None:
    found = {tuple(words[:2]) for page in PAGES for words in typed(page)}
    assert {("tasks", "check"), ("train", "study.json"), ("doctor",), ("serve", "--log-level")} <= found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_to_a_file_and_a_heading(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text(encoding="utf-8")):
        path, _, heading = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if heading:
            titles = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.M)
            assert heading in {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}, target
