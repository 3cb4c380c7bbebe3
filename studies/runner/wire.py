"""The child's end of the wire: orders on standard input, answers on standard output, one JSON object per line."""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any


class Wire:
    """Standard input and output of this process, used for messages; what libraries print goes to standard error
    instead.
    """

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "wb", buffering=0)
        os.dup2(2, 1)
        # without a buffer: its lock would be held by the thread that reads while the interpreter ends
        self._in = os.fdopen(0, "rb", buffering=0, closefd=False)

    def say(self, **message: Any) -> None:
        """Send a message to the parent."""
        try:
            self._out.write(json.dumps(message).encode() + b"\n")
        except BrokenPipeError:
            os._exit(1)  # it is gone, and nothing that we do counts any more

    @contextmanager
    def last_words(self) -> Generator[None]:
        """Report what the block raises, before it ends this process."""
        try:
            yield
        except (Exception, SystemExit) as error:
            # what Tune raises ends with what our own code raised
            text = str(error).strip().rpartition("\n")[2]
            self.say(error=text if isinstance(error, SystemExit) else f"{type(error).__name__}: {text}")
            raise

    def receive(self) -> dict[str, Any]:
        """Wait for the next message; end this process if no more can come."""
        line = self._in.readline()
        if not line:
            os._exit(1)
        return json.loads(line)

    def messages(self) -> Iterator[dict[str, Any]]:
        """Yield the parent's messages until it ends or closes the pipe."""
        for line in self._in:
            yield json.loads(line)
