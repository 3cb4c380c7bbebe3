"""The supervisor keeps a process alive and leaves none behind."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from grokscale.service import supervisor
from grokscale.service.supervisor import Supervisor, environment
from grokscale.studies.settings import Settings

SECONDS = 20.0


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


SLEEPER = python("import time; time.sleep(600)")
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); open({!r}, 'w'); time.sleep(600)"


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@contextmanager
def supervised(settings: Settings, command: list[str]) -> Iterator[Supervisor]:
    keeping = Supervisor(settings, command)
    keeping.start()
    try:
        yield keeping
    finally:
        keeping.end()
        keeping.join()


def pid_of(keeping: Supervisor) -> int:
    until(lambda: keeping.pid is not None)
    assert keeping.pid is not None
    return keeping.pid


def test_a_process_that_is_killed_is_started_again(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "FIRST_WAIT", 0.01)
    with supervised(settings, SLEEPER) as keeping:
        first = pid_of(keeping)
        os.kill(first, 9)
        until(lambda: keeping.pid not in {None, first})


def test_ending_ends_the_process(settings: Settings) -> None:
    with supervised(settings, SLEEPER) as keeping:
        pid = pid_of(keeping)
    assert gone(pid)
    assert keeping.pid is None


def test_a_process_that_will_not_end_is_killed(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 0.2)
    deaf = tmp_path / "deaf"
    with supervised(settings, python(STUBBORN.format(str(deaf)))) as keeping:
        pid = pid_of(keeping)
        until(deaf.exists)
    assert gone(pid)


def test_a_process_that_ends_at_once_is_not_started_without_a_pause(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "FIRST_WAIT", 0.2)
    starts = tmp_path / "starts"
    with supervised(settings, python(f"open({str(starts)!r}, 'a').write('x')")):
        began = time.monotonic()
        until(lambda: starts.exists() and len(starts.read_text()) >= 3)
        assert time.monotonic() - began > 0.2 + 0.4


def test_the_environment_carries_the_settings_and_no_key(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROKSCALE_API_KEYS", "secret")
    monkeypatch.setenv("GROKSCALE_API_KEYS_FILE", "/run/secrets/keys")
    monkeypatch.setenv("grokscale_api_keys", "secret")
    monkeypatch.setenv("GROKSCALE_COLOUR", "red")
    monkeypatch.setenv("GROKSCALE_DATABASE_URL", "postgresql://u:p@h/d")
    given = settings.model_copy(update={"cpus": 2, "api_keys": SecretStr("secret")})
    passed = environment(given)
    assert passed["GROKSCALE_DATA_DIR"] == str(settings.data_dir)
    assert passed["GROKSCALE_CPUS"] == "2"
    assert passed["GROKSCALE_DATABASE_URL"] == "postgresql://u:p@h/d"
    assert "secret" not in " ".join(passed.values())
    assert not [name for name in passed if "API_KEY" in name.upper() or "COLOUR" in name]


def test_the_settings_survive_the_way_through_the_environment(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = settings.model_copy(update={"cpus": 2, "lease_seconds": 7.5, "test_tasks": True})
    for name, value in environment(given).items():
        monkeypatch.setenv(name, value)
    assert Settings().model_dump() == given.model_dump()
