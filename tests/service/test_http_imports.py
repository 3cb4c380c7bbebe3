"""Importing runs over HTTP, from Python and from the command line."""

from __future__ import annotations

import inspect
import pickle
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from grokscale import Client, Invalid, InvalidArgument, TooLarge, crossings
from grokscale.service.app import create_app
from grokscale.service.imports.models import EXAMPLE_CSV, EXAMPLE_JSON
from grokscale.studies.imports.outcomes import TABLE
from grokscale.studies.settings import Settings
from grokscale.studies.store import Store
from tests.readme import block
from tests.service.conftest import BASE_URL
from tests.service.forked import grokscale
from tests.studies.imports.runs import as_csv, as_json, as_parquet, slope, sweep

WHERE = "/v1/studies:import"
SAID = {"name": "adamw sweep", "rate": "lr*weight_decay"}
CSV = {"Content-Type": "text/csv"}
PARQUET = "application/vnd.apache.parquet"


@pytest.fixture
def client(http: TestClient) -> Iterator[Client]:
    with Client(BASE_URL, transport=http._transport) as opened:
        yield opened


def exponent(law: dict[str, Any]) -> float:
    return law["exponent"]["value"]


def expected() -> float:
    return slope(sweep(), [row["seed"] for row in sweep()])


@pytest.mark.parametrize("media", ["text/csv; charset=utf-8", PARQUET, "application/x-parquet", "application/json"])
def test_a_table_is_a_completed_study_whose_law_is_that_of_least_squares(http: TestClient, media: str) -> None:
    written = {"text/csv; charset=utf-8": as_csv, "application/json": as_json}.get(media, as_parquet)
    parameters = {} if media == "application/json" else SAID
    answer = http.post(WHERE, params=parameters, content=written(sweep()), headers={"Content-Type": media})
    assert answer.status_code == 201, answer.text
    study = answer.json()
    assert answer.headers["location"] == f"/v1/studies/{study['id']}"
    assert (study["state"], study["reason"], study["name"]) == ("completed", "imported", "adamw sweep")
    assert study["progress"]["by_outcome"] == {"generalised": 36}
    law = http.get(f"/v1/studies/{study['id']}/laws/t2").json()
    assert (law["x"], exponent(law)) == ("1/(lr*weight_decay)", pytest.approx(expected(), abs=1e-9))


def test_whatever_reads_a_study_reads_an_imported_one(http: TestClient, client: Client) -> None:
    rows = [row | {"error_settled": 1e-3 * row["lr"], "draw": f"d{row['seed']}"} for row in sweep()]
    first, other = (client.import_study(rows, **SAID, tags=["wandb"]) for _ in range(2))
    study = first.id
    assert first.wait(timeout=5, progress=False).state == "completed"
    assert [event["data"]["state"] for event in first.events()] == ["completed"]
    assert [found.id for found in client.studies(tag="wandb", task="imported")] == [other.id, study]
    assert first.trials(ranges={"lr": (5e-3, None)}).num_rows == 12
    for media in ("text/csv", "application/x-ndjson"):
        lines = http.get(f"/v1/studies/{study}/trials", headers={"Accept": media}).text.splitlines()
        assert len(lines) == (37 if media == "text/csv" else 36)
    schema = first.trials().schema
    assert (schema.field("lr").metadata[b"role"], schema.field("t2_step").metadata) == (b"training", None)
    models = first.fit(models=["M0", "M2", "M3"])["result"]["models"]
    assert models["M2"]["parameters"]["1/(lr*weight_decay)"]["value"] == pytest.approx(expected(), abs=1e-6)
    both = first.fit(models=["M2"], studies=[other.id])["result"]
    assert both["counted_out"]["repeated"] == 36  # equal draws, equal configurations: the same runs
    assert first.phases("lr", "weight_decay")["counted_out"]["pending"] == 0
    assert first.pareto()["complete"] == 9
    for chart in ("law", "phases", "pareto"):
        query = {"x": "lr", "y": "weight_decay"} if chart == "phases" else {}
        assert first.chart(chart, "svg", **query).startswith(b"<svg")
    for path, said in (
        ("theory", "no column predicts t1, t2 or a settled error: there is no theory of these runs"),
        ("charts/curves.svg", "trial 0 has no curve of its errors: none was recorded"),
    ):
        answer = http.get(f"/v1/studies/{study}/{path}")
        assert (answer.status_code, answer.json()["detail"]) == (409, said)
    first.delete()
    assert [found.id for found in client.studies()] == [other.id]


@pytest.mark.parametrize("action", ["retry", "cancel", "stop"])
def test_it_is_never_run_nor_retried(http: TestClient, client: Client, action: str) -> None:
    study = client.import_study([row | {"t2_step": None, "outcome": "failed"} for row in sweep()], **SAID)
    answer = http.post(f"/v1/studies/{study.id}:{action}")
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (409, "urn:grokscale:problem:impossible-state-change")
    assert problem["detail"] == (
        f"cannot {action} a study of imported runs: they ran elsewhere, and are never run or retried here"
    )
    assert (problem["state"], problem["possible"]) == ("completed", [])
    assert study.refresh().progress["by_outcome"] == {"failed": 36}


def test_a_key_gets_the_first_answer_again(http: TestClient, settings: Settings, store: Store) -> None:
    sent: dict[str, Any] = {"params": SAID, "content": as_csv(sweep()), "headers": CSV | {"Idempotency-Key": "k"}}
    first = http.post(WHERE, **sent)
    with TestClient(create_app(settings, store), base_url=BASE_URL) as restarted:
        again = restarted.post(WHERE, **sent)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["location"] == first.headers["location"]
    for other in ({"params": SAID | {"name": "other"}}, {"content": as_csv(sweep(3))}):
        answer = http.post(WHERE, **sent | other)
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:grokscale:problem:idempotency-key-reused")
    assert len(store.studies().items) == 1


def test_every_faulty_cell_is_told_and_nothing_is_made(http: TestClient, store: Store) -> None:
    rows = [row | {"t2_step": -1} for row in sweep()]
    rows[4]["seed"] = 0.5
    answer = http.post(WHERE, params=SAID, content=as_csv(rows), headers=CSV)
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (422, "urn:grokscale:problem:invalid-table")
    assert len(problem["errors"]) == 37
    assert problem["errors"][0] == {
        "in": "body",
        "pointer": "/rows/4/seed",
        "detail": "row 5, seed: 0.5 is refused; accepted: a whole number from 0 to 4294967295",
    }
    many = http.post(WHERE, params=SAID, content=as_csv([row | {"t2_step": -1} for row in sweep(20)]), headers=CSV)
    assert len(many.json()["errors"]) == 101
    assert store.studies().items == ()


@pytest.mark.parametrize(
    ("media", "parameters", "status", "place", "pointer", "said"),
    [
        ("text/csv", {"rate": "lr"}, 422, "query", "/name", "missing; accepted: 1 to 200 printable characters"),
        ("text/csv", SAID | {"rate": "a*b"}, 422, "query", "/rate", "'b' is no field; accepted: lr, weight_decay"),
        ("text/csv", SAID | {"ignore": "x"}, 422, "query", "/ignore", "no column 'x'; accepted: 'seed'"),
        (
            "text/csv",
            SAID | {"rename": "lr"},
            422,
            "query",
            "/rename/0",
            "'lr' is refused: String should match pattern '='",
        ),
        ("text/csv", SAID | {"steps_per_unit": "0"}, 422, "query", "/steps_per_unit", "'0' is refused"),
        ("text/csv", SAID | {"epochs": "0"}, 422, "query", "/epochs", "unknown parameter; accepted: name, tags, rate"),
        ("application/json", {"name": "x"}, 422, "query", "/name", "a JSON document says it itself"),
        ("text/yaml", SAID, 415, None, None, "Content-Type 'text/yaml' is not read here; accepted: text/csv, applic"),
        ("text/csv; charset=latin-1", SAID, 415, None, None, "Content-Type 'text/csv; charset=latin-1' is not read"),
    ],
)
def test_what_is_refused_says_where_and_why(
    http: TestClient, media: str, parameters: dict, status: int, place: str | None, pointer: str | None, said: str
) -> None:
    content = as_json(sweep()) if media == "application/json" else as_csv(sweep())
    answer = http.post(WHERE, params=parameters, content=content, headers={"Content-Type": media})
    problem = answer.json()
    assert answer.status_code == status
    if place is None:
        assert problem["detail"].startswith(said)
    else:
        faults = {(fault["in"], fault["pointer"]): fault["detail"] for fault in problem["errors"]}
        assert faults[place, pointer].startswith(said)


def test_an_encoded_body_and_one_that_is_too_large_are_refused(settings: Settings, store: Store) -> None:
    limited = settings.model_copy(update={"max_import_bytes": 500})
    with TestClient(create_app(limited, store), base_url=BASE_URL) as http:
        encoded = http.post(WHERE, params=SAID, content=b"", headers=CSV | {"Content-Encoding": "gzip"})
        assert (encoded.status_code, encoded.headers["accept-encoding"]) == (415, "identity")
        large = http.post(WHERE, params=SAID, content=as_csv(sweep()), headers=CSV)
        assert (large.status_code, large.json()["detail"]) == (
            413,
            "the body is larger than 500 bytes, the limit of this server",
        )
        with Client(BASE_URL, transport=http._transport) as client, pytest.raises(TooLarge):
            client.import_study(pd.DataFrame(sweep()), **SAID)


def test_a_study_has_no_more_runs_than_the_largest(settings: Settings, store: Store) -> None:
    with TestClient(create_app(settings.model_copy(update={"max_trials": 35}), store), base_url=BASE_URL) as http:
        answer = http.post(WHERE, params=SAID, content=as_csv(sweep()), headers=CSV)
        assert answer.json()["errors"][0]["detail"] == "36 rows; accepted: up to 35, the largest study"


def test_reading_that_takes_too_long_is_ended_by_its_reason(settings: Settings, store: Store) -> None:
    app = create_app(settings.model_copy(update={"fit_seconds": 1e-3}), store)
    with TestClient(app, base_url=BASE_URL) as http:
        answer = http.post(WHERE, params=SAID, content=as_csv(sweep()), headers=CSV)
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:grokscale:problem:table-too-long")
        assert store.studies().items == ()


def test_the_examples_of_the_documentation_are_imported(http: TestClient) -> None:
    one = http.post(WHERE, params=SAID, content=EXAMPLE_CSV, headers=CSV).json()
    other = http.post(WHERE, json=EXAMPLE_JSON).json()
    assert one["progress"]["by_outcome"] == {"generalised": 2, "memorised": 1}
    assert other["progress"]["by_outcome"] == {"generalised": 1, "not_memorised": 1}


def test_the_table_of_outcomes_is_in_the_documentation() -> None:
    text = Path(__file__).parents[2].joinpath("docs", "science.md").read_text(encoding="utf-8")
    for rule in TABLE:
        t2 = ", ".join(f"`{word}`" for word in rule.t2)
        t1 = "any" if rule.t1 is None else ", ".join(f"`{word}`" if word else "none" for word in rule.t1)
        assert f"| {t2} | {t1} | `{rule.outcome}` | {rule.says} |" in text


# -- from Python and the command line ---------------------------------------------------------------------------------


def test_every_form_of_a_table_makes_the_same_study(client: Client, tmp_path: Path) -> None:
    csv, parquet = tmp_path / "a sweep.csv", tmp_path / "a sweep.parquet"
    csv.write_bytes(as_csv(sweep()))
    parquet.write_bytes(as_parquet(sweep()))
    frame = pd.DataFrame(sweep()).set_index(pd.Index(range(100, 136)))
    numpy = [
        {name: np.array([value])[0] if name != "optimizer" else value for name, value in row.items()} for row in sweep()
    ]
    named = {"name": "a sweep", "rate": "lr*weight_decay"}
    made = [client.import_study(path, rate="lr*weight_decay") for path in (csv, str(parquet))]
    made += [client.import_study(one, **named) for one in (frame, pa.Table.from_pylist(sweep()), sweep(), numpy)]
    assert len({study.data["spec_hash"] for study in made}) == 1
    assert {study.name for study in made} == {"a sweep"}
    assert exponent(made[0].law("t2")) == pytest.approx(expected(), abs=1e-9)


def test_what_is_no_table_is_refused_before_anything_is_sent(client: Client, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match=r"runs\.xlsx: the ending says what it is; accepted: \.csv, \.parquet"):
        client.import_study(tmp_path / "runs.xlsx")
    with pytest.raises(InvalidArgument, match="a int is no table of runs"):
        client.import_study(3, **SAID)
    with pytest.raises(FileNotFoundError):
        client.import_study(tmp_path / "runs.csv")
    with pytest.raises(Invalid) as refused:
        client.import_study([row | {"t2_step": float("nan")} for row in sweep()], **SAID)
    assert refused.value.faults[0]["detail"].startswith("row 1, t2_step: missing, and steps is too")
    assert pickle.loads(pickle.dumps(refused.value)).faults == refused.value.faults
    assert {*inspect.signature(client.import_study).parameters} - {"table", "idempotency_key"} == {
        *(
            "name",
            "rate",
            "data",
            "rename",
            "ignore",
            "steps_per_unit",
            "train_threshold",
            "test_threshold",
            "error",
            "tags",
        )
    }


def test_one_key_makes_one_study(client: Client) -> None:
    one, again = (client.import_study(sweep(), **SAID, idempotency_key="k") for _ in range(2))
    assert one.id == again.id != client.import_study(sweep(), **SAID).id


def test_the_command_prints_the_id_alone_and_tells_what_it_assumed(url: str, tmp_path: Path) -> None:
    file = tmp_path / "runs.csv"
    rows = [{"random seed": row.pop("seed"), **row, "width": 64, "Name": "x"} for row in sweep()]
    file.write_bytes(as_csv(rows))
    asked = ("--rate", "lr*weight_decay", "--rename", "random seed=seed", "--ignore", "Name", "--tags", "a,b")
    made = grokscale("import", str(file), *asked, GROKSCALE_URL=url)
    assert (made.code, made.err) == (
        0,
        "warning: nothing says what width is: it counts as data (--data says otherwise)\n",
    )
    study = httpx2.get(f"{url}/v1/studies/{made.out.strip()}").json()
    assert (study["name"], study["tags"], study["spec"]["task"]["data"]) == ("runs", ["a", "b"], ["width"])
    told = grokscale("import", str(file), *asked, "--data", "", "--name", "b", GROKSCALE_URL=url)
    assert (told.code, told.err) == (0, "")
    law = grokscale("law", told.out.strip(), GROKSCALE_URL=url)
    assert law.out.startswith(f"exponent {expected():.4g}"[:13])
    bad = grokscale("import", str(file), GROKSCALE_URL=url)
    assert (bad.code, bad.out) == (1, "")
    assert bad.err.startswith(
        "grokscale: Invalid table of runs\n  /rows/0/random seed: the column 'random seed' is refused"
    )
    wrong = grokscale("import", str(file), "--rename", "x", GROKSCALE_URL=url)
    assert (wrong.code, wrong.err) == (1, "grokscale: --rename x is refused; accepted: OLD=NEW\n")


def curves() -> list[dict[str, Any]]:
    """Logged curves that fall to 0.05 at t1 = 20 and about t2 = c_seed / (lr * weight_decay)."""
    noise = np.random.default_rng(1)
    step = np.unique(np.geomspace(1, 1e6, 400).astype(int))
    return [
        {
            "seed": seed,
            "lr": lr,
            "weight_decay": decay,
            "step": step,
            "train_error": 0.05 ** (step / 20),
            "test_error": 0.05 ** (step * lr * decay / (8 + seed) * np.exp(0.1 * noise.standard_normal())),
        }
        for seed in range(3)
        for lr in (1e-3, 1e-2)
        for decay in (0.03, 0.1, 0.3)
    ]


def test_the_snippet_of_the_readme_prints_a_law(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GROKSCALE_URL", url)
    names: dict[str, Any] = {"runs": curves()}
    exec(block("Runs made elsewhere", "python"), names)
    said = capsys.readouterr().out
    study = names["study"]
    with Client(url) as client:
        law, trials = client.law(study.id), client.trials(study.id)
    assert said == law["text"] + "\n"
    assert " of t2 in 1/(lr*weight_decay). " in said
    assert exponent(law) == pytest.approx(1, abs=0.1)
    assert study.data["spec"]["budget"]["test_threshold"] == 0.05
    logged = (names["runs"][0][name] for name in ("step", "train_error", "test_error"))
    row = crossings(*logged, train_threshold=0.05, test_threshold=0.05)
    first = trials.to_pylist()[0]
    assert {name: first[name] for name in row} == row


# -- beside others ----------------------------------------------------------------------------------------------------


def beside(app: FastAPI, url: str, rows: int) -> tuple[list[float], httpx2.Response]:
    """Import so many rows; return how long `/livez` took meanwhile, and the answer."""
    lines = [f"{i},0.01,{10 ** -(1 + i % 7 / 7):.6f},{100 + i},{200 + i}" for i in range(rows)]
    content = "\n".join(["seed,lr,weight_decay,t1_step,t2_step", *lines]).encode()
    answers: list[httpx2.Response] = []

    def post() -> None:
        answers.append(httpx2.post(f"{url}{WHERE}", params=SAID, content=content, headers=CSV, timeout=280))

    thread = threading.Thread(target=post)
    waited = []
    thread.start()
    while thread.is_alive():
        began = time.monotonic()
        assert httpx2.get(f"{url}/livez", timeout=30).status_code == 200
        waited.append(time.monotonic() - began)
    thread.join()
    return waited, answers[0]


@pytest.mark.parametrize("rows", [3_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_health_is_answered_at_once_while_a_large_table_is_imported(app: FastAPI, url: str, rows: int) -> None:
    waited, answer = beside(app, url, rows)
    assert answer.status_code == 201, answer.text
    assert answer.json()["progress"]["ended"] == rows
    assert sorted(waited)[int(0.95 * len(waited))] < 0.5
    assert max(waited) < 3
