"""The README's model of one's own, from a folder that holds the module and the specification, through a real server."""

from __future__ import annotations

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
    # numbers of the last digits differ between machines
    (said,) = [line for line in own_model("console").splitlines() if line.startswith("exponent")]
    assert law["text"][: len("exponent 1.0")] == said[: len("exponent 1.0")], law["text"]
    exponent = law["exponents"][0]
    assert exponent["low"] < exponent["value"] < exponent["high"], law
