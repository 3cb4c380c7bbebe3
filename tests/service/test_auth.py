"""Who may ask: bearer keys, and the rules of a server without them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from grokscale.service.app import create_app
from grokscale.service.loopback import is_loopback
from grokscale.studies.settings import Settings
from grokscale.studies.store import Store
from tests.service.conftest import BASE_URL, SPEC

FIRST = "first-key-of-the-server"
OPEN = ["/livez", "/readyz", "/docs", "/openapi.json", "/docs/assets/swagger-ui.css"]


@pytest.fixture
def keyed(settings: Settings, store: Store) -> Iterator[TestClient]:
    """A client, without a key, of a server that has two."""
    with_keys = settings.model_copy(
        update={"api_keys": SecretStr("first-key-of-the-server, second-key-of-the-server"), "host": "0.0.0.0"}
    )
    with TestClient(create_app(with_keys, store), base_url="http://grokscale.example") as client:
        yield client


@pytest.mark.parametrize("path", OPEN)
def test_open_paths_need_no_key(keyed: TestClient, path: str) -> None:
    assert keyed.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/v1/studies", "/v1/tasks", "/v1/library", "/nope", "/", "/docs-not", "/livez/x"])
def test_everything_else_needs_one(keyed: TestClient, path: str) -> None:
    answer = keyed.get(path)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("key", ["first-key-of-the-server", "second-key-of-the-server"])
def test_each_key_opens(keyed: TestClient, key: str) -> None:
    assert keyed.get("/v1/studies", headers={"Authorization": f"Bearer {key}"}).status_code == 200


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer third-key-of-the-server",
        "Basic first-key-of-the-server",
        "first-key-of-the-server",
        "Bearer first-key-of-the-server, second-key-of-the-server",
        "bearer\tfirst-key-of-the-server",
    ],
)
def test_anything_but_a_key_does_not(keyed: TestClient, authorization: str) -> None:
    assert keyed.get("/v1/studies", headers={"Authorization": authorization}).status_code == 401


def test_a_server_with_keys_answers_to_any_name(keyed: TestClient) -> None:
    answer = keyed.get(
        "/v1/studies", headers={"Authorization": "Bearer first-key-of-the-server", "Host": "other.example"}
    )
    assert answer.status_code == 200


def test_an_idempotency_key_belongs_to_its_caller(keyed: TestClient) -> None:
    def submit(key: str) -> str:
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "k"}
        return keyed.post("/v1/studies", json=SPEC, headers=headers).json()["id"]

    assert submit("first-key-of-the-server") != submit("second-key-of-the-server")
    assert submit("first-key-of-the-server") == submit("first-key-of-the-server")


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8000",
        "127.0.0.1",
        "127.0.0.1:1",
        "127.0.0.2:8000",
        "127.255.255.254",
        "[::1]",
        "[::1]:8000",
        "[::ffff:127.0.0.1]:8000",
        "LOCALHOST",
    ],
)
def test_a_server_without_keys_answers_to_names_of_this_machine(http: TestClient, host: str) -> None:
    assert http.get("/v1/studies", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["", "evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "10.0.0.1", "0.0.0.0", "["]
)
def test_and_to_no_other(http: TestClient, host: str) -> None:
    answer = http.get("/v1/studies", headers={"Host": host})
    assert answer.status_code == 421
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_page_of_another_site_submits_nothing(http: TestClient) -> None:
    answer = http.post("/v1/studies", json=SPEC, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert http.get("/v1/studies").json()["items"] == []


def test_two_hosts_are_none(http: TestClient) -> None:
    answer = http.get("/v1/studies", headers=[("Host", "localhost"), ("Host", "evil.example")])
    assert answer.status_code == 421


@pytest.mark.parametrize("origin", [BASE_URL, "HTTP://127.0.0.1:8000"])
def test_a_page_of_the_server_itself_may(http: TestClient, origin: str) -> None:
    assert http.get("/v1/studies", headers={"Origin": origin}).status_code == 200


@pytest.mark.parametrize(
    ("host", "origin"),
    [("localhost", "http://localhost"), ("localhost:80", "http://localhost"), ("[::1]:8000", "http://[::1]:8000")],
)
def test_an_origin_is_the_host_asked_however_it_is_written(http: TestClient, host: str, origin: str) -> None:
    assert http.get("/v1/studies", headers={"Host": host, "Origin": origin}).status_code == 200


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:3000",
        "http://localhost:8000",
        "http://127.0.0.1",
        "http://127.0.0.1:8001",
        "http://127.0.0.2:8000",
        "https://127.0.0.1:8000",
        "http://127.0.0.1:8000.evil.example",
        "http://127.0.0.1:8000@evil.example",
        "http://127.0.0.1:99999",
        "null",
        "",
    ],
)
def test_a_page_of_another_origin_may_not_be_it_on_this_machine_too(
    http: TestClient, submit: Callable[..., str], origin: str
) -> None:
    study_id = submit()
    for event in ("cancel", "stop"):
        answer = http.post(f"/v1/studies/{study_id}:{event}", content="x", headers={"Origin": origin} | PLAIN)
        assert answer.status_code == 403, answer.text
    assert http.get(f"/v1/studies/{study_id}").json()["state"] == "queued"


PLAIN = {"Content-Type": "text/plain"}
"""What a page may send to any server without asking it first."""


def test_of_two_origins_both_have_to_be_the_server_s(http: TestClient) -> None:
    headers = [("Origin", BASE_URL), ("Origin", "http://localhost:3000")]
    assert http.get("/v1/studies", headers=headers).status_code == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site", "Cross-Site", "whatever", "same-origin, cross-site"])
def test_a_browser_s_word_that_a_request_is_another_site_s_is_taken(http: TestClient, finished: str, site: str) -> None:
    headers = {"Sec-Fetch-Site": site}
    answers = [
        http.delete(f"/v1/studies/{finished}", headers=headers),
        http.post(f"/v1/studies/{finished}:cancel", headers=headers | PLAIN),
        http.get(f"/v1/studies/{finished}/charts/law.svg", headers=headers),
        http.get(f"/v1/studies/{finished}/events", headers=headers),
        http.head(f"/v1/studies/{finished}/laws/t2", headers=headers),
    ]
    assert [answer.status_code for answer in answers] == [403] * 5
    assert http.get(f"/v1/studies/{finished}").json()["state"] == "completed"


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_its_word_that_a_request_is_the_user_s_is_taken_too(http: TestClient, site: str) -> None:
    assert http.get("/v1/studies", headers={"Sec-Fetch-Site": site}).status_code == 200


@pytest.mark.parametrize("path", OPEN)
def test_a_link_from_another_site_leads_to_what_is_open(http: TestClient, path: str) -> None:
    assert http.get(path, headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}).status_code == 200


def test_a_server_with_keys_refuses_pages_of_other_sites_too(keyed: TestClient) -> None:
    key = {"Authorization": f"Bearer {FIRST}"}
    foreign: list[dict[str, str]] = [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://other.example"}]
    for headers in foreign:
        assert keyed.post("/v1/studies", json=SPEC, headers=key | headers).status_code == 403
    assert keyed.get("/v1/studies", headers=key).json()["items"] == []


def test_behind_a_proxy_a_browser_says_that_the_page_is_the_server_s(keyed: TestClient) -> None:
    headers = {"Origin": "https://grokscale.example", "Sec-Fetch-Site": "same-origin"}
    answer = keyed.post("/v1/studies", json=SPEC, headers=headers | {"Authorization": f"Bearer {FIRST}"})
    assert answer.status_code == 201


@pytest.mark.parametrize("path", [*OPEN, "/v1/studies", "/v1/nope", "/v1/studies?limit=0"])
def test_every_answer_tells_browsers_what_it_may_not_be_used_for(http: TestClient, path: str) -> None:
    for headers in ({}, {"Host": "evil.example"}, {"Origin": "http://localhost:3000"}):
        answer = http.get(path, headers=headers)
        assert answer.headers["x-content-type-options"] == "nosniff"
        policy = answer.headers["content-security-policy"]
        for directive in ("default-src 'none'", "frame-ancestors 'none'", "form-action 'none'", "base-uri 'none'"):
            assert policy.count(directive) == 1, policy


def test_a_chart_keeps_its_own_policy_beside(http: TestClient, finished: str) -> None:
    policy = http.get(f"/v1/studies/{finished}/charts/law.html").headers["content-security-policy"]
    assert "script-src 'unsafe-inline'" in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("LOCALHOST", True),
        ("[::1]", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:10.1.2.3", False),
        ("127.1", False),
        ("", False),
        ("0.0.0.0", False),
        ("::", False),
        ("10.1.2.3", False),
        ("grokscale.example", False),
    ],
)
def test_only_loopback_addresses_reach_only_this_machine(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
