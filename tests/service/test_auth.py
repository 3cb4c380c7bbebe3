"""Who may ask: bearer keys, and the rules of a server without them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from service.app import create_app
from service.auth import is_loopback
from studies.settings import Settings
from studies.store import Store
from tests.service.conftest import BASE_URL, SPEC

OPEN = ["/livez", "/readyz", "/docs", "/openapi.json", "/docs/assets/swagger-ui.css"]


@pytest.fixture
def keyed(settings: Settings, store: Store) -> Iterator[TestClient]:
    """A client, without a key, of a server that has two."""
    with_keys = settings.model_copy(update={"api_keys": SecretStr("first-key, second-key"), "host": "0.0.0.0"})
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


@pytest.mark.parametrize("key", ["first-key", "second-key"])
def test_each_key_opens(keyed: TestClient, key: str) -> None:
    assert keyed.get("/v1/studies", headers={"Authorization": f"Bearer {key}"}).status_code == 200


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer third-key",
        "Basic first-key",
        "first-key",
        "Bearer first-key, second-key",
        "bearer\tfirst-key",
    ],
)
def test_anything_but_a_key_does_not(keyed: TestClient, authorization: str) -> None:
    assert keyed.get("/v1/studies", headers={"Authorization": authorization}).status_code == 401


def test_a_server_with_keys_answers_to_any_name(keyed: TestClient) -> None:
    answer = keyed.get("/v1/studies", headers={"Authorization": "Bearer first-key", "Host": "other.example"})
    assert answer.status_code == 200


def test_an_idempotency_key_belongs_to_its_caller(keyed: TestClient) -> None:
    def submit(key: str) -> str:
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "k"}
        return keyed.post("/v1/studies", json=SPEC, headers=headers).json()["id"]

    assert submit("first-key") != submit("second-key")
    assert submit("first-key") == submit("first-key")


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8000", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:8000", "LOCALHOST"]
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


@pytest.mark.parametrize("origin", [BASE_URL, "http://localhost:3000"])
def test_a_page_of_this_machine_may(http: TestClient, origin: str) -> None:
    assert http.get("/v1/studies", headers={"Origin": origin}).status_code == 200


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.1.2.3", False),
        ("grokscale.example", False),
    ],
)
def test_only_loopback_addresses_reach_only_this_machine(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
