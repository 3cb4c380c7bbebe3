"""Phases and theory over HTTP, in the client and as tables: the numbers are tested where they live."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from grokscale.service.client import Client, Invalid, TooLittleData
from grokscale.service.commands.printing import plain_lines
from grokscale.service.commands.tables import phase_tables, theory_tables
from grokscale.studies import spec as specification
from grokscale.studies.packs import pack
from grokscale.studies.phases import phases
from grokscale.studies.store import Lease, RunnerInfo, Store
from grokscale.studies.theory import theory
from grokscale.trainers.pack import train
from tests.service.conftest import BASE_URL

SPARSE: dict[str, Any] = {
    "task": {"kind": "sparse_recovery", "n": 40, "s": [2, 3], "N": [6, 20]},
    "regularizer": {"kind": "l1", "beta": [1e-3, 1e-4]},
    "optimizer": {"kind": "proximal", "alpha": 0.05},
    "seeds": 4,
    "engine": "fast_forward",
}
"""32 trials, 16 draws: recovery fails at N = 6 and succeeds at N = 20."""


@pytest.fixture
def trained(submit: Callable[..., str], store: Store) -> str:
    """The id of a small real study, trained in this process."""
    study_id = submit(**SPARSE)
    store.heartbeat(RunnerInfo("runner-1", "here", 1, False))
    lease = store.claim("runner-1", 60.0)
    assert lease is not None
    spec = specification.parse(store.study(study_id).spec)
    for one in store.open_packs(lease):
        store.pack_started(lease, one.id, 1, "here")
        reports = list(train(pack(spec, store.pack_trials(one.id), one.id)))
        store.commit(lease, one.id, [outcome for report in reports for outcome in report.outcomes], 1, "here")
        store.end_pack(lease, one.id)
    store.finish(lease)
    return study_id


@pytest.fixture
def client(app: FastAPI, http: TestClient) -> Client:
    return Client(BASE_URL, transport=http._transport)  # type: ignore[arg-type]


def get(http: TestClient, study_id: str, what: str, **parameters: Any) -> Any:
    return http.get(f"/v1/studies/{study_id}/{what}", params=parameters)


def test_a_real_study_agrees_with_theory_and_has_a_phase_diagram(http: TestClient, store: Store, trained: str) -> None:
    found = get(http, trained, "theory").json()
    table = store.table(trained)
    assert found == json.loads(json.dumps(theory(table, store.theory_reasons(trained))))
    for name, least in (("t2", 5), ("t1", 10), ("floor", 20)):
        compared = found["comparisons"][name]
        assert compared["n"] >= least, compared
    # M2 is exact to O(beta); by hand, from the rows alone
    t2 = found["comparisons"]["t2"]
    measured = table["t2_step"].to_numpy(zero_copy_only=False).astype(float)
    predicted = table["t2_predicted"].to_numpy(zero_copy_only=False).astype(float)
    both = np.isfinite(measured) & np.isfinite(predicted)
    assert both.sum() == t2["n"]
    assert t2["ratio"]["value"] == pytest.approx(1, abs=0.1)
    assert found["comparisons"]["floor"]["ratio"]["value"] == pytest.approx(1, abs=0.02)
    assert found["explains_draws"]["value"] == pytest.approx(1, abs=0.1)
    assert found["explains_draws"]["r2"] > 0.95
    assert any("basis pursuit" in reason for reason in t2["unpredicted"])
    assert t2["n"] + sum(t2["counted_out"].values()) == 32
    diagram = get(http, trained, "phases", x="N", y="s").json()
    assert diagram == json.loads(json.dumps(phases(table, "N", "s")))
    assert [cell["n"] for cell in diagram["cells"]] == [8] * 4
    assert 5 < diagram["contour"]["points"][0]["x"] < 20
    assert diagram["contour"]["unit"] == "draw" or diagram["contour"]["covariance"] == "draw"


def test_the_answers_have_the_documented_fields(http: TestClient, finished: str) -> None:
    diagram = get(http, finished, "phases", x="alpha").json()
    documented = "cells contour not_identifiable counted_out draws streams warnings text x y by outcome groups"
    assert list(diagram) == documented.split()
    assert diagram["not_identifiable"]["reason"] == "every trial ended as generalised"
    compared = get(http, finished, "theory").json()
    documented = "comparisons explains_draws trials draws streams warnings text"
    assert list(compared) == documented.split()
    assert compared["comparisons"]["t2"]["ratio"]["value"] == 1
    assert list(compared["comparisons"]) == ["t1", "t2"]  # what the task predicts, and nothing of other tasks


def test_by_gives_a_diagram_a_value(http: TestClient, finished: str) -> None:
    found = get(http, finished, "phases", x="alpha", by="beta").json()
    assert [group["value"] for group in found["groups"]] == [1e-5, 1e-4, 1e-3]


def test_trials_to_come_are_counted_beside(
    http: TestClient, submit: Callable[..., str], run: Callable[..., Lease]
) -> None:
    study_id = submit()
    run(20)
    found = get(http, study_id, "phases", x="alpha").json()
    assert sum(cell["pending"] for cell in found["cells"]) == 4
    assert get(http, study_id, "theory").json()["comparisons"]["t2"]["counted_out"]["pending"] == 4


@pytest.mark.parametrize(("what", "parameters"), [("phases", {"x": "alpha"}), ("theory", {})])
def test_too_little_is_said_with_what_there_is(
    http: TestClient, submit: Callable[..., str], what: str, parameters: dict[str, str]
) -> None:
    answer = get(http, submit(), what, **parameters)
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:grokscale:problem:too-little-data"
    assert answer.json()["counts"]


@pytest.mark.parametrize(
    ("what", "parameters", "pointer"),
    [
        ("phases", {}, "/x"),
        ("phases", {"x": "colour"}, "/x"),
        ("phases", {"x": "alpha", "y": "colour"}, "/y"),
        ("phases", {"x": "alpha", "y": "alpha"}, "/y"),
        ("phases", {"x": "alpha", "outcome": "splendid"}, "/outcome"),
        ("phases", {"x": "alpha", "by": "colour"}, "/by"),
        ("phases", {"x": "alpha", "colour": "red"}, "/colour"),
        ("theory", {"colour": "red"}, "/colour"),
    ],
)
def test_a_wrong_argument_is_named(
    http: TestClient, finished: str, what: str, parameters: dict[str, str], pointer: str
) -> None:
    answer = get(http, finished, what, **parameters)
    assert answer.status_code == 422, answer.text
    assert [(fault["in"], fault["pointer"]) for fault in answer.json()["errors"]] == [("query", pointer)]


def test_an_unknown_field_comes_with_the_known_ones(http: TestClient, finished: str) -> None:
    assert {"alpha", "beta"} <= set(get(http, finished, "phases", x="colour").json()["known"])


def test_the_client_asks_for_both(client: Client, finished: str) -> None:
    study = client.study(finished)
    assert study.phases("alpha", "beta", by="regularizer")["by"]["values"] == ["l1"]
    assert study.theory()["comparisons"]["t2"]["n"] == 24
    with pytest.raises(Invalid):
        study.phases("colour")


def test_the_client_is_told_of_too_little(client: Client, submit: Callable[..., str]) -> None:
    with pytest.raises(TooLittleData):
        client.study(submit()).theory()


def test_both_are_tables_that_a_person_reads(http: TestClient, finished: str) -> None:
    (cells,) = phase_tables(get(http, finished, "phases", x="alpha", y="beta").json())
    lines = plain_lines(cells)
    assert lines[1].split() == ["beta", "alpha", "n", "pending", "generalised"]
    assert lines[2].split() == ["1e-05", "0.01", "4", "0", "1", "[0.5101,", "1]"]
    (ratios,) = theory_tables(get(http, finished, "theory").json())
    assert ratios.title == "t2 / t2_predicted"
    assert plain_lines(ratios)[-2].split() == ["all", "all", "24", "0", "0", "1", "[1,", "1]"]
