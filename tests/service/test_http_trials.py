"""Trials and curves over HTTP, in every format."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from starlette.testclient import TestClient

from grokscale.studies.store import Lease, Store


def trials(http: TestClient, study_id: str, **parameters: Any) -> list[dict[str, Any]]:
    answer = http.get(f"/v1/studies/{study_id}/trials", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def streamed(http: TestClient, study_id: str, media: str, **parameters: Any) -> Any:
    answer = http.get(f"/v1/studies/{study_id}/trials", params=parameters, headers={"Accept": media})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(media)
    return answer


def test_a_trial_has_the_documented_fields(http: TestClient, finished: str) -> None:
    documented = "id study_id index configuration config seed data_id stream_id outcome obtained looks t1 t1_gradient"
    documented += " steps t2 t2_plateau delay ladder errors theory pack attempt host seconds error"
    trial = trials(http, finished)[0]
    assert set(documented.split()) <= set(trial)
    assert set(trial) - set(documented.split()) == {"delay_reason", "error_reasons", "theory_reasons"}


def test_a_trial_shows_what_was_committed(http: TestClient, finished: str) -> None:
    trial = trials(http, finished, range=["alpha:0.1:0.1", "beta:1e-5:1e-5"])[2]
    assert trial["config"]["alpha"] == 0.1
    assert trial["seed"] == 2
    assert trial["outcome"] == "generalised"
    t2 = round(1.2 / 1e-6 * math.exp(0.01 * math.sin(12.9898 * trial["index"])))
    assert trial["t2"] == {"step": t2, "lower": t2 - 1, "upper": t2, "censoring": "exact", "stayed": t2}
    assert trial["t2_plateau"]["censoring"] == "interval"
    assert trial["delay"]["step"] == t2 - 100
    assert trial["ladder"]["1e-3"] == {"t1": None, "t2": None}
    assert trial["errors"]["stop"] == {"error": 1e-3, "step": t2 + 1000, "measures": {"mean_l1": 1e-5}}
    assert trial["errors"]["settled"] is None
    assert trial["theory"]["floor"] is None
    assert trial["theory_reasons"] == {"floor": "not a task with a floor"}
    assert (trial["attempt"], trial["host"], trial["seconds"], trial["error"]) == (1, "here", 0.5, None)


def test_a_trial_that_has_not_ended_is_empty(http: TestClient, submit: Callable[..., str]) -> None:
    trial = trials(http, submit())[0]
    assert (trial["outcome"], trial["t2"], trial["errors"], trial["ladder"]) == (None, None, {}, {})


def test_pages_follow_one_another(http: TestClient, finished: str) -> None:
    path = f"/v1/studies/{finished}/trials"
    first = http.get(path, params={"limit": 20}).json()
    second = http.get(path, params={"limit": 20, "cursor": first["next"]}).json()
    assert [trial["index"] for trial in first["items"] + second["items"]] == list(range(24))
    assert second["next"] is None


def test_trials_are_filtered_by_outcome(
    http: TestClient, submit: Callable[..., str], run: Callable[..., Lease]
) -> None:
    study_id = submit()
    run(10)
    assert len(trials(http, study_id, outcome="generalised")) == 10
    assert len(trials(http, study_id, outcome="pending")) == 14
    assert len(trials(http, study_id, outcome=["pending", "generalised"])) == 24


def test_trials_are_filtered_by_ranges_of_fields(http: TestClient, finished: str) -> None:
    found = trials(http, finished, range=["beta:5e-5:", "alpha::0.05"])
    assert len(found) == 8
    assert all(trial["config"]["beta"] >= 5e-5 and trial["config"]["alpha"] == 0.01 for trial in found)


def test_trials_are_sorted(http: TestClient, finished: str) -> None:
    steps = [trial["t2"]["step"] for trial in trials(http, finished, sort="-t2")]
    assert steps == sorted(steps, reverse=True)
    assert len(set(steps)) > 10


@pytest.mark.parametrize(
    ("parameters", "pointer"),
    [
        ({"outcome": "happy"}, "/outcome/0"),
        ({"sort": "colour"}, "/sort"),
        ({"sort": "optimizer"}, "/sort"),
        ({"range": "colour:1:2"}, "/range"),
        ({"range": "alpha:1"}, "/range"),
        ({"range": "alpha:one:two"}, "/range"),
        ({"range": "alpha:nan:"}, "/range"),
        ({"range": ["alpha:0:1", "alpha:0:2"]}, "/range"),
        ({"limit": 0}, "/limit"),
        ({"cursor": "x"}, "/cursor"),
        ({"colour": "red"}, "/colour"),
    ],
)
def test_a_wrong_parameter_is_named(http: TestClient, finished: str, parameters: dict[str, Any], pointer: str) -> None:
    answer = http.get(f"/v1/studies/{finished}/trials", params=parameters)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]


def test_a_cursor_of_another_sort_is_refused(http: TestClient, finished: str) -> None:
    path = f"/v1/studies/{finished}/trials"
    cursor = http.get(path, params={"limit": 1}).json()["next"]
    assert http.get(path, params={"sort": "t2", "cursor": cursor}).status_code == 422


def test_ndjson_has_the_same_objects_as_json(http: TestClient, finished: str) -> None:
    lines = streamed(http, finished, "application/x-ndjson").text.splitlines()
    assert [json.loads(line) for line in lines] == trials(http, finished)


def test_csv_has_the_same_rows_as_json(http: TestClient, finished: str) -> None:
    rows = list(csv.DictReader(io.StringIO(streamed(http, finished, "text/csv").text)))
    for row, trial in zip(rows, trials(http, finished), strict=True):
        assert row["id"] == trial["id"]
        assert int(row["index"]) == trial["index"]
        assert float(row["alpha"]) == trial["config"]["alpha"]
        assert int(row["t2_step"]) == trial["t2"]["step"]
        assert row["t1_gradient_step"] == ""
        assert float(row["error_stop"]) == trial["errors"]["stop"]["error"]
        assert json.loads(row["ladder"]) == trial["ladder"]


def test_parquet_is_the_typed_table(http: TestClient, store: Store, finished: str) -> None:
    content = streamed(http, finished, "application/vnd.apache.parquet").content
    assert pyarrow.parquet.read_table(pa.BufferReader(content)).equals(store.table(finished))


@pytest.mark.parametrize("media", ["application/x-ndjson", "text/csv", "application/vnd.apache.parquet"])
def test_streams_hold_all_rows_of_the_filter(http: TestClient, finished: str, media: str) -> None:
    content = streamed(http, finished, media, range="alpha:0.1:", sort="-beta")
    if media == "application/vnd.apache.parquet":
        count = pyarrow.parquet.read_table(pa.BufferReader(content.content)).num_rows
    else:
        count = len(content.text.splitlines()) - (media == "text/csv")
    assert count == 12


def test_an_empty_csv_still_names_its_columns(http: TestClient, finished: str) -> None:
    text = streamed(http, finished, "text/csv", outcome="diverged").text
    assert text.startswith('"id","index"')
    assert len(text.splitlines()) == 1


@pytest.mark.parametrize("parameters", [{"sort": "colour"}, {"range": "x:1:2"}, {"limit": 5}])
@pytest.mark.parametrize("media", ["application/x-ndjson", "text/csv"])
def test_a_stream_refuses_before_it_begins(
    http: TestClient, finished: str, media: str, parameters: dict[str, Any]
) -> None:
    answer = http.get(f"/v1/studies/{finished}/trials", params=parameters, headers={"Accept": media})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_media_type_that_is_not_served_is_refused(http: TestClient, finished: str) -> None:
    answer = http.get(f"/v1/studies/{finished}/trials", headers={"Accept": "image/png"})
    assert answer.status_code == 406
    assert "text/csv" in answer.json()["detail"]


def test_one_trial_is_the_same_as_in_the_list(http: TestClient, finished: str) -> None:
    listed = trials(http, finished)[5]
    assert http.get(f"/v1/trials/{listed['id']}").json() == listed


@pytest.mark.parametrize("path", ["/v1/trials/nope", "/v1/trials/nope/curves"])
def test_a_trial_that_is_not_there_is_404(http: TestClient, path: str) -> None:
    answer = http.get(path)
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:grokscale:problem:trial-not-found"


def curves(http: TestClient, study_id: str, **parameters: Any) -> Any:
    trial_id = trials(http, study_id)[0]["id"]
    return http.get(f"/v1/trials/{trial_id}/curves", params=parameters)


def test_curves_have_a_value_a_point_and_null_where_it_was_not_finite(http: TestClient, finished: str) -> None:
    shown = curves(http, finished).json()
    assert shown["step"][:2] == [0, 1]
    assert set(shown["columns"]) == {"train_error", "test_error"}
    assert shown["columns"]["test_error"] == [1, 1, 0.9, 1e-2, None]
    assert math.isclose(shown["columns"]["train_error"][-1], 1e-4)
    assert shown["coordinates"] is None


def test_curves_are_thinned_with_both_ends_kept(http: TestClient, finished: str) -> None:
    whole, thin = curves(http, finished).json()["step"], curves(http, finished, max_points=3).json()["step"]
    assert (len(thin), thin[0], thin[-1]) == (3, whole[0], whole[-1])


def test_only_the_metrics_asked_for_come(http: TestClient, finished: str) -> None:
    assert set(curves(http, finished, metrics="test_error").json()["columns"]) == {"test_error"}


@pytest.mark.parametrize(
    ("parameters", "pointer"),
    [({"metrics": "colour"}, "/metrics"), ({"max_points": 1}, "/max_points"), ({"x": 1}, "/x")],
)
def test_a_wrong_parameter_of_curves_is_named(
    http: TestClient, finished: str, parameters: dict[str, Any], pointer: str
) -> None:
    answer = curves(http, finished, **parameters)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]


def test_a_trial_that_has_not_ended_has_empty_curves(http: TestClient, submit: Callable[..., str]) -> None:
    shown = curves(http, submit()).json()
    assert (shown["step"], shown["columns"]) == ([], {})
