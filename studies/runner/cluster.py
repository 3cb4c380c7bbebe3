"""The Ray cluster as the runner sees it: its own, kept by a child process, or one that is there already."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from studies.runner import environment
from studies.runner.child import Child
from studies.runner.parent import end_all_in
from studies.settings import Settings

TOKEN = "ray_token"
_STOP_SECONDS = 4.0
_CLEAR_SECONDS = 2.0
_LONGEST_PARENT = 30


def ray_directory(runner_id: str) -> Path:
    """Return where Ray may keep its sockets and logs: a short path, because names of sockets are."""
    parent = tempfile.gettempdir()
    return Path(parent if len(parent) <= _LONGEST_PARENT else "/tmp") / f"gs-{runner_id[-12:]}"


class Cluster:
    """A Ray cluster, started anew when it died; see `Child` about the thread that may call `start`.

    Args:
        settings: `ray_address` of a running cluster, or `cpus` of our own.
        directory: for Ray's sockets and logs; made here, removed by `stop`.
    """

    def __init__(self, settings: Settings, directory: Path) -> None:
        self._settings = settings
        self._directory = directory
        self._head: Child | None = None

    @property
    def own(self) -> bool:
        """Whether the runner started it."""
        return self._settings.ray_address is None

    @property
    def token(self) -> Path | None:
        """File with the token that admits to the cluster; None: not ours."""
        return self._settings.data_dir / TOKEN if self.own else None

    @property
    def address(self) -> str | None:
        """Where drivers connect; None until it is known."""
        if not self.own:
            return self._settings.ray_address
        return self._head.said.get("address") if self._head else None

    @property
    def cpus(self) -> float | None:
        """CPUs of our own cluster; None: not known, or not ours."""
        return self._head.said.get("cpus") if self._head else None

    @property
    def started(self) -> bool:
        """Whether our own cluster was started and not stopped since, dead or alive."""
        return self._head is not None

    @property
    def alive(self) -> bool:
        """False once our own cluster, or one of Ray's servers in it, has ended."""
        return not self.own or (self._head is not None and self._head.code is None)

    def start(self) -> None:
        """Begin to start our own cluster; `address` says when it is there."""
        if not self.own:
            return
        clear(self._directory)
        self._directory.mkdir(mode=0o700)
        assert self.token is not None
        write_token(self.token)
        command = [sys.executable, "-P", "-m", "studies.runner.head"]
        order = {"parent": os.getpid(), "cpus": self._settings.cpus, "directory": str(self._directory)}
        self._head = Child(command, environment.of_ray(self.token), order)

    def stop(self) -> None:
        """End our own cluster and everything that runs in it."""
        if self._head is not None:
            self._head.close()
            if not self._head.gone_within(_STOP_SECONDS):
                self._head.kill()
            self._head = None
        clear(self._directory)


def clear(directory: Path) -> None:
    """Remove what Ray left behind: after a head that was killed, agents wait a minute for its raylet; and files."""
    end_all_in(directory, _CLEAR_SECONDS)
    shutil.rmtree(directory, ignore_errors=True)


def write_token(path: Path) -> None:
    """Write a fresh token that only this user can read."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_hex(32))


def is_ray_directory(path: str) -> bool:
    """Return whether a path could have come from `ray_directory`."""
    return Path(path).name.startswith("gs-") and len(Path(path).name) == len(ray_directory("-" * 12).name)
