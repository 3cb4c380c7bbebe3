"""Connections of a real server: who owes a request has a clock, and who waits longest makes room."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import httpx2
import pytest
import uvicorn

from grokscale.service import connections
from grokscale.service.connections import BURST, Connection

SECONDS = 20


class Application:
    """Answers when told to, after the whole body."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.let_go.set()
        self.inside = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        import anyio.to_thread

        if scope["type"] != "http":
            return
        while (message := await receive())["type"] == "http.request" and message["more_body"]:
            pass
        if message["type"] == "http.disconnect":
            return
        self.inside += 1
        await anyio.to_thread.run_sync(self.let_go.wait, SECONDS)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


Start = Callable[..., tuple[Application, int]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a server of at most so many connections; returns its application and port."""
    servers: list[tuple[uvicorn.Server, threading.Thread, Application]] = []

    def begin(most: int) -> tuple[Application, int]:
        app = Application()
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        made: Any = partial(Connection, most=most)
        config = uvicorn.Config(app, http=made, lifespan="off", log_config=None, backlog=BURST)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        servers.append((server, thread, app))
        deadline = time.monotonic() + SECONDS
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        return app, listening.getsockname()[1]

    yield begin
    for server, thread, app in servers:
        app.let_go.set()
        server.should_exit = True
        thread.join(SECONDS)


def connected(port: int, sent: bytes = b"") -> socket.socket:
    made = socket.create_connection(("127.0.0.1", port), SECONDS)
    made.settimeout(SECONDS)
    made.sendall(sent)
    return made


def closed(connection: socket.socket) -> bool:
    """Whether the server closes a connection without a word."""
    try:
        return connection.recv(1000) == b""
    except ConnectionResetError:
        return True


def get(port: int) -> int:
    return httpx2.get(f"http://127.0.0.1:{port}/", trust_env=False, timeout=SECONDS).status_code


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: "])
def test_who_does_not_say_what_it_wants_is_left(start: Start, monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(connections, "HEADER_SECONDS", 0.2)
    _, port = start(10)
    assert closed(connected(port, sent))


def test_who_sends_its_headers_a_byte_at_a_time_has_no_more_time_for_it(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEADER_SECONDS", 0.5)
    _, port = start(10)
    slow = connected(port, b"GET / HTTP/1.1\r\n")
    began = time.monotonic()
    with suppress(BrokenPipeError, ConnectionResetError):
        while time.monotonic() < began + SECONDS:
            slow.sendall(b"X")
            time.sleep(0.02)
    assert time.monotonic() < began + SECONDS


def test_who_does_not_send_the_rest_of_its_body_is_left(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "BODY_SECONDS", 0.2)
    app, port = start(10)
    assert closed(connected(port, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf"))
    assert app.inside == 0


def test_an_answer_may_take_its_time(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEADER_SECONDS", 0.1)
    monkeypatch.setattr(connections, "BODY_SECONDS", 0.1)
    app, port = start(10)
    app.let_go.clear()
    asked = connected(port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    threading.Timer(0.5, app.let_go.set).start()
    assert asked.recv(1000).startswith(b"HTTP/1.1 200")


def test_idle_connections_make_room(start: Start) -> None:
    _, port = start(10)
    idle = [connected(port) for _ in range(200)]
    assert get(port) == 200
    assert sum(closed(connection) for connection in idle[:190]) == 190


def test_where_all_are_in_use_the_next_is_told_to_come_again(start: Start) -> None:
    app, port = start(5)
    app.let_go.clear()
    asked = [connected(port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n") for _ in range(5)]
    deadline = time.monotonic() + SECONDS
    while app.inside < 5 and time.monotonic() < deadline:
        time.sleep(0.01)
    answer = httpx2.get(f"http://127.0.0.1:{port}/", trust_env=False, timeout=SECONDS)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.json()["type"] == "urn:grokscale:problem:busy"
    app.let_go.set()
    assert all(one.recv(1000).startswith(b"HTTP/1.1 200") for one in asked)
    assert get(port) == 200
