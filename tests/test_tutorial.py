"""The tutorial's text, run from a folder that holds what it says and nothing else: until a server is needed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import tutorial
from tests.tutorial import Command

ALONE = [command for command in tutorial.commands() if "check" in command.line or "train" in command.line]
TESTED = [command for command in tutorial.commands() if "pytest" in command.line]


def run(command: Command, folder: Path) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GROKSCALE_", "PYTEST_"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command.line],
        cwd=folder,
        env=kept | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_page_has_the_commands_that_are_run_here() -> None:
    assert [command.line.split()[-2:] for command in ALONE] == [["--set", "beta=0.005"], ["--trial", "26"]]
    assert len(TESTED) == 1


@pytest.mark.parametrize("command", [*ALONE, *TESTED], ids=lambda command: command.line)
def test_a_command_prints_what_the_page_shows(command: Command, tmp_path: Path) -> None:
    tutorial.write(tmp_path)
    printed = run(command, tmp_path)
    assert command.shown
    assert command.shows(printed), printed
