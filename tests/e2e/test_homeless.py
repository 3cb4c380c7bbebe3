"""A server whose user has neither HOME nor a name on the machine, as in a container under `--user 12345`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import Service

NAMELESS = """
import pwd


def getpwuid(uid):
    raise KeyError(f"getpwuid(): uid not found: {uid}")


pwd.getpwuid = getpwuid
"""
"""What Python finds in such a container; each process of the test imports it first."""

STUDY = """
name: homeless
task: {kind: synthetic}
regularizer: {kind: l1, beta: [1e-5, 1e-4]}
optimizer: {kind: proximal, alpha: [0.01, 0.1]}
seeds: 2
"""


@pytest.fixture
def nameless(tmp_path: Path) -> dict[str, str]:
    """The environment of such a user."""
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "sitecustomize.py").write_text(NAMELESS)
    kept = {name: value for name, value in os.environ.items() if name != "HOME" and not name.startswith("GROKSCALE_")}
    return kept | {"PYTHONPATH": str(tmp_path / "first")}


@pytest.mark.parametrize("module", ["grokscale.studies.worker.raytune", "grokscale.studies.charts.law"])
def test_what_asks_for_a_home_is_imported_without(module: str, nameless: dict[str, str]) -> None:
    for given, ends in (("", "Could not determine home directory."), ("have_home(); ", "")):
        code = f"from grokscale.studies.home import have_home; {given}import {module}"
        done = subprocess.run(
            [sys.executable, "-P", "-c", code], env=nameless, capture_output=True, text=True, check=False
        )
        assert done.stderr.rstrip().endswith(ends)
        assert done.returncode == (1 if ends else 0), done.stderr


@pytest.mark.slow
def test_a_study_runs_to_its_law_and_its_chart_without_a_traceback(tmp_path: Path, nameless: dict[str, str]) -> None:
    study = tmp_path / "study.yaml"
    study.write_text(STUDY)
    service = Service(tmp_path / "data")
    service.environment = nameless
    service.start()
    with service.client() as client:
        assert client.validate(str(study))["trials"] == 8
        made = client.submit(str(study))
        made.wait(240)
        assert made.law("t2")["exponent"]["value"] == pytest.approx(1, abs=0.01)
        made.chart("law", path=str(tmp_path / "law.svg"))
    assert service.stop() == 0
    assert (tmp_path / "law.svg").read_text().startswith("<svg")
    assert "Traceback" not in (tmp_path / "serve.log").read_text()
