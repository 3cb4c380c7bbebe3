"""The server process: uvicorn in the main thread, a supervised runner beside it, and how both end together."""

from __future__ import annotations

import gc
import os
import socket
import sys
import threading
from collections.abc import Callable
from types import FrameType

import uvicorn
from fastapi import FastAPI

from grokscale.service.app import create_app
from grokscale.service.connections import BURST, limited
from grokscale.service.supervisor import Supervisor
from grokscale.service.work.fitters import FITTERS
from grokscale.studies.settings import Settings
from grokscale.studies.store import Store

GRACE_SECONDS = 3
"""Seconds that answers may still take after the server was asked to end."""
END_SECONDS = 9.0
"""Seconds after which the process exits, whatever its threads are doing, since no thread can end another one."""
WAITING = 1024
"""Connections that may wait in the kernel."""
LOOK_SECONDS = 0.2
STAND_BY_SECONDS = 15.0
"""Seconds from being ready to the start of a process for fits, which takes two seconds of a core: whatever comes
first has better use for these, and the law of a study that has only just begun needs no such process."""
SWITCH_SECONDS = 0.001
"""How long a computing thread may keep the interpreter from others, such as the event loop that answers `/livez`: a
fifth of the default."""


class Server(uvicorn.Server):
    """A uvicorn server that also ends what would never end by itself: event streams and the runner.

    Args:
        app: to serve.
        supervisor: of the runner, if there is one.
        listens: called once connections are accepted.
    """

    def __init__(self, app: FastAPI, supervisor: Supervisor | None, listens: Callable[[], None]) -> None:
        config = uvicorn.Config(
            app,
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
            http=limited(app.state.settings.max_connections),
            ws="none",
            backlog=BURST,
        )
        super().__init__(config)
        self.app = app
        self.supervisor = supervisor
        self.listens = listens

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start. Connections that come while the loop is busy wait in the kernel, and not all in this process."""
        await super().startup(sockets)
        for each in sockets or ():
            each.listen(WAITING)
        self.listens()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end, and make sure that the process does end."""
        _end_in(END_SECONDS)
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self.supervisor:
            self.supervisor.end()
        self.app.state.feed.close()
        FITTERS.close()
        await super().shutdown(sockets)


def run(settings: Settings, store: Store, listening: socket.socket, *, with_runner: bool = True) -> None:
    """Serve until a signal comes; return when all that was started has ended.

    Args:
        settings: of the server.
        store: at this program's schema.
        listening: the socket to serve, bound.
        with_runner: keep a runner beside the server.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    # what has been imported is never garbage: a full collection, which stops all threads, need not look at it
    gc.freeze()
    supervisor = Supervisor(settings) if with_runner else None
    app = create_app(settings, store, expects_runner=with_runner)
    url = _url(listening)
    ended = threading.Event()

    def listens() -> None:
        print(f"grokscale listens on {url}, data in {settings.data_dir}", flush=True)
        threading.Thread(target=_announce, args=(app, url, ended), daemon=True).start()

    try:  # a signal that comes before the server takes them over raises SystemExit in any of these lines
        if supervisor:
            supervisor.start()
        Server(app, supervisor, listens).run(sockets=[listening])
    finally:
        _end_in(END_SECONDS)
        ended.set()
        if supervisor:
            supervisor.end()
            supervisor.join()
        store.close()


def _announce(app: FastAPI, url: str, ended: threading.Event) -> None:
    """Print when the server is ready, for which a runner must have been heard of if one is expected."""
    while not ended.wait(LOOK_SECONDS):
        if app.state.health.readiness().status == "ready":
            print(f"ready: {url}/docs", flush=True)
            if not ended.wait(STAND_BY_SECONDS):
                FITTERS.stand_by()
            return


def _end_in(seconds: float) -> None:
    """Exit after some seconds, if the process has not ended by then."""
    timer = threading.Timer(seconds, os._exit, (0,))
    timer.daemon = True
    timer.start()


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
