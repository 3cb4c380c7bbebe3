"""Numbers at the ends of what a float holds, and studies of which nothing came."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from grokscale.studies.store import RunnerInfo, Store

SPARSE: dict[str, Any] = {
    "name": "u",
    "task": {"kind": "sparse_recovery", "n": 30, "s": 2, "N": 15},
    "regularizer": {"kind": "l1", "beta": 1e-3},
    "optimizer": {"kind": "proximal", "alpha": 0.1},
    "seeds": 1,
}
OUT_OF_RANGE = [5e-324, 1e-308, 1e-300, 1e-160, 1e-51, 1e51, 1e160, 1.7e308]


@pytest.mark.parametrize("value", OUT_OF_RANGE)
def test_strengths_and_steps_whose_product_no_float_holds_are_refused_by_name(http: TestClient, value: float) -> None:
    for beta in (value, [1e-3, value], {"log": sorted([1e-3, value]), "num": 3}):
        spec = SPARSE | {"regularizer": {"kind": "l1", "beta": beta}, "optimizer": {"kind": "proximal", "alpha": value}}
        for path in ("/v1/studies:validate", "/v1/studies"):
            refused = http.post(path, json=spec)
            assert refused.status_code == 422
            pointers = {fault["pointer"].split("/")[2] for fault in refused.json()["errors"]}
            assert pointers == {"beta", "alpha"}
            assert "from 1e-50 to 1e+50" in refused.json()["errors"][0]["detail"]
    assert http.get("/v1/studies").json()["items"] == []


ENDS = [1e-50, 1e-25, 1e25, 1e50]


@pytest.mark.parametrize("value", ENDS)
@pytest.mark.parametrize("optimizer", ["subgradient", "proximal", "projected"])
def test_within_the_range_every_prediction_is_finite_or_null(http: TestClient, optimizer: str, value: float) -> None:
    for beta, alpha in ((value, value), (1e-3, value), (value, 0.1), (1 / value, value)):
        spec = SPARSE | {
            "regularizer": {"kind": "l1", "beta": beta},
            "optimizer": {"kind": optimizer, "alpha": alpha},
        }
        answer = http.post("/v1/studies:validate", json=spec)
        if 1e-50 <= beta <= 1e50:
            assert answer.status_code == 200, (beta, alpha, answer.text)
            assert answer.json()["trials"] == 1
        else:
            assert answer.json()["errors"][0]["pointer"] == "/regularizer/beta"


@pytest.mark.parametrize("exponent", [-10, 10])
def test_nor_does_a_known_law_leave_the_floats(http: TestClient, exponent: int) -> None:
    spec = SPARSE | {
        "task": {"kind": "synthetic", "exponent": exponent, "prefactor": 1e50},
        "regularizer": {"kind": "l1", "beta": [1e-50, 1e50]},
        "optimizer": {"kind": "proximal", "alpha": [1e-50, 1e50]},
    }
    cells = http.post("/v1/studies:validate", json=spec).json()["cells"]
    unknown = [cell for cell in cells if cell["t2_predicted"] is None]
    assert len(unknown) == 1
    assert unknown[0]["reasons"]["t2_predicted"] == "(alpha beta)^-exponent is above every float"


def test_the_study_s_own_threshold_is_the_study_s_law(
    http: TestClient, submit: Callable[..., str], run: Callable[..., Any]
) -> None:
    study_id = submit(budget={"test_threshold": 0.05, "train_threshold": 0.02})
    run()
    for response, threshold in (("t2", "0.05"), ("t2", "5e-2"), ("t1", "0.02"), ("t2_stayed", "0.05")):
        plain = http.get(f"/v1/studies/{study_id}/laws/{response}")
        asked = http.get(f"/v1/studies/{study_id}/laws/{response}", params={"threshold": threshold})
        assert (plain.status_code, asked.status_code) == (200, 200), asked.text
        assert asked.json() == plain.json()
    drawn = http.get(f"/v1/studies/{study_id}/charts/law.json", params={"threshold": "0.05"})
    assert drawn.status_code == 200, drawn.text
    fitted = http.post(f"/v1/studies/{study_id}/fits", json={"models": ["M2"], "threshold": 0.05})
    assert fitted.status_code == 201, fitted.text


def test_a_study_of_which_every_trial_failed_says_so_wherever_it_is_asked(
    http: TestClient, store: Store, submit: Callable[..., str]
) -> None:
    study_id = submit()
    store.heartbeat(RunnerInfo("runner-1", "here", 1, False))
    lease = store.claim("runner-1", 60.0)
    assert lease is not None
    while waiting := store.open_packs(lease):
        for pack in waiting:
            store.fail_pack(lease, pack.id, {"type": "ValueError", "message": "no such luck"}, 1)
    store.finish(lease)
    study = http.get(f"/v1/studies/{study_id}").json()
    assert (study["state"], study["progress"]["by_outcome"]) == ("completed", {"failed": 24})
    assert study["reason"] == "all 24 trials failed; trial 0: no such luck"
    for path in ("laws/t2", "phases?x=alpha", "theory", "charts/law.svg"):
        refused = http.get(f"/v1/studies/{study_id}/{path}")
        assert refused.status_code == 409, path
        assert "24" in refused.json()["detail"], refused.json()["detail"]
        assert "failed" in refused.json()["detail"], refused.json()["detail"]
