"""The client against a server on a real socket."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

import httpx2
import pytest

from grokscale import Client, ConnectionFailed
from grokscale.studies.store import Lease, Store
from tests.service.conftest import SPEC

SECONDS = 20.0


def test_a_study_goes_in_and_its_law_comes_out(url: str, store: Store, run: Callable[..., Lease]) -> None:
    with Client(url) as client:
        study = client.submit(SPEC)
        run()
        assert study.wait(timeout=SECONDS, progress=False).state == "completed"
        assert study.trials().equals(store.table(study.id))
        assert study.law("t2", x="1/(alpha*beta)")["exponent"]["value"] == pytest.approx(1, abs=5e-3)
        assert len(list(study.events())) == len(store.events(study.id))


def test_live_events_cross_the_network(url: str, run: Callable[..., Lease]) -> None:
    with Client(url) as client:
        study = client.submit(SPEC)
        events = study.events()
        assert next(events)["data"]["state"] == "queued"
        run()
        kinds = [event["type"] for event in events]
        assert kinds.count("trial") == 24


def test_fifty_listeners_leave_the_server_free_for_others(url: str, run: Callable[..., Lease]) -> None:
    with Client(url) as client:
        study = client.submit(SPEC)
        heard: list[int] = []

        def listen() -> None:
            with Client(url) as own:
                heard.append(len(list(own.events(study.id))))

        threads = [threading.Thread(target=listen) for _ in range(50)]
        for thread in threads:
            thread.start()
        assert client.validate(SPEC)["trials"] == 24
        run()
        for thread in threads:
            thread.join(SECONDS)
    assert len(heard) == 50
    assert min(heard) >= 27


def test_a_body_above_the_limit_is_refused_on_the_wire(url: str) -> None:
    answer = httpx2.post(
        f"{url}/v1/studies", content=b"#" * 20_000, headers={"Content-Type": "application/yaml"}, trust_env=False
    )
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


def test_where_no_server_is_it_is_said() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(ConnectionFailed, match=str(port)):
        list(Client(f"http://127.0.0.1:{port}").studies())
