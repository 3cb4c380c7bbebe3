"""A database that is damaged while it is served, and at the start."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from grokscale.service.app import create_app
from grokscale.studies.settings import Settings
from grokscale.studies.store import Store
from tests.service.conftest import BASE_URL
from tests.service.forked import grokscale


def test_a_database_that_is_cut_off_while_it_is_served_is_503(settings: Settings, store: Store, finished: str) -> None:
    app = create_app(settings, store)
    with TestClient(app, base_url=BASE_URL) as http:
        assert http.get(f"/v1/studies/{finished}").status_code == 200
        store.close()  # else the pages that a connection remembers go on answering
        os.truncate(settings.data_dir / "grokscale.db", 10_000)
        app.state.health.look()  # as it does at intervals
        for path in (f"/v1/studies/{finished}", "/v1/studies", f"/v1/studies/{finished}/trials", "/readyz"):
            assert http.get(path).status_code == 503, path
        refused = http.get("/v1/studies")
        assert refused.headers["content-type"] == "application/problem+json"
        assert "malformed" not in refused.text


@pytest.mark.parametrize("content", [b"not a database" * 100, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_at_the_start_it_is_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "grokscale.db").write_bytes(content)
    for command in (["serve", "--port", "0"], ["runner"], ["db", "upgrade"]):
        started = grokscale(*command, "--data-dir", str(tmp_path))
        assert started.code == 1
        (line,) = started.err.splitlines()
        assert "the database is damaged" in line
