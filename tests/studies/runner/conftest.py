"""One Ray cluster for all tests of this folder: it takes ten seconds to start."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.studies.runner.bench import Bench, Gate

SECRET = "do-not-tell-5f1c-9ab0"


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    """A gate that is shut."""
    return Gate(tmp_path / "gate")


@pytest.fixture(scope="package")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A running runner, in a process that has secrets in its environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GROKSCALE_API_KEYS", SECRET)
        patch.setenv("PGPASSWORD", SECRET)
        running = Bench(tmp_path_factory.mktemp("runner"), silence_seconds=12.0, pack_attempts=1).start()
        yield running
        running.close()
