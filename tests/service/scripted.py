"""The other side of a conversation that goes wrong: a server on a real socket that answers by a script."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECONDS = 30.0


@dataclass(frozen=True)
class Answer:
    """One answer: `body` is JSON unless it is text."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


SILENCE, HANGS_UP = "silence", "hangs up"
"""No answer until the script is over; a connection that is closed without one."""


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Scripted:
    """A server at `url`; the last line of the script is said again and again. `asked` is what came."""

    def __init__(self, *script: Answer | str) -> None:
        self.script = list(script)
        self.asked: list[Asked] = []
        self.over = threading.Event()
        self.url = ""

    def line(self) -> Answer | str:
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]


@contextmanager
def scripted(*script: Answer | str) -> Iterator[Scripted]:
    """Serve a script until the end of the block."""
    told = Scripted(*script)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            told.asked.append(Asked(self.command, self.path, headers, body))
            line = told.line()
            if isinstance(line, str):
                if line == SILENCE:
                    told.over.wait(SECONDS)
                self.close_connection = True
                return
            text = line.body if isinstance(line.body, str) else json.dumps(line.body)
            self.send_response(line.status)
            kind = "text/html" if isinstance(line.body, str) else "application/json"
            for name, value in (
                {"Content-Type": kind, "Content-Length": str(len(text.encode()))} | line.headers
            ).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = do_DELETE = answer

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    told.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield told
    finally:
        told.over.set()
        server.shutdown()
        server.server_close()
        thread.join(SECONDS)
