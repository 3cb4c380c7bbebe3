"""Dear work: a few at once, the rest told to come again, and fits that end when nobody waits for them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import pytest
from starlette.requests import Request
from starlette.testclient import TestClient

from grokscale.service.app import create_app
from grokscale.service.work.fitters import FITTERS, FitterGone, Fitters, FitTooLong
from grokscale.service.work.rooms import Busy, Room
from grokscale.service.work.work import ClientLeft, Rooms, Work
from grokscale.studies.laws import law
from grokscale.studies.laws.errors import UnknownName
from grokscale.studies.settings import Settings
from grokscale.studies.store import Lease, Store
from tests.service.conftest import BASE_URL

SECONDS = 30


def within(coroutine: Any) -> Any:
    async def main() -> Any:
        async with asyncio.timeout(SECONDS):
            return await coroutine

    return asyncio.run(main())


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.01)


class Held:
    """A function that returns when told to, and how many are in it."""

    def __init__(self) -> None:
        self.inside = 0
        self.let_go = threading.Event()

    def __call__(self) -> str:
        self.inside += 1
        self.let_go.wait(SECONDS)
        return "done"


def test_a_room_takes_a_few_has_a_few_wait_and_refuses_the_rest() -> None:
    async def main() -> list[Any]:
        room, held = Room("charts", at_once=2, waiting=3, patience=SECONDS), Held()
        guests = [asyncio.create_task(room.run(held)) for _ in range(8)]
        await until(lambda: held.inside == 2 and sum(guest.done() for guest in guests) == 3)
        assert held.inside == 2
        held.let_go.set()
        return await asyncio.gather(*guests, return_exceptions=True)

    found = within(main())
    refused = [one for one in found if isinstance(one, Busy)]
    assert (found.count("done"), len(refused)) == (5, 3)
    assert (refused[0].status, refused[0].headers["Retry-After"]) == (503, "2")


def test_who_waits_too_long_is_refused() -> None:
    async def main() -> None:
        room, held = Room("charts", at_once=1, waiting=3, patience=0.05), Held()
        first = asyncio.create_task(room.run(held))
        await until(lambda: held.inside == 1)
        with pytest.raises(Busy):
            await room.run(held)
        held.let_go.set()
        assert await first == "done"
        assert await room.run(held) == "done"

    within(main())


def test_health_is_answered_while_every_room_and_thread_is_taken(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held()
    app = create_app(settings, store)

    def hold() -> None:
        held()

    app.add_api_route("/held", hold)
    with TestClient(app, base_url=BASE_URL) as http, ThreadPoolExecutor(60) as pool:
        answers = [pool.submit(http.get, "/held") for _ in range(60)]
        deadline = time.monotonic() + SECONDS
        while held.inside < 40 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert held.inside == 40  # all the threads that the framework has
        began = time.monotonic()
        assert http.get("/livez").status_code == 200
        assert http.get("/readyz").json()["status"] in ("ready", "unready")
        waited = time.monotonic() - began
        held.let_go.set()
        assert all(answer.result().status_code == 200 for answer in answers)
    assert waited < SECONDS / 2


def request(leaves: asyncio.Event | None = None) -> Request:
    """A request without a body, whose client stays, or leaves at an event."""

    async def receive() -> dict[str, Any]:
        await (leaves or asyncio.Event()).wait()
        return {"type": "http.disconnect"}

    return Request({"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}, receive)


def fitting() -> list[int]:
    """Processes that fit."""
    children = psutil.Process().children()
    return [child.pid for child in children if "grokscale.service.work.program" in " ".join(child.cmdline())]


async def one_fitting() -> int:
    """The one process that fits; a new one has no command line for a moment."""
    await until(lambda: len(fitting()) == 1)
    return fitting()[0]


def test_a_fit_ends_with_its_client() -> None:
    async def main() -> None:
        FITTERS.close()
        leaves = asyncio.Event()
        work = Work(request(leaves), Rooms(), fit_seconds=SECONDS)
        fit = asyncio.create_task(work.fit(lambda: work.apart(time.sleep, SECONDS)))
        await until(lambda: len(fitting()) == 1)
        leaves.set()
        with pytest.raises(ClientLeft):
            await fit
        assert fitting() == []

    within(main())


def test_a_fit_ends_at_its_deadline() -> None:
    FITTERS.close()
    with pytest.raises(FitTooLong, match="GROKSCALE_FIT_SECONDS"):
        within(FITTERS.run(0.2, time.sleep, SECONDS))
    assert fitting() == []


def test_one_that_stands_by_is_replaced_when_it_has_to_be_ended() -> None:
    fitters = Fitters()
    fitters.stand_by()
    first = within(one_fitting())
    with pytest.raises(FitTooLong):
        within(fitters.run(0.2, time.sleep, SECONDS))
    second = within(one_fitting())
    fitters.close()
    assert first != second


def test_a_fit_that_the_server_ends_says_so() -> None:
    async def main() -> None:
        fit = asyncio.create_task(FITTERS.run(SECONDS, time.sleep, SECONDS))
        await until(lambda: len(fitting()) == 1)
        FITTERS.close()
        with pytest.raises(FitterGone):
            await fit

    FITTERS.close()
    within(main())


def test_a_process_answers_as_the_function_does(store: Store, finished: str) -> None:
    table = store.table(finished)
    assert within(FITTERS.run(SECONDS, law, table, "t2")) == law(table, "t2")
    with pytest.raises(UnknownName) as refusal:
        within(FITTERS.run(SECONDS, law, table, "t3"))
    assert refusal.value.parameter == "response"
    assert "t2" in refusal.value.known


def test_a_fit_above_the_limit_is_refused_and_not_stored(settings: Settings, store: Store, finished: str) -> None:
    app = create_app(settings.model_copy(update={"fit_seconds": 1e-3}), store)
    with TestClient(app, base_url=BASE_URL) as http:
        answer = http.post(f"/v1/studies/{finished}/fits", json={"break_samples": 999})
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:grokscale:problem:fit-too-long")
        assert store.fits(finished) == []
        assert http.get(f"/v1/studies/{finished}/laws/t2").status_code == 200


def test_a_key_makes_one_fit(http: TestClient, store: Store, finished: str) -> None:
    key = {"Idempotency-Key": "one"}
    url = f"/v1/studies/{finished}/fits"
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: http.post(url, json={"models": ["M2"]}, headers=key), range(4)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == len(store.fits(finished)) == 1
    assert len({answer.headers["Location"] for answer in answers}) == 1
    other = http.post(url, json={"models": ["M3"]}, headers=key)
    assert (other.status_code, other.json()["type"]) == (422, "urn:grokscale:problem:idempotency-key-reused")
    assert http.post(url, json={"models": ["M2"]}).json()["id"] != answers[0].json()["id"]


def test_a_key_is_remembered_by_every_process(settings: Settings, store: Store, finished: str) -> None:
    ids = set()
    for _ in range(2):
        with TestClient(create_app(settings, store), base_url=BASE_URL) as http:
            headers = {"Idempotency-Key": "one"}
            answer = http.post(f"/v1/studies/{finished}/fits", json={"models": ["M2"]}, headers=headers)
            ids.add(answer.json()["id"])
    assert len(ids) == 1


def test_a_key_of_a_fit_that_was_refused_is_free(
    http: TestClient, submit: Callable[..., str], run: Callable[..., Lease]
) -> None:
    study_id = submit()
    headers = {"Idempotency-Key": "one"}
    url = f"/v1/studies/{study_id}/fits"
    assert http.post(url, json={"models": ["M2"]}, headers=headers).status_code == 409
    run()
    assert http.post(url, json={"models": ["M2"]}, headers=headers).status_code == 201


def test_the_faults_of_a_request_are_told_to_a_hundred(http: TestClient, finished: str) -> None:
    answer = http.post(f"/v1/studies/{finished}/fits", json={f"field{i}": i for i in range(500)})
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == 101
    assert answer.json()["errors"][-1]["detail"] == "and more"


def test_a_body_that_is_no_specification_is_small(settings: Settings, store: Store, finished: str) -> None:
    app = create_app(settings.model_copy(update={"max_body_bytes": 1 << 20}), store)
    with TestClient(app, base_url=BASE_URL) as http:
        answer = http.post(f"/v1/studies/{finished}/fits", json={"models": [1] * 100_000})
        assert answer.status_code == 413
        assert "65536 bytes" in answer.json()["detail"]
        large = {"name": "a", "optimizer": {"alpha": [0.01] * 100_000}}
        assert http.post("/v1/studies:validate", json=large).status_code == 422
