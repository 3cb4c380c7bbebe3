"""A cluster that somebody else started, as seen by a child process that stays connected to it; see `watcher`.

Connecting can hang for ever or end the process that tries, so no driver connects before the watcher has.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from grokscale.studies.resources import Resources
from grokscale.studies.runner import environment
from grokscale.studies.runner.child import Child

LOG = "cluster.log"
"""In DATA_DIR: what Ray says while the watcher connects."""
CONNECT_SECONDS = 15.0
SILENT_SECONDS = 30.0
"""A cluster that has not answered for so long is lost; its drivers would end after a minute."""
_TAIL = 4000


class ForeignCluster:
    """A running Ray cluster at an address; see `Cluster`.

    Args:
        address: as `ray.init` takes it; this process has to be on one of its nodes.
        log: file for what Ray says while the watcher connects.
        trusted: use it even if it asks nobody for a token.
    """

    own = False
    token = None

    def __init__(self, address: str, log: Path, *, trusted: bool = False) -> None:
        self._address, self._log, self._trusted = address, log, trusted
        self._watcher: Child | None = None
        self._began = self._heard = 0.0
        self._beat: int | None = None
        self._trouble: str | None = f"it has not connected to the Ray cluster at {address} yet"

    @property
    def address(self) -> str | None:
        """Where drivers connect; None while it cannot be used."""
        return self._said["address"] if self._beat is not None and self.trouble is None else None

    @property
    def trouble(self) -> str | None:
        """Why no study can be taken."""
        if self._trouble is not None:
            return self._trouble
        misfit = self._said.get("misfit")
        return f"the Ray cluster at {self._address} cannot be used: {misfit}" if misfit else None

    @property
    def nodes(self) -> Sequence[Resources]:
        """What its nodes have."""
        return [Resources(*node) for node in self._said.get("nodes", ())]

    @property
    def most(self) -> Sequence[Resources]:
        """What it may grow to, as far as its autoscaler says."""
        return [Resources(*node) for node in self._said.get("most", ())] or self.nodes

    @property
    def started(self) -> bool:
        """Whether there is a watcher, dead or alive."""
        return self._watcher is not None

    @property
    def alive(self) -> bool:
        """False once the watcher has ended, or does not get an answer."""
        if self._watcher is None:
            return False
        code = self._watcher.code
        now = time.monotonic()
        if self._said.get("beat") != self._beat:
            self._beat, self._heard, self._trouble = self._said["beat"], now, None
        patience = CONNECT_SECONDS if self._beat is None else SILENT_SECONDS
        if code is None and now - self._heard < patience:
            return True
        self._trouble = self._why(code, patience)
        return False

    @property
    def _said(self) -> dict:
        return self._watcher.said if self._watcher else {}

    def start(self) -> None:
        """Begin to connect."""
        with open(self._log, "wb") as log:
            command = [sys.executable, "-P", "-m", "grokscale.studies.runner.watcher"]
            order = {"parent": os.getpid(), "address": self._address, "trusted": self._trusted}
            self._watcher = Child(command, environment.of_ray(None), order, stderr=log)
        self._beat, self._heard = None, time.monotonic()

    def ask_for(self, packs: Sequence[Resources]) -> None:
        """Ask it to grow for packs that find no room; an empty list withdraws the request."""
        if self._watcher is not None:
            self._watcher.tell({"wanted": [[pack.cpus, pack.gpus] for pack in packs]})

    def stop(self) -> None:
        """Disconnect; what runs there is not ours to end."""
        if self._watcher is not None:
            self._watcher.kill()
            self._watcher = None

    def _why(self, code: int | None, patience: float) -> str:
        at = f"the Ray cluster at {self._address}"
        if self._beat is not None:
            return f"{at} is lost: " + ("its connection ended" if code is not None else f"silent for {patience:.0f} s")
        if (error := self._said.get("error")) is not None:
            return f"{at} cannot be used: {error}"
        said = self._log.read_bytes()[-_TAIL:].decode(errors="replace")
        if "Unauthenticated" in said or "InvalidAuthToken" in said:
            return f"{at} refuses the token: set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN_PATH, the file that holds it"
        if code == 1 and said.strip():  # an exception of Python's: Ray is not installed as it should be, say
            return f"{at} cannot be used: {said.strip().rpartition(chr(10))[2]}"
        if code is not None:
            return f"{at} cannot be used: Ray ended the process (exit code {code}); is a node of it on this machine?"
        return f"{at} did not answer within {patience:.0f} s"
