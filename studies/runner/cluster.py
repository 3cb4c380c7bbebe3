"""The Ray cluster as the runner sees it, and the runner's own cluster, which a child process keeps. See `foreign`
for a cluster that somebody else started.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from grokscale.studies.privacy import is_ours, is_private
from grokscale.studies.resources import Resources
from grokscale.studies.runner import environment
from grokscale.studies.runner.child import Child
from grokscale.studies.runner.parent import end_all_in
from grokscale.studies.settings import Settings

TOKEN = "ray_token"
_SLOW_SECONDS = 60.0
"""A cluster starts within ten seconds, or within half a minute on a busy machine."""
_STOP_SECONDS = 4.0
_CLEAR_SECONDS = 2.0
_LONGEST_PARENT = 25
"""In bytes. A socket's path may have 107 bytes, of which this folder and what Ray makes in it take 82."""
_RAYS = "r"
_NAME = "gs-{}"


def ray_directory(runner_id: str) -> Path:
    """Return the folder of a runner's own Ray: a short path, because a socket's path must be short.

    Only this user can enter it. Ray is given a folder one level below, which it makes itself and opens to everybody:
    without the outer folder others could replace a log by a link, or the raylet's socket by their own.
    """
    parent = Path(tempfile.gettempdir())
    short = len(os.fsencode(parent)) <= _LONGEST_PARENT
    return (parent if short and _keeps_names(parent) else Path("/tmp")) / _NAME.format(runner_id[-12:])


def _keeps_names(parent: Path) -> bool:
    """Return whether nobody else can rename or remove what lies in a directory."""
    found = parent.stat()
    kept = not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) or found.st_mode & stat.S_ISVTX
    return bool(kept) and found.st_uid in (0, os.geteuid())


class Cluster(Protocol):
    """A Ray cluster; see `Child` about the thread that may call `start`.

    Attributes:
        own: the runner started it.
        token: file with the token that the cluster asks for; None: the environment says how to be admitted.
        address: where drivers connect; None while no study may be taken: `trouble` says why.
        trouble: one sentence; None: there is none.
        nodes: what its nodes have.
        most: the nodes that it may have at most, including those that it has.
        started: it was started and not stopped since, dead or alive.
        alive: False once it is lost.
    """

    @property
    def own(self) -> bool: ...
    @property
    def token(self) -> Path | None: ...
    @property
    def address(self) -> str | None: ...
    @property
    def trouble(self) -> str | None: ...
    @property
    def nodes(self) -> Sequence[Resources]: ...
    @property
    def most(self) -> Sequence[Resources]: ...
    @property
    def started(self) -> bool: ...
    @property
    def alive(self) -> bool: ...
    def start(self) -> None:
        """Begin to start it; `address` says when it is there."""
        ...

    def ask_for(self, packs: Sequence[Resources]) -> None:
        """Ask a cluster that can grow for room for packs that have none."""
        ...

    def stop(self) -> None:
        """Disconnect from it; end it, and everything that runs in it, if it is the runner's own."""
        ...


class OwnCluster:
    """A Ray cluster on this machine, started again when it has died; see `Cluster`.

    Args:
        settings: `cpus` of it.
        directory: see `ray_directory`. It is made here; `stop` empties it but leaves it, so that nobody else can
            take its name.
    """

    own = True

    def __init__(self, settings: Settings, directory: Path) -> None:
        self._settings = settings
        self._directory = directory
        self._head: Child | None = None
        self._trouble: str | None = None
        self._began = 0.0
        self.token = settings.data_dir / TOKEN

    @property
    def address(self) -> str | None:
        """Where drivers connect; None until it is known."""
        return self._head.said.get("address") if self._head else None

    @property
    def trouble(self) -> str | None:
        """How it ended, until it is up again; None: it is up, or is starting and has shown no trouble yet."""
        if self._trouble is None and self._head and not self.address:
            slow = time.monotonic() - self._began > _SLOW_SECONDS
            return f"the runner's Ray cluster has not come up within {_SLOW_SECONDS:.0f} s" if slow else None
        return self._trouble

    @property
    def nodes(self) -> Sequence[Resources]:
        """What the machine has, or what the settings say that it has."""
        said = self._head.said if self._head else {}
        return [Resources(said.get("cpus", self._settings.cpus or os.cpu_count() or 1), said.get("gpus", 0))]

    most = nodes

    @property
    def started(self) -> bool:
        """Whether it was started and not stopped since, dead or alive."""
        return self._head is not None

    @property
    def alive(self) -> bool:
        """False once it, or one of Ray's servers in it, has ended."""
        if self._head is None:
            return False
        if self._head.code is None:
            self._trouble = None if self.address else self._trouble
            return True
        how = "has ended" if self.address else "does not start"
        self._trouble = f"the runner's Ray cluster {how}: {self._head.last_words}"
        return False

    def start(self) -> None:
        """Begin to start it; `address` says when it is there.

        Raises:
            PermissionError: the folder is not this user's alone.
        """
        self._directory.mkdir(mode=0o700, exist_ok=True)
        if not is_private(self._directory):
            raise PermissionError(f"{self._directory} is not this user's alone")
        clear(self._directory / _RAYS)
        write_token(self.token)
        command = [sys.executable, "-P", "-m", "grokscale.studies.runner.head"]
        order = {"parent": os.getpid(), "cpus": self._settings.cpus, "directory": str(self._directory / _RAYS)}
        self._head, self._began = Child(command, environment.of_ray(self.token), order), time.monotonic()

    def ask_for(self, packs: Sequence[Resources]) -> None:
        """Do nothing: one machine cannot grow."""

    def stop(self) -> None:
        """End it and everything that runs in it."""
        if self._head is not None:
            self._head.close()
            if not self._head.gone_within(_STOP_SECONDS):
                self._head.kill()
            self._head = None
        clear(self._directory / _RAYS)


def clear(directory: Path) -> None:
    """End the processes and remove the files that Ray left behind: after its head was killed, agents wait a minute
    for the raylet.

    A directory of another user is left alone, and so are the processes that write to it.
    """
    if is_ours(directory):
        end_all_in(directory, _CLEAR_SECONDS)
        shutil.rmtree(directory, ignore_errors=True)


def write_token(path: Path) -> None:
    """Write a fresh token that only this user can read."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_hex(32))


def is_ray_directory(path: str) -> bool:
    """Return whether a path could have come from `ray_directory`."""
    start, length = _NAME.format(""), len(_NAME.format("-" * 12))
    return Path(path).name.startswith(start) and len(Path(path).name) == length
