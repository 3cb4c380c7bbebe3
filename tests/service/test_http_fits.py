"""Stored fits over HTTP: kept with request, rows and versions; the same rows give the same digits."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pyarrow.csv
import pyarrow.parquet
import pytest
from starlette.testclient import TestClient

from grokscale.service.client import Client, Invalid, TooLittleData
from grokscale.service.commands.tables import fit_tables
from grokscale.studies.laws import Request, fit_family
from grokscale.studies.store import Lease, RunnerInfo, Store
from tests.service.outcomes import outcome_of


def make(http: TestClient, study_id: str, **request: Any) -> Any:
    return http.post(f"/v1/studies/{study_id}/fits", json=request)


def test_a_fit_is_made_stored_and_read_again(http: TestClient, finished: str) -> None:
    made = make(http, finished, models=["M0", "M2"])
    assert made.status_code == 201
    read = http.get(made.headers["Location"]).json()
    assert read == made.json()
    assert read["stale"] is False
    assert read["result"]["models"]["M2"]["parameters"]["1/(alpha*beta)"]["value"] == pytest.approx(1, abs=5e-3)
    assert read["request"]["studies"] == [finished]
    assert {"grokscale", "numpy", "scipy"} <= set(read["versions"])
    summary = {name: value for name, value in read.items() if name not in ("result", "stale")}
    assert http.get(f"/v1/studies/{finished}/fits").json()["items"] == [summary]


def test_the_exported_rows_have_the_hash_and_give_the_same_digits(http: TestClient, finished: str) -> None:
    fit = make(http, finished, models=["M2", "M3"]).json()
    url = f"/v1/fits/{fit['id']}/rows"
    csv = http.get(url, headers={"Accept": "text/csv"}).content
    assert hashlib.sha256(csv).hexdigest() == fit["rows_hash"]
    rows = pyarrow.parquet.read_table(io.BytesIO(http.get(url).content))
    again = fit_family(rows, Request(models=("M2", "M3"))).result
    assert again["models"] == fit["result"]["models"]
    assert make(http, finished, models=["M2", "M3"]).json()["result"] == fit["result"]


def test_a_fit_is_stale_once_more_trials_have_ended(
    http: TestClient, store: Store, submit: Callable[..., str], run: Callable[..., Lease]
) -> None:
    study_id = submit()
    lease = run(20)
    fit = make(http, study_id, models=["M2"]).json()
    assert http.get(f"/v1/fits/{fit['id']}").json()["stale"] is False
    (pack,) = [pack for pack in store.open_packs(lease) if set(pack.members) & {20, 21, 22, 23}]
    left = [outcome_of(trial) for trial in store.pack_trials(pack.id) if trial.index >= 20]
    assert left
    store.commit(lease, pack.id, left, 1, "here")
    assert http.get(f"/v1/fits/{fit['id']}").json() == {**fit, "stale": True}


def test_a_fit_stored_before_the_rows_had_all_their_columns_is_not_stale(
    http: TestClient, store: Store, finished: str
) -> None:
    made = make(http, finished, models=["M2"]).json()
    older = pyarrow.parquet.read_table(io.BytesIO(store.fit_rows(made["id"]))).drop_columns(["limit"])
    text, whole = io.BytesIO(), io.BytesIO()
    pyarrow.csv.write_csv(older, text)
    pyarrow.parquet.write_table(older, whole)
    digest = hashlib.sha256(text.getvalue()).hexdigest()
    store.add_fit(replace(store.fit(made["id"]), id="older", rows_hash=digest), whole.getvalue())
    assert http.get("/v1/fits/older").json()["stale"] is False


def test_a_filter_chooses_rows(http: TestClient, finished: str) -> None:
    fit = make(http, finished, models=["M2"], where={"beta": [1e-4, None]}).json()
    assert fit["result"]["n"] == 16
    assert fit["request"]["where"] == {"beta": [1e-4, None]}


def test_two_studies_are_compared(http: TestClient, submit: Callable[..., str], run: Callable[..., Lease]) -> None:
    first = submit()
    run()
    second = submit(seed=7)
    run()
    told = make(http, first, models=["M2"], studies=[second]).json()["result"]
    assert told["n"] == 48
    assert set(told["by_study"]["exponents"]) == {first, second}
    assert told["by_study"]["shared"]["p"] is not None


def test_its_own_study_named_again_is_counted_once(http: TestClient, finished: str) -> None:
    plain, named = (make(http, finished, models=["M2", "M3"], studies=ids).json() for ids in ([], [finished]))
    assert named["result"]["models"] == plain["result"]["models"]
    assert (named["result"]["n"], named["result"]["draws"], named["result"]["streams"]) == (24, 4, 4)
    assert (plain["result"]["counted_out"]["repeated"], named["result"]["counted_out"]["repeated"]) == (0, 24)
    assert not any("contradict" in warning for warning in named["result"]["warnings"])
    assert http.get(f"/v1/fits/{named['id']}").json()["stale"] is False
    rows = http.get(f"/v1/fits/{named['id']}/rows", headers={"Accept": "text/csv"}).content
    assert len(rows.splitlines()) == 25


def test_studies_of_one_seed_share_their_data_and_the_runs_that_both_have(
    http: TestClient, submit: Callable[..., str], run: Callable[..., Lease]
) -> None:
    first = submit()
    run()
    # its six configurations begin as those of the first do, so that each common run is the same to the step
    second = submit(
        regularizer={"kind": "l1", "beta": [1e-5, 1e-4, 1e-3]}, optimizer={"kind": "subgradient", "alpha": [0.01, 0.1]}
    )
    run()
    third = submit(name="the first again, with another budget", budget={"max_steps": 10**7})
    run()
    told = make(http, first, models=["M2"], studies=[second, third]).json()["result"]
    assert (told["n"], told["draws"], told["counted_out"]["repeated"]) == (48, 4, 24)
    assert set(told["by_study"]["exponents"]) == {first, second}


def test_a_study_that_gives_no_row_is_said_with_its_reason(
    http: TestClient, submit: Callable[..., str], run: Callable[..., Lease]
) -> None:
    first = submit(regularizer={"kind": "l1", "beta": [1e-9, 1e-8]})
    run()
    second = submit(seed=1)
    run()
    waiting = submit(seed=2)
    where = {"beta": [1e-5, 1e-3]}
    told = make(http, first, models=["M2"], studies=[second, waiting], where=where).json()["result"]
    assert told["studies"] == {
        first: {"rows": 0, "n": 0, "reason": "none of its 16 trials has beta from 1e-05 to 0.001"},
        second: {"rows": 24, "n": 24},
        waiting: {"rows": 24, "n": 0, "reason": "24 not ended yet"},
    }
    assert f"study {first} gives no row: none of its 16 trials has beta from 1e-05 to 0.001" in told["warnings"]
    assert f"study {waiting} gives no row: 24 not ended yet" in told["warnings"]
    refused = make(http, first, models=["M2"], where=where)
    assert refused.status_code == 409
    assert refused.json()["detail"] == "none of its 16 trials has beta from 1e-05 to 0.001"
    nowhere = make(http, first, models=["M2"], where={"beta": [None, 1e-30], "alpha": [1, None]})
    assert nowhere.json()["detail"] == "none of its 16 trials has beta up to 1e-30, alpha from 1"


@pytest.mark.parametrize("beta", [1e-50, 1e-49])
def test_numbers_near_the_ends_of_what_is_accepted_are_no_failure_anywhere(
    http: TestClient, store: Store, beta: float, submit: Callable[..., str], run: Callable[..., Lease]
) -> None:
    study_id = submit(regularizer={"kind": "l1", "beta": [beta, 3 * beta, 9 * beta]})
    store.heartbeat(RunnerInfo("runner-1", "here", 1, False))
    lease = store.claim("runner-1", 60.0)
    assert lease is not None
    for pack in store.open_packs(lease):
        store.pack_started(lease, pack.id, 1, "here")
        trials = store.pack_trials(pack.id)
        as_if = [
            replace(trial, config={**trial.config, "beta": float(trial.config["beta"] or 0) / beta * 1e-5})
            for trial in trials
        ]
        store.commit(lease, pack.id, [outcome_of(trial) for trial in as_if], 1, "here")
    answers = [
        make(http, study_id, intervals=["wald", "profile", "bootstrap"], covariance="draw", break_samples=2),
        make(http, study_id, noise="Weibull", effect="none"),
        *(
            http.get(f"/v1/studies/{study_id}/{path}")
            for path in ("laws/t2", "laws/t2?terms=alpha,beta", "laws/t1", "theory", "phases?x=beta", "pareto")
        ),
        *(
            http.get(f"/v1/studies/{study_id}/charts/{path}")
            for path in ("law.json", "phases.json?x=beta&y=alpha", "theory.json", "pareto.json", "law.svg")
        ),
        http.get(f"/v1/studies/{study_id}/trials", headers={"Accept": "text/csv"}),
    ]
    for answer in answers:
        assert answer.status_code in (200, 201, 409), (answer.url, answer.text)
        assert "NaN" not in answer.text
        assert "Infinity" not in answer.text
    fit = answers[0].json()["result"]
    assert fit["models"]["M2"]["parameters"]["1/(alpha*beta)"]["value"] == pytest.approx(1, abs=5e-3)
    assert "refused" not in fit["models"]["M1"]


@pytest.mark.parametrize(
    ("request_", "pointer"),
    [
        ({"terms": ["alpha", "alpha"]}, "/terms"),
        ({"terms": ["alpha*beta"]}, "/terms"),
        ({"terms": []}, "/terms"),
        ({"gap": "a_gap^2"}, "/gap"),
        ({"models": ["M7"]}, "/models/0"),
        ({"models": []}, "/models"),
        ({"noise": "Gaussian"}, "/noise"),
        ({"terms": ["gamma"]}, "/terms"),
        ({"response": "t9"}, "/response"),
        ({"threshold": -1}, "/threshold"),
        ({"where": {"gamma": [0, 1]}}, "/where/gamma"),
        ({"seed": 1.5}, "/seed"),
        ({"colour": "red"}, "/colour"),
    ],
)
def test_a_wrong_field_is_named(http: TestClient, finished: str, request_: dict[str, Any], pointer: str) -> None:
    refused = make(http, finished, **request_)
    assert refused.status_code == 422
    (fault,) = refused.json()["errors"]
    assert (fault["in"], fault["pointer"]) == ("body", pointer)


def test_too_little_is_refused_and_stores_nothing(http: TestClient, submit: Callable[..., str]) -> None:
    study_id = submit()
    assert make(http, study_id).status_code == 409
    assert http.get(f"/v1/studies/{study_id}/fits").json()["items"] == []


def test_what_is_not_there_is_said(http: TestClient, finished: str) -> None:
    assert make(http, "no-such").json()["type"].endswith("study-not-found")
    assert make(http, finished, models=["M2"], studies=["no-such"]).json()["type"].endswith("study-not-found")
    for path in ("", "/rows"):
        assert http.get(f"/v1/fits/no-such{path}").json()["type"].endswith("fit-not-found")


def test_a_fit_goes_with_its_study(http: TestClient, finished: str) -> None:
    fit = make(http, finished, models=["M2"]).json()
    assert http.delete(f"/v1/studies/{finished}").status_code == 204
    assert http.get(f"/v1/fits/{fit['id']}").status_code == 404


@pytest.fixture
def client(http: TestClient) -> Client:
    return Client("http://127.0.0.1:8000", transport=http._transport)


def test_the_client_speaks_of_fits(client: Client, finished: str, submit: Callable[..., str]) -> None:
    study = client.study(finished)
    fit = study.fit(models=["M0", "M2"])
    assert client.stored_fit(fit["id"]) == fit
    assert [summary["id"] for summary in study.fits()] == [fit["id"]]
    assert client.fit_rows(fit["id"]).num_rows == 24
    with pytest.raises(Invalid, match="Gaussian"):
        study.fit(noise="Gaussian")
    with pytest.raises(TooLittleData):
        client.fit(submit())


def test_the_command_prints_a_table_for_a_person(http: TestClient, finished: str) -> None:
    models, tests = fit_tables(make(http, finished).json()["result"])
    rows = {(row[0], row[1]): row[2] for row in models.rows}
    assert rows["M4", "not fitted"] == ""
    assert ("M3", "prefactor") in rows
    exponent = models.rows[[row[:2] for row in models.rows].index(["M2", "prefactor"]) + 1]
    assert exponent[1] == "1/(alpha*beta)"
    assert exponent[2].startswith(("0.99", "1.0"))
    assert [row[0] for row in tests.rows] == ["M0 in M1", "M0 in M2", "M2 in M3"]
