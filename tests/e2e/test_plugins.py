"""A task from outside through REST: a package that the product does not know, installed beside it."""

from __future__ import annotations

import csv
import io
import math
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from grokscale.service.client import Client, Study
from tests.e2e.conftest import Service, wait_until
from tests.plugins.installing import install

SECONDS = 120
TRIALS: dict[str, Any] = {
    "name": "a network",
    "task": {"kind": "adamw_network", "inputs": 4, "examples": 8, "width": 4},
    "regularizer": {"kind": "none"},
    "optimizer": {"kind": "adamw", "lr": [0.005, 0.01, 0.02], "weight_decay": [0.01, 0.1]},
    "seeds": 2,
    "budget": {"max_steps": 250, "stop": "max_steps"},
}
"""12 trials of 250 steps, some tenths of a second each."""
RAISES = "raise RuntimeError('no luck')\n"


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the plugin installed."""
    return install(tmp_path_factory.mktemp("environment") / "packages")


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory, packages: Path) -> Iterator[Service]:
    """A server beside which it is installed, and a file of a user's that raises."""
    folder = tmp_path_factory.mktemp("service")
    raises = folder / "raises.py"
    raises.write_text(RAISES)
    running = Service(folder / "data", PYTHONPATH=str(packages), GROKSCALE_TASKS=str(raises)).start()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def study(serving: Service) -> Study:
    """A study of it that has ended."""
    with serving.client() as client:
        made = client.submit(TRIALS)
        made.wait(SECONDS)
        return made


def test_the_catalogue_shows_it_as_it_does_those_of_the_product(serving: Service) -> None:
    found = httpx2.get(f"{serving.url}/v1/tasks").json()
    of = {item["kind"]: item for item in found["items"]}
    assert of["adamw_network"]["code"]["package"] == "grokscale-adamw"
    assert of["adamw_network"]["code"]["version"] == "1.0"
    assert of["sparse_recovery"]["code"] is None
    assert of["adamw_network"]["schema"]["properties"]["width"]["default"] == 8
    assert "adamw" in [item["kind"] for item in found["optimizers"]]
    openapi = httpx2.get(f"{serving.url}/openapi.json").json()["components"]["schemas"]
    assert "weight_decay" in openapi["AdamW"]["properties"]


def test_one_that_fails_is_told_of_and_keeps_nothing_from_working(serving: Service) -> None:
    answer = httpx2.get(f"{serving.url}/readyz")
    assert answer.status_code == 200
    (told,) = answer.json()["tasks"]
    assert told["source"].endswith("raises.py")
    assert told["reason"] == "its import failed: RuntimeError: no luck"


def test_its_fields_and_what_goes_together_are_refused_by_name(serving: Service) -> None:
    wrong = TRIALS | {"task": {"kind": "adamw_network", "depth": 2}, "optimizer": {"kind": "gd", "alpha": 0.1}}
    answer = httpx2.post(f"{serving.url}/v1/studies", json=wrong)
    assert answer.status_code == 422
    assert {fault["pointer"]: fault["detail"] for fault in answer.json()["errors"]} == {
        "/task/depth": "adamw_network has no field 'depth'; accepted: kind, inputs, examples, width",
        "/optimizer/kind": "adamw_network does not take gd; accepted: adamw",
    }


def test_a_forecast_has_its_own_numbers(serving: Service) -> None:
    with serving.client() as client:  # whose patience is longer: the first question starts a process that imports torch
        found = client.validate(TRIALS)
    assert (found["trials"], found["draws"]) == (12, 2)
    assert found["predicted"]["steps"] == 12 * 250
    assert found["predicted"]["seconds"] == pytest.approx(12 * 250 * 3e-4, rel=0.01)
    assert found["predicted"]["memory_bytes"] == 12 * 8 * 4 * 4 * (4 + 2)


def test_a_study_of_it_runs_to_its_end(serving: Service, study: Study) -> None:
    found = httpx2.get(f"{serving.url}/v1/studies/{study.id}").json()
    assert found["state"] == "completed"
    assert found["progress"]["ended"] == 12
    assert found["versions"]["task"]["package"] == "grokscale-adamw"
    trials = httpx2.get(f"{serving.url}/v1/studies/{study.id}/trials").json()["items"]
    assert {trial["outcome"] for trial in trials} == {"generalised"}
    # its own thresholds, looked at every tenth step and then to the step
    assert (found["spec"]["budget"]["train_threshold"], found["spec"]["budget"]["test_threshold"]) == (0.1, 0.3)
    assert {trial["looks"] for trial in trials} == {"every 10"}
    assert {trial["t2"]["censoring"] for trial in trials} == {"exact"}
    assert any(trial["t2"]["step"] > 50 and trial["t2"]["step"] % 10 for trial in trials)
    assert all(trial["errors"]["t2"]["measures"]["mean_residual"] > 0 for trial in trials)
    for trial in trials:
        rate = trial["config"]["lr"] * trial["config"]["weight_decay"]
        assert trial["theory"]["decay_time"] == pytest.approx(1 / rate)
    curves = httpx2.get(f"{serving.url}/v1/trials/{trials[0]['id']}/curves").json()
    assert {"train_error", "test_error", "weight_norm"} <= set(curves["columns"])
    text = httpx2.get(f"{serving.url}/v1/studies/{study.id}/trials", headers={"Accept": "text/csv"}).text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 12
    for row in rows:
        assert float(row["decay_time"]) == pytest.approx(1 / (float(row["lr"]) * float(row["weight_decay"])))


def test_its_law_is_in_its_own_rate(serving: Service, study: Study) -> None:
    url = f"{serving.url}/v1/studies/{study.id}"
    law = httpx2.get(f"{url}/laws/t2").json()
    assert law["x"] == "1/(lr*weight_decay)"
    assert law["n"] == 12
    assert list(law["tests"]["exponent_is_the_papers"]["exponents"]) == ["1/(lr*weight_decay)"]
    # by hand: least squares of log t2 on log x with an intercept a seed
    trials = httpx2.get(f"{url}/trials").json()["items"]
    x, y = ([0.0] * 12 for _ in range(2))
    for seed in (0, 1):
        own = [i for i, trial in enumerate(trials) if trial["seed"] == seed]
        for column, of in ((x, lambda t: -math.log(t["config"]["lr"] * t["config"]["weight_decay"])), (y, _log_t2)):
            values = [of(trials[i]) for i in own]
            for i, value in zip(own, values, strict=True):
                column[i] = value - sum(values) / len(values)
    slope = sum(a * b for a, b in zip(x, y, strict=True)) / sum(a * a for a in x)
    assert law["exponent"]["value"] == pytest.approx(slope, abs=1e-6)
    fit = httpx2.post(f"{url}/fits", json={"models": ["M0", "M2", "M3"]}, timeout=SECONDS).json()
    assert fit["result"]["models"]["M2"]["form"] == "c + p*log(1/(lr*weight_decay))"
    assert list(fit["result"]["models"]["M3"]["parameters"]) == ["lr", "weight_decay"]
    theory = httpx2.get(f"{url}/theory").json()
    assert list(theory["comparisons"]) == ["t2"]


def test_thresholds_may_be_those_of_its_measures(serving: Service, study: Study) -> None:
    """A level of the mean residual that the trials reach, other than that of the error: laws, charts and fits of it."""
    levels = {"train_threshold": {"mean_residual": 0.4}, "test_threshold": {"mean_residual": 0.25}}
    wrong = TRIALS | {"budget": TRIALS["budget"] | {"test_threshold": {"accuracy": 0.9}}}
    answer = httpx2.post(f"{serving.url}/v1/studies:validate", json=wrong)
    assert [(fault["pointer"], fault["detail"]) for fault in answer.json()["errors"]] == [
        (
            "/budget/test_threshold/accuracy",
            "the adamw_network task has no such measure; accepted: mean_residual",
        )
    ]
    with serving.client() as client:
        made = client.submit(TRIALS | {"name": "of a measure", "budget": TRIALS["budget"] | levels})
        made.wait(SECONDS)
    url = f"{serving.url}/v1/studies/{made.id}"
    assert httpx2.get(url).json()["spec"]["budget"]["test_threshold"] == {"mean_residual": 0.25}
    trials, others = (httpx2.get(f"{serving.url}/v1/studies/{id}/trials").json()["items"] for id in (made.id, study.id))
    differ = 0
    for trial, other in zip(trials, others, strict=True):
        t2, curves = trial["t2"], httpx2.get(f"{serving.url}/v1/trials/{trial['id']}/curves").json()
        assert (t2["censoring"], trial["ladder"]) == ("exact", {})
        assert trial["errors"]["t2"]["measures"]["mean_residual"] <= 0.25
        differ += t2["step"] != other["t2"]["step"]
        assert trial["theory"] == {"decay_time": None}
        assert curves["columns"]["weight_norm"]
    assert differ > 6
    law = httpx2.get(f"{url}/laws/t2").json()
    assert (law["n"], law["x"]) == (12, "1/(lr*weight_decay)")
    refused = httpx2.get(f"{url}/laws/t2", params={"threshold": 0.1})
    assert refused.status_code == 422
    assert "trials held against mean_residual 0.4, mean_residual 0.25 do not have" in refused.text
    both = httpx2.post(f"{url}/fits", json={"models": ["M2"], "studies": [study.id]}, timeout=SECONDS)
    assert both.json()["result"]["n"] == 24  # the same runs, and another response
    chart = httpx2.get(f"{url}/charts/curves.json", timeout=SECONDS)
    assert "upright: t1 and t2 (t1: mean_residual 0.4, t2: mean_residual 0.25)" in chart.text
    text = httpx2.get(f"{url}/trials", headers={"Accept": "text/csv"}).text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {(row["test_threshold"], row["test_measure"]) for row in rows} == {("", "mean_residual 0.25")}


@pytest.mark.parametrize("chart", ["law", "theory", "pareto?x=t1&y=t2", "phases?x=lr&y=weight_decay", "curves"])
def test_its_charts_are_drawn(serving: Service, study: Study, chart: str) -> None:
    name, _, query = chart.partition("?")
    answer = httpx2.get(f"{serving.url}/v1/studies/{study.id}/charts/{name}.json?{query}", timeout=SECONDS)
    assert answer.status_code == 200, answer.text
    assert answer.json()["$schema"].startswith("https://vega.github.io/schema/vega-lite")
    if name == "law":
        assert "1/(ηλ)" in answer.text  # in its own letters


def _log_t2(trial: dict[str, Any]) -> float:
    return math.log(trial["t2"]["step"])


@pytest.mark.fault
@pytest.mark.slow
def test_a_study_that_is_killed_in_the_middle_ends_as_an_undisturbed_one(
    tmp_path: Path, packages: Path, serving: Service, study: Study
) -> None:
    slower = TRIALS | {"budget": TRIALS["budget"] | {"max_steps": 4000}}
    killed = Service(tmp_path / "data", PYTHONPATH=str(packages)).start()
    with killed.client() as client:
        made = client.submit(slower)
        wait_until(lambda: _checkpointed(killed, made), SECONDS, "a checkpoint")
        killed.kill()
        killed.start()
        made = client.study(made.id)
        made.wait(SECONDS)
        again = _times(killed, made.id)
    assert killed.stop() == 0
    assert again == _times(serving, study.id)


def _checkpointed(service: Service, study: Study) -> bool:
    packs = service.data_dir / "checkpoints" / study.id
    return any(path.suffix != ".txt" for path in packs.glob("*/1/*"))


def _times(service: Service, study_id: str) -> dict[int, tuple[int | None, int | None]]:
    items = httpx2.get(f"{service.url}/v1/studies/{study_id}/trials").json()["items"]
    return {item["index"]: (item["t1"]["step"], item["t2"]["step"]) for item in items}


@pytest.mark.slow
def test_a_study_waits_for_a_worker_that_lacks_its_task_and_goes_on_with_another_version_when_it_is_retried(
    tmp_path: Path,
) -> None:
    packages = install(tmp_path / "packages")
    service = Service(tmp_path / "data", PYTHONPATH=str(packages)).start()
    with service.client() as client:
        hidden = packages.with_name("hidden")
        # the server and its runner have read it; workers find nothing, and later another version
        client.validate(TRIALS)
        packages.rename(hidden)
        made = client.submit(TRIALS)
        wait_until(
            lambda: client.study(made.id).data["reason"] is not None, SECONDS, "the study says what it waits for"
        )
        waiting = client.study(made.id).data
        assert waiting["state"] == "queued"
        assert "the task adamw_network of grokscale-adamw 1.0" in waiting["reason"]
        assert "no module named 'adamw_network'" in waiting["reason"]
        assert waiting["progress"]["ended"] == 0
        service.kill()
        # gone: it is read all the same, law and chart and front
        service.start()
        assert "adamw_network" not in [item["kind"] for item in httpx2.get(f"{service.url}/v1/tasks").json()["items"]]
        wait_until(lambda: "not offered" in (client.study(made.id).data["reason"] or ""), SECONDS, "its task is gone")
        service.kill()
        shutil.rmtree(hidden)
        install(packages, version="1.1")
        service.start()
        wait_until(
            lambda: "another one here" in (client.study(made.id).data["reason"] or ""), SECONDS, "another version"
        )
        answer = httpx2.post(f"{service.url}/v1/studies/{made.id}:retry", timeout=SECONDS)
        assert answer.status_code == 200, answer.text
        assert answer.json()["versions"]["task"]["version"] == "1.1"
        client.study(made.id).wait(SECONDS)
        ended = client.study(made.id).data
        assert ended["state"] == "completed"
        assert ended["versions"]["task_before"][0]["version"] == "1.0"
    assert service.stop() == 0


def test_a_study_is_read_when_its_task_is_gone(tmp_path: Path, serving: Service, study: Study) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    backup = f"VACUUM INTO '{data / 'grokscale.db'}'"
    with sqlite3.connect(serving.data_dir / "grokscale.db") as connection:
        connection.execute(backup)
    os.chmod(data / "grokscale.db", 0o600)
    service = Service(data).start()
    url = f"{service.url}/v1/studies/{study.id}"
    assert httpx2.get(url).json()["spec"]["optimizer"]["kind"] == "adamw"
    assert len(httpx2.get(f"{url}/trials").json()["items"]) == 12
    assert httpx2.get(f"{url}/trials", headers={"Accept": "text/csv"}).status_code == 200
    law = httpx2.get(f"{url}/laws/t2")
    assert law.status_code == 200, law.text
    assert law.json()["x"] == "1/(lr*weight_decay)"
    assert law.json()["n"] == 12
    assert httpx2.get(f"{url}/pareto", params={"x": "t1", "y": "t2"}).status_code == 200
    assert httpx2.get(f"{url}/charts/law.json").status_code == 200
    with Client(service.url) as client:
        phases = client.phases(study.id, "lr", "weight_decay")
    assert sum(cell["n"] for cell in phases["cells"]) == 12
    assert service.stop() == 0
