"""The real application over a real SQLite store, and studies whose results are known."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
import uvicorn
from fastapi import FastAPI
from starlette.testclient import TestClient

from grokscale.service.app import create_app
from grokscale.service.studies.submission import resources
from grokscale.studies import spec as specification
from grokscale.studies.plan import plan
from grokscale.studies.settings import Settings
from grokscale.studies.store import Lease, RunnerInfo, Store, open_store
from tests.service.outcomes import outcome_of

BASE_URL = "http://127.0.0.1:8000"
SECONDS = 20.0

SPEC: dict[str, Any] = {
    "name": "a known law",
    "tags": ["test"],
    "task": {"kind": "synthetic"},
    "regularizer": {"kind": "l1", "beta": [1e-5, 1e-4, 1e-3]},
    "optimizer": {"kind": "proximal", "alpha": [0.01, 0.1]},
    "seeds": 4,
}
"""24 trials."""


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> None:
    """Log exceptions as plain text: structlog's default draws them in colour, with all locals, for seconds."""
    processors = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    structlog.configure(processors=processors, logger_factory=structlog.stdlib.LoggerFactory())


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "grokscale.db"
    made = open_store(f"sqlite:///{path}")
    made.migrate()
    made.close()
    return path


@pytest.fixture
def settings(tmp_path: Path, migrated: Path) -> Settings:
    """Settings of a server without keys, its database migrated."""
    shutil.copy(migrated, tmp_path / "grokscale.db")
    return Settings(data_dir=tmp_path, max_body_bytes=10_000)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    opened = open_store(settings.url)
    yield opened
    opened.close()


@pytest.fixture
def app(settings: Settings, store: Store) -> FastAPI:
    return create_app(settings, store)


@pytest.fixture
def http(app: FastAPI) -> Iterator[TestClient]:
    """A client of the application, in this process."""
    with TestClient(app, base_url=BASE_URL) as client:
        yield client


@pytest.fixture
def url(app: FastAPI) -> Iterator[str]:
    """The address of uvicorn in a thread of this process, on a free port."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        deadline = time.monotonic() + SECONDS
        while not server.started:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(SECONDS)
        assert not thread.is_alive()


@pytest.fixture
def submit(store: Store, settings: Settings) -> Callable[..., str]:
    """Write a queued study; return its id."""

    def write(**changes: Any) -> str:
        spec = specification.parse(SPEC | changes)
        return store.add_study(spec, plan(spec, resources(store, settings)), versions={"grokscale": "test"}).id

    return write


@pytest.fixture
def run(store: Store) -> Callable[..., Lease]:
    """Claim the one queued study and end the trials of its first `count` indices (all: None) by the known law."""

    def end(count: int | None = None) -> Lease:
        store.heartbeat(RunnerInfo("runner-1", "here", 1, False))
        lease = store.claim("runner-1", 60.0)
        assert lease is not None
        left = count
        for pack in store.open_packs(lease):
            store.pack_started(lease, pack.id, 1, "here")
            trials = store.pack_trials(pack.id)[:left]
            store.commit(lease, pack.id, [outcome_of(trial) for trial in trials], 1, "here")
            left = None if left is None else left - len(trials)
            if len(trials) == len(pack.members):
                store.end_pack(lease, pack.id)
        if count is None:
            store.finish(lease)
        return lease

    return end


@pytest.fixture
def finished(submit: Callable[..., str], run: Callable[..., Lease]) -> str:
    """The id of a completed study of 24 trials."""
    study_id = submit()
    run()
    return study_id
