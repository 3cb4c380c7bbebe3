"""One request in its several spellings: repeats and commas, HEAD, slashes, capitals, aliases, encodings."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient

from tests.service.conftest import SPEC

LAWS = "/v1/studies/{study}/laws/t2"
ASKED_TWICE = [
    (LAWS, "x=1/(alpha*beta)&x=alpha", "x"),
    (LAWS, "effect=draw&effect=draw", "effect"),
    (LAWS, "by=alpha&by=beta", "by"),
    ("/v1/studies", "limit=1&limit=2", "limit"),
    ("/v1/studies", "tag=a&tag=b", "tag"),
    ("/v1/studies/{study}/trials", "sort=t2&sort=t1", "sort"),
    ("/v1/studies/{study}/phases", "x=alpha&x=beta", "x"),
    ("/v1/studies/{study}/pareto", "max_error=1&max_error=2", "max_error"),
    ("/v1/studies/{study}/charts/law.svg", "width=400&width=500", "width"),
    ("/v1/trials/{trial}/curves", "max_points=2&max_points=3", "max_points"),
]


def trial_of(http: TestClient, study_id: str) -> str:
    return http.get(f"/v1/studies/{study_id}/trials", params={"limit": 1}).json()["items"][0]["id"]


@pytest.mark.parametrize(("path", "query", "name"), ASKED_TWICE)
def test_a_parameter_given_twice_is_refused_by_name(
    http: TestClient, finished: str, path: str, query: str, name: str
) -> None:
    answer = http.get(f"{path.format(study=finished, trial=trial_of(http, finished))}?{query}")
    assert answer.status_code == 422
    detail = "given twice; accepted: once"
    assert answer.json()["errors"] == [{"in": "query", "pointer": f"/{name}", "detail": detail}]


def test_every_parameter_of_every_route_is_a_list_or_is_taken_once(http: TestClient, app: FastAPI) -> None:
    tried = 0
    for path, operations in app.openapi()["paths"].items():
        url = path.format(study_id="x", trial_id="x", fit_id="x", name="x", response="t2", chart="law", format="svg")
        for parameter in operations.get("get", {}).get("parameters", []):
            if parameter["in"] != "query" or parameter["schema"].get("type") == "array":
                continue
            answer = http.get(f"{url}?{parameter['name']}=1&{parameter['name']}=1")
            assert answer.status_code == 422, (path, parameter["name"])
            assert "given twice" in answer.json()["detail"], (path, parameter["name"])
            tried += 1
    assert tried > 25


@pytest.mark.parametrize(("header", "path"), [("Idempotency-Key", ""), ("Content-Type", "")])
def test_a_header_given_twice_is_refused_by_name(http: TestClient, header: str, path: str) -> None:
    given = {"Content-Type": "application/json"} | {header: "application/json"}
    headers = [*given.items(), (header, "application/json")]
    answer = http.post(f"/v1/studies{path}", content=json.dumps(SPEC), headers=headers)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"/{header}"
    assert http.get("/v1/studies").json()["items"] == []


def test_a_field_of_a_body_given_twice_is_refused_by_name(http: TestClient, finished: str) -> None:
    body = '{"models": ["M0"], "models": ["M2"], "where": {"beta": [null, 1], "beta": [1, null]}}'
    headers = {"Content-Type": "application/json"}
    answer = http.post(f"/v1/studies/{finished}/fits", content=body, headers=headers)
    assert answer.status_code == 422
    assert [(fault["in"], fault["pointer"]) for fault in answer.json()["errors"]] == [
        ("body", "/models"),
        ("body", "/where/beta"),
    ]
    assert http.get(f"/v1/studies/{finished}/fits").json()["items"] == []


LISTS = [
    (LAWS, "terms", ("alpha", "beta")),
    ("/v1/studies", "state", ("queued", "completed")),
    ("/v1/studies/{study}/trials", "outcome", ("pending", "generalised")),
    ("/v1/studies/{study}/trials", "range", ("alpha:0.01:0.05", "beta::1e-4")),
    ("/v1/studies/{study}/charts/curves.json", "trial", ("0", "3")),
    ("/v1/trials/{trial}/curves", "metrics", ("train_error", "test_error")),
]


@pytest.mark.parametrize(("path", "name", "members"), LISTS)
def test_a_list_is_the_same_with_commas_and_by_repeating(
    http: TestClient, finished: str, path: str, name: str, members: tuple[str, str]
) -> None:
    url = path.format(study=finished, trial=trial_of(http, finished))
    spelled = [f"{name}={members[0]},{members[1]}", f"{name}={members[0]}&{name}={members[1]}"]
    spelled.append(f"{name}={members[0]},%20{members[1]}")
    answers = [http.get(f"{url}?{query}") for query in spelled]
    assert [answer.status_code for answer in answers] == [200] * 3, answers[0].text
    assert answers[0].content == answers[1].content == answers[2].content
    assert answers[0].content != http.get(f"{url}?{name}={members[0]}").content


def test_a_law_of_repeated_terms_is_of_all_of_them(http: TestClient, finished: str) -> None:
    law = http.get(f"/v1/studies/{finished}/laws/t2?terms=alpha&terms=beta").json()
    assert sorted(law["exponents"]) == ["alpha", "beta"]


def test_a_list_of_nothing_is_refused(http: TestClient, finished: str) -> None:
    for query in ("terms=", "terms=alpha,", "terms=,"):
        assert http.get(f"/v1/studies/{finished}/laws/t2?{query}").status_code == 422


def readable(app: FastAPI, study_id: str, trial_id: str) -> list[str]:
    """The paths that answer GET."""
    paths = {context.path for context in iter_route_contexts(app.routes) if "GET" in (context.methods or ())}
    known = {
        "study_id": study_id,
        "trial_id": trial_id,
        "fit_id": "x",
        "response": "t2",
        "chart": "law",
        "format": "json",
    }
    plain = [path.replace(":id}", "}").replace(":word}", "}") for path in paths if path]
    return sorted(path.format(**known) for path in plain if "assets" not in path)


TELL_AN_AGE = {"/readyz"}
"""Two answers of these differ by their time, and so by a digit at times."""


def test_head_is_answered_wherever_get_is(app: FastAPI, http: TestClient, finished: str) -> None:
    paths = readable(app, finished, trial_of(http, finished))
    assert len(paths) > 18
    for path in paths:
        asked = path + ("?x=alpha" if path.endswith("phases") else "")
        got, headed = http.get(asked), http.head(asked)
        assert headed.status_code == got.status_code, path
        assert headed.content == b""
        for name in ("content-type", "etag", "location"):
            assert headed.headers.get(name) == got.headers.get(name), (path, name)
        if path in TELL_AN_AGE:
            assert int(headed.headers["content-length"]) > 0
        else:
            assert headed.headers.get("content-length") == got.headers.get("content-length"), path


def test_head_does_not_wait_for_a_stream(http: TestClient, submit: Callable[..., str]) -> None:
    study_id = submit()  # queued: the stream of its events has no end
    headed = http.head(f"/v1/studies/{study_id}/events")
    assert (headed.status_code, headed.content) == (200, b"")
    assert headed.headers["content-type"].startswith("text/event-stream")
    listed = http.head(f"/v1/studies/{study_id}/trials", headers={"Accept": "text/csv"})
    assert (listed.status_code, listed.content) == (200, b"")


def test_head_is_for_what_get_is_for(http: TestClient) -> None:
    for path in ("/v1/studies:validate", "/v1/studies/x:cancel"):
        refused = http.head(path)
        assert (refused.status_code, refused.content) == (405, b"")


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "identity, gzip", "GZIP"])
def test_an_encoded_body_is_refused_as_such(http: TestClient, finished: str, coding: str) -> None:
    body = gzip.compress(json.dumps(SPEC).encode())
    headers = {"Content-Encoding": coding, "Content-Type": "application/json"}
    for path in ("/v1/studies", "/v1/studies:validate", f"/v1/studies/{finished}/fits", f"/v1/studies/{finished}:stop"):
        answer = http.post(path, content=body, headers=headers)
        assert answer.status_code == 415, path
        assert answer.headers["accept-encoding"] == "identity"
        assert "Content-Encoding" in answer.json()["detail"]


def test_identity_is_no_encoding(http: TestClient) -> None:
    headers = {"Content-Encoding": "identity"}
    assert http.post("/v1/studies:validate", json=SPEC, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("alias", "media"),
    [
        ("application/ndjson", "application/x-ndjson"),
        ("application/parquet", "application/vnd.apache.parquet"),
        ("Application/NDJSON; charset=utf-8", "application/x-ndjson"),
        ("application/json;q=0.1, application/parquet", "application/vnd.apache.parquet"),
    ],
)
def test_other_names_of_what_is_served_are_taken(http: TestClient, finished: str, alias: str, media: str) -> None:
    url = f"/v1/studies/{finished}/trials"
    answer = http.get(url, headers={"Accept": alias})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == media
    assert answer.content == http.get(url, headers={"Accept": media}).content


def test_several_accept_headers_are_one_list(http: TestClient, finished: str) -> None:
    headers = [("Accept", "application/json;q=0.1"), ("Accept", "text/csv")]
    assert http.get(f"/v1/studies/{finished}/trials", headers=headers).headers["content-type"].startswith("text/csv")


def test_several_tags_are_one_list(http: TestClient, finished: str) -> None:
    tag = http.get(f"/v1/studies/{finished}").headers["etag"]
    for headers in ([("If-None-Match", tag), ("If-None-Match", '"x"')], [("If-None-Match", f'"x", {tag}')]):
        assert http.get(f"/v1/studies/{finished}", headers=headers).status_code == 304


def test_a_trailing_slash_changes_nothing(app: FastAPI, http: TestClient, finished: str) -> None:
    for path in readable(app, finished, trial_of(http, finished)):
        assert http.get(f"{path}/?").status_code == http.get(path).status_code, path
    submitted = http.post("/v1/studies/", json=SPEC)
    assert submitted.status_code == 201
    assert http.post(f"{submitted.headers['location']}:cancel/").json()["state"] == "cancelled"
    assert http.delete(f"{submitted.headers['location']}/").status_code == 204


def test_an_idempotency_key_is_of_the_route_with_and_without_the_slash(http: TestClient) -> None:
    headers = {"Idempotency-Key": "once"}
    ids = {http.post(path, json=SPEC, headers=headers).json()["id"] for path in ("/v1/studies", "/v1/studies/")}
    assert len(ids) == 1


def test_an_id_in_capitals_is_the_same_id(http: TestClient, finished: str) -> None:
    upper, trial_id = finished.upper(), trial_of(http, finished)
    made = http.post(f"/v1/studies/{upper}/fits", json={"models": ["M0"], "studies": [upper]}).json()
    paths = [
        f"/v1/studies/{upper}",
        f"/v1/studies/{upper}/laws/t2",
        f"/v1/trials/{trial_id.upper()}",
        f"/v1/trials/{trial_id.upper()}/curves",
        f"/v1/fits/{made['id'].upper()}",
        f"/v1/studies/{upper}/charts/curves.json?trial={trial_id.upper()}",
    ]
    assert [http.get(path).status_code for path in paths] == [200] * len(paths)
    assert http.delete(f"/v1/studies/{upper}").status_code == 204


@pytest.mark.parametrize("name", ["created_after", "created_before"])
@pytest.mark.parametrize(
    "time", ["0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59-00:01"]
)
def test_a_time_that_has_no_utc_is_refused_by_name(http: TestClient, name: str, time: str) -> None:
    answer = http.get(f"/v1/studies?{name}={time}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"/{name}"
    assert "years 1 to 9999" in answer.json()["errors"][0]["detail"]


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "2026-01-01T00:00:00%2B14:00"])
def test_the_ends_of_the_calendar_are_times(http: TestClient, finished: str, time: str) -> None:
    both = [http.get(f"/v1/studies?created_{side}={time}").json()["items"] for side in ("after", "before")]
    assert sorted(len(items) for items in both) == [0, 1]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v1/studies", "created_after=2026-01-01T00:00:00+02:00"),
        (LAWS, "x=1e+5*alpha"),
        (LAWS, "threshold=1e+0"),
        ("/v1/studies/{study}/trials", "range=alpha:1e+5:"),
        ("/v1/studies/{study}/pareto", "max_error=1e+0"),
        ("/v1/studies/{study}/charts/law.json", "x=1e+5*alpha"),
    ],
)
def test_a_plus_that_became_a_space_is_told_of(http: TestClient, finished: str, path: str, query: str) -> None:
    refused = http.get(f"{path.format(study=finished)}?{query}")
    assert refused.status_code == 422
    assert "%2B" in refused.json()["errors"][0]["detail"]


def test_greek_letters_are_the_fields_names(http: TestClient, finished: str) -> None:
    plain: dict[str, Any] = http.get(f"/v1/studies/{finished}/laws/t2", params={"x": "1/(alpha*beta)"}).json()
    for spelled in ("1/(α*β)", "1/(α·β)", "1/(alpha×beta)", "1/(α⋅β)", "1/(α β)"):
        answer = http.get(f"/v1/studies/{finished}/laws/t2", params={"x": spelled})
        if spelled == "1/(α β)":
            assert answer.status_code == 422
        else:
            assert answer.json() == plain, spelled
    terms = http.get(f"/v1/studies/{finished}/laws/t2", params={"terms": "α,β"}).json()
    assert sorted(terms["exponents"]) == ["alpha", "beta"]
