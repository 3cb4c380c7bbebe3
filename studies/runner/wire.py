"""The child's end of the wire: orders on standard input, answers on standard output, one JSON object a line."""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from grokscale.studies.store import Lease


@dataclass(frozen=True, slots=True)
class Job:
    """What a driver is to do; it is told only through the pipe, since the URL may hold a password.

    Attributes:
        url: of the database.
        study_id, runner_id, token: the lease.
        ray_address: of the cluster.
        own_cluster: the runner's own, which never grows.
        checkpoint_dir: directory of all studies' checkpoints.
        own_checkpoints: it is this user's alone.
        silence_seconds: a pack that reports nothing for so long is ended.
        pack_attempts: attempts of a pack before it is halved.
        log_level: of the driver.
        tasks: the tasks from outside that the runner offers (`trainers.plugins.plugin.Plugin`).
    """

    url: str
    study_id: str
    runner_id: str
    token: int
    ray_address: str
    own_cluster: bool
    checkpoint_dir: str
    own_checkpoints: bool
    silence_seconds: float
    pack_attempts: int
    log_level: str
    tasks: list[dict[str, Any]]

    @property
    def lease(self) -> Lease:
        """The lease under which the driver writes."""
        return Lease(self.study_id, self.runner_id, self.token)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values; the constructor takes them back."""
        return asdict(self)


class Wire:
    """Standard input and output of this process, taken for messages: what libraries print goes to standard error."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "wb", buffering=0)
        os.dup2(2, 1)
        # without a buffer: its lock would be held by the thread that reads while the interpreter ends
        self._in = os.fdopen(0, "rb", buffering=0, closefd=False)

    def say(self, **message: Any) -> None:
        """Tell the parent."""
        try:
            self._out.write(json.dumps(message).encode() + b"\n")
        except BrokenPipeError:
            os._exit(1)  # it is gone, and nothing that we do counts any more

    @contextmanager
    def last_words(self) -> Generator[None]:
        """Say what the block raises before it ends this process."""
        try:
            yield
        except (Exception, SystemExit) as error:
            # what Tune raises ends with what our own code raised
            text = str(error).strip().rpartition("\n")[2]
            self.say(error=text if isinstance(error, SystemExit) else f"{type(error).__name__}: {text}")
            raise

    def receive(self) -> dict[str, Any]:
        """Wait for the next message; where none will come any more, end this process."""
        line = self._in.readline()
        if not line:
            os._exit(1)
        return json.loads(line)

    def messages(self) -> Iterator[dict[str, Any]]:
        """Yield what the parent says, until it ends or closes the pipe."""
        for line in self._in:
            yield json.loads(line)
