"""Events over HTTP: replay, live fan-out, the end of the stream."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from grokscale.service.app import create_app
from grokscale.service.events import feed as feed_module
from grokscale.service.events.feed import Feed, format_event
from grokscale.service.events.models import Event
from grokscale.studies.settings import Settings
from grokscale.studies.store import EventRecord, Head, Lease, Store
from tests.service.conftest import BASE_URL

SECONDS = 20


def follow(http: TestClient, study_id: str, last: int | None = None) -> Any:
    headers = {} if last is None else {"Last-Event-ID": str(last)}
    return http.get(f"/v1/studies/{study_id}/events", headers=headers)


def parsed(text: str) -> list[dict[str, str]]:
    blocks = [block for block in text.split("\n\n") if block and not block.startswith(":")]
    return [dict(line.split(": ", 1) for line in block.splitlines()) for block in blocks]


def test_the_stream_of_an_ended_study_is_all_of_its_events_and_then_ends(
    http: TestClient, store: Store, finished: str
) -> None:
    events = parsed(follow(http, finished).text)
    assert [int(event["id"]) for event in events] == [event.seq for event in store.events(finished)]
    states = [json.loads(event["data"])["data"]["state"] for event in events if event["event"] == "state"]
    assert states == ["queued", "running", "completed"]
    assert sum(event["event"] == "trial" for event in events) == 24


def test_an_event_carries_its_place_and_time(http: TestClient, finished: str) -> None:
    event = parsed(follow(http, finished).text)[0]
    data = json.loads(event["data"])
    assert (data["study_id"], data["seq"], data["type"]) == (finished, int(event["id"]), event["event"])
    assert data["time"].endswith("Z")


def test_last_event_id_replays_what_came_after_it(http: TestClient, finished: str) -> None:
    events = parsed(follow(http, finished).text)
    assert parsed(follow(http, finished, int(events[5]["id"])).text) == events[6:]


def test_a_listener_that_has_seen_the_end_is_told_to_come_no_more(http: TestClient, finished: str) -> None:
    last = int(parsed(follow(http, finished).text)[-1]["id"])
    assert follow(http, finished, last).status_code == 204


def test_a_last_event_id_that_is_no_number_is_refused(http: TestClient, finished: str) -> None:
    answer = http.get(f"/v1/studies/{finished}/events", headers={"Last-Event-ID": "x"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["in"] == "header"


def test_live_events_come_while_the_study_goes_on(
    http: TestClient, submit: Callable[..., str], run: Callable[..., Lease], store: Store
) -> None:
    study_id = submit()
    seen: list[str] = []
    with http.stream("GET", f"/v1/studies/{study_id}/events") as stream:
        for line in stream.iter_lines():
            if line.startswith("event: "):
                seen.append(line.removeprefix("event: "))
            if len(seen) == 1 and line.startswith("id: "):
                run()  # the rest happens only now that the stream is open
    assert seen[0] == "state"
    assert seen.count("trial") == 24
    assert seen[-1] == "state"


async def collect(feed: Feed, study_id: str, after: int) -> list[Event]:
    """Return what a listener is sent until its stream ends."""
    return heard(b"".join([text async for text in feed.listen(study_id, after)]))


def heard(text: bytes) -> list[Event]:
    return [Event.model_validate_json(block["data"]) for block in parsed(text.decode())]


def listening(store: Store, *listeners: tuple[str, int], while_open: Callable[[], Any] = lambda: None) -> Any:
    """Return what each listener (study, after) got from one feed until its stream ended."""

    async def main() -> list[list[Event]]:
        feed = Feed(store, seconds=0.01)
        poller = asyncio.create_task(feed.run())
        async with asyncio.timeout(SECONDS):
            tasks = [asyncio.create_task(collect(feed, study_id, after)) for study_id, after in listeners]
            await asyncio.sleep(0)  # all of them are registered
            while_open()
            found = await asyncio.gather(*tasks)
        poller.cancel()
        return found

    return asyncio.run(main())


class Counting:
    """A store that notes what the feed asks of it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.looks = 0
        self.read: list[tuple[str, int]] = []

    def heads(self, study_ids: list[str]) -> dict[str, Head]:
        self.looks += 1
        return self.store.heads(study_ids)

    def events(self, study_id: str, after: int, limit: int) -> list[EventRecord]:
        self.read.append((study_id, after))
        return self.store.events(study_id, after, limit)


def test_one_poller_serves_all_listeners(store: Store, submit: Callable[..., str], run: Callable[..., Lease]) -> None:
    study_id = submit()
    counting = Counting(store)
    found = listening(counting, *[(study_id, 0)] * 50, while_open=run)  # pyright: ignore[reportArgumentType]
    assert all([event.seq for event in events] == [event.seq for event in found[0]] for events in found)
    assert found[0][-1].data["state"] == "completed"
    assert counting.looks < 50
    assert len(counting.read) < 50


def test_events_are_read_and_written_out_once_for_all_listeners_wherever_they_begin(
    store: Store, submit: Callable[..., str], run: Callable[..., Lease], monkeypatch: pytest.MonkeyPatch
) -> None:
    study_id = submit(seeds=100)
    run()
    written: list[int] = []

    def counted(record: EventRecord) -> bytes:
        written.append(record.seq)
        return format_event(record)

    monkeypatch.setattr(feed_module, "format_event", counted)
    counting = Counting(store)
    starts = [(study_id, 7 * i) for i in range(60)]
    found = listening(counting, *starts)  # pyright: ignore[reportArgumentType]
    numbers = [event.seq for event in store.events(study_id, 0, 10_000)]
    assert [[event.seq for event in events] for events in found] == [
        [number for number in numbers if number > after] for _, after in starts
    ]
    assert sorted(written) == numbers
    assert len(set(counting.read)) == len(counting.read)


def test_listeners_of_one_study_may_begin_anywhere(store: Store, finished: str) -> None:
    whole, tail = listening(store, (finished, 0), (finished, 10))
    assert tail == [event for event in whole if event.seq > 10]


def test_listeners_hear_only_their_own_study(store: Store, submit: Callable[..., str]) -> None:
    first, second = submit(), submit()

    def cancel() -> None:
        store.transition(first, "cancel")
        store.transition(second, "cancel")

    for study_id, events in zip(
        (first, second), listening(store, (first, 0), (second, 0), while_open=cancel), strict=True
    ):
        assert {event.study_id for event in events} == {study_id}


def test_a_study_that_is_revived_is_heard_to_its_second_end(store: Store, submit: Callable[..., str]) -> None:
    study_id = submit()
    for event in ("cancel", "retry", "cancel"):
        store.transition(study_id, event)
    (events,) = listening(store, (study_id, 0))
    assert [e.data["state"] for e in events if e.type == "state"] == ["queued", "cancelled", "queued", "cancelled"]


def test_a_study_that_is_deleted_ends_its_streams(store: Store, finished: str) -> None:
    last = store.events(finished)[-1].seq
    store.delete_study(finished)
    assert listening(store, (finished, last)) == [[]]


def test_a_slow_listener_misses_nothing_and_holds_nobody_up(
    store: Store, submit: Callable[..., str], run: Callable[..., Lease]
) -> None:
    study_id = submit(seeds=600)
    run()

    async def main() -> tuple[list[Event], list[Event]]:
        feed = Feed(store, seconds=0.01)
        poller = asyncio.create_task(feed.run())
        async with asyncio.timeout(SECONDS):
            slow = feed.listen(study_id, 0)
            first = await anext(slow)  # it is registered and does not read on
            fast = await collect(feed, study_id, 0)
            rest = b"".join([text async for text in slow])
        poller.cancel()
        return fast, heard(first + rest)

    fast, slow = asyncio.run(main())
    assert fast == slow
    assert len(fast) == len(store.events(study_id, 0, 10_000)) > 3600


def test_closing_the_feed_ends_streams_that_would_go_on(store: Store, submit: Callable[..., str]) -> None:
    study_id = submit()

    async def main() -> bytes:
        feed = Feed(store, seconds=0.01)
        poller = asyncio.create_task(feed.run())
        sent = b""
        async with asyncio.timeout(SECONDS):
            async for text in feed.listen(study_id, 0):
                sent += text
                feed.close()
        poller.cancel()
        return sent

    assert len(heard(asyncio.run(main()))) == 1


def test_a_listener_that_hears_nothing_is_kept_by_comments(
    store: Store, submit: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "PING_SECONDS", 0.02)
    study_id = submit()

    async def main() -> list[bytes]:
        feed = Feed(store, seconds=0.01)
        poller = asyncio.create_task(feed.run())
        sent: list[bytes] = []
        async with asyncio.timeout(SECONDS):
            async for text in feed.listen(study_id, 0):
                sent.append(text)
                if len(sent) == 4:
                    feed.close()
        poller.cancel()
        return sent

    sent = asyncio.run(main())
    assert sum(text == b": ping\n\n" for text in sent) >= 2


def test_more_listeners_than_the_server_takes_are_told_to_come_again(
    settings: Settings, store: Store, submit: Callable[..., str]
) -> None:
    study_id = submit()
    app = create_app(settings.model_copy(update={"max_connections": 10}), store)

    async def held(feed: Feed) -> int:
        streams = [feed.listen(study_id, 0) for _ in range(5)]
        poller = asyncio.create_task(feed.run())
        for stream in streams:
            await anext(stream)
        app.state.feed = feed
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL) as http:
            refused = await http.get(f"/v1/studies/{study_id}/events")
            assert refused.headers["Retry-After"] == "15"
            await streams.pop().aclose()
            feed.close()
            taken = await http.get(f"/v1/studies/{study_id}/events")
        poller.cancel()
        assert taken.status_code == 200
        return refused.status_code

    assert asyncio.run(held(Feed(store, seconds=0.01))) == 503
