"""The server process: uvicorn in the main thread, the supervised runner beside it, and their common end."""

from __future__ import annotations

import socket
import threading

import uvicorn
from fastapi import FastAPI

from service.app import create_app
from service.supervisor import Supervisor
from studies.settings import Settings
from studies.store import Store

GRACE_SECONDS = 5
"""What answers may still take once the server is asked to end."""
LOOK_SECONDS = 0.2


class Server(uvicorn.Server):
    """uvicorn that ends what would never end by itself: event streams and the runner."""

    def __init__(self, app: FastAPI, supervisor: Supervisor | None) -> None:
        config = uvicorn.Config(
            app,
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        super().__init__(config)
        self.app = app
        self.supervisor = supervisor

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self.supervisor:
            self.supervisor.end()
        self.app.state.feed.close()
        await super().shutdown(sockets)


def run(settings: Settings, store: Store, listening: socket.socket, *, with_runner: bool = True) -> None:
    """Serve until a signal; return when nothing that was started is left.

    Args:
        settings: of the server.
        store: at this program's schema.
        listening: the socket to serve, bound.
        with_runner: keep a runner beside the server.
    """
    supervisor = Supervisor(settings) if with_runner else None
    app = create_app(settings, store, expects_runner=with_runner)
    url = _url(listening)
    ended = threading.Event()
    try:  # a signal that comes before the server takes them over raises SystemExit in any of these lines
        print(f"grokscale listens on {url}, data in {settings.data_dir}", flush=True)
        if supervisor:
            supervisor.start()
        threading.Thread(target=_announce, args=(app, url, ended), daemon=True).start()
        Server(app, supervisor).run(sockets=[listening])
    finally:
        ended.set()
        if supervisor:
            supervisor.end()
            supervisor.join()
        store.close()


def _announce(app: FastAPI, url: str, ended: threading.Event) -> None:
    """Say when it is ready: a runner has been heard of, where one is expected."""
    while not ended.wait(LOOK_SECONDS):
        if app.state.health.readiness().status == "ready":
            print(f"ready: {url}/docs", flush=True)
            return


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
