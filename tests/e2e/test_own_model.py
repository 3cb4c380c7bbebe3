"""The README's model of one's own, from a folder that holds the module and the specification, through a real server."""

from __future__ import annotations

import re
from pathlib import Path

import httpx2
import pytest

from tests.e2e.conftest import Service
from tests.readme import own_model

SECONDS = 240


@pytest.mark.slow
def test_the_module_and_the_specification_of_the_readme_give_its_law(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    module, study = folder / "diagonal.py", folder / "diagonal.yaml"
    module.write_text(own_model("python"))
    study.write_text(own_model("yaml"))
    service = Service(tmp_path / "data", GROKSCALE_TASKS=str(module)).start()
    with service.client() as client:
        made = client.submit(str(study))
        made.wait(SECONDS)
        law = made.law("t2")
        items = httpx2.get(f"{service.url}/v1/studies/{made.id}/trials").json()["items"]
    assert service.stop() == 0
    assert len(items) == 18
    assert {item["outcome"] for item in items} == {"generalised"}
    assert {item["t2"]["censoring"] for item in items} == {"exact"}
    assert numbers(law["text"]) == pytest.approx(numbers(own_model("console")), abs=1e-3), law["text"]


def numbers(text: str) -> list[float]:
    """Return the exponent and its interval, of a text that states one law."""
    (stated,) = re.findall(r"^exponent (\S+) \[(\S+), (\S+)\] of t2 in 1/\(alpha\*beta\)", text, re.M)
    return [float(number) for number in stated]
