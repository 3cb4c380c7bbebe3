"""The tutorial's study through a real server, to the law and the comparison with theory that the page states."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import tutorial
from tests.e2e.conftest import Service

SECONDS = 240


@pytest.mark.slow
def test_the_study_of_the_tutorial_ends_in_its_law_and_in_times_that_are_the_predicted_ones(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    study = tutorial.write(folder)
    service = Service(tmp_path / "data", GROKSCALE_TASKS=str(folder / f"{tutorial.NAME}.py")).start()
    with service.client() as client:
        made = client.submit(str(study))
        made.wait(SECONDS)
        law, rows = made.law("t2"), made.trials().to_pylist()
    assert service.stop() == 0
    assert len(rows) == 27
    assert [row["t2_step"] for row in rows] == [row["decay_time"] for row in rows]
    (page,) = [command.shown for command in tutorial.commands() if command.line.startswith("grokscale law")]
    assert numbers(law["text"]) == pytest.approx(numbers(page), abs=1e-4), law["text"]


def numbers(text: str) -> list[float]:
    """Return the exponent and its interval, of a text that states one law."""
    (stated,) = re.findall(r"^exponent (\S+) \[(\S+), (\S+)\] of t2 in 1/\(alpha\*beta\)", text, re.M)
    return [float(number) for number in stated]
