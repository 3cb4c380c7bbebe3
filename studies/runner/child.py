"""A child process that receives messages on its standard input and sends messages on its standard output."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from typing import IO, Any

from grokscale.studies.privacy import UMASK

_LOOK_SECONDS = 0.02
_LAST_LINE_SECONDS = 1.0
_LONGEST_LINE = 300


class Child:
    """A process; messages are JSON objects, one per line, in both directions.

    Only the creating process holds the write end of the child's standard input, so the child reads end of file when
    that process ends, for whatever reason. Create children in a thread that lives as long as they should: Linux
    sends the parent-death signal when the creating thread ends, not when the process does.

    Args:
        command: the program and its arguments, which every user of the machine can read.
        environment: of the child, in full.
        first: the first message; secrets belong here and not in `command`.
        stderr: an open file; None: that of this process.
        overhear: read its standard error as well and pass it on to that of this process; not for a child that
            outlives this process.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        first: Mapping[str, Any],
        stderr: IO[bytes] | None = None,
        overhear: bool = False,
    ) -> None:
        # a session of its own: Ctrl-C on the terminal is for our ancestor, which then ends its children in order
        self._process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if overhear else stderr,
            start_new_session=True,
            umask=UMASK,
        )
        self.said: dict[str, Any] = {}
        """What the child has said last, by key."""
        self._reader = threading.Thread(target=self._read, daemon=True, name=f"child-{self.pid}")
        self._reader.start()
        self._line = ""
        self._listener = threading.Thread(target=self._overhear, daemon=True, name=f"child-{self.pid}-stderr")
        if overhear:
            self._listener.start()
        self.tell(first)

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def code(self) -> int | None:
        """Exit code; None while the process lives."""
        code = self._process.poll()
        if code is not None:
            self._reader.join()  # its last words count
        return code

    @property
    def last_words(self) -> str:
        """Why it ended: the reason it gave, or else its exit code and the last line of its standard error."""
        if error := self.said.get("error"):
            return error
        if self._listener.is_alive():
            self._listener.join(_LAST_LINE_SECONDS)  # a child of its own may hold the pipe open
        code = f"exit code {self.code}"
        return f"{code}: {self._line}" if self._line else code

    def tell(self, message: Mapping[str, Any]) -> None:
        """Send a message. A message to a dead child is lost; `code` tells that it is dead."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()

    def close(self) -> None:
        """End the child's standard input, which asks it to end."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()

    def kill(self) -> None:
        """End the process at once and wait for its end."""
        self._process.kill()
        self._process.wait()

    def gone_within(self, seconds: float) -> bool:
        """Wait for the process to end; return whether it did in time."""
        deadline = time.monotonic() + seconds
        while self._process.poll() is None:
            if time.monotonic() > deadline:
                return False
            time.sleep(_LOOK_SECONDS)
        return True

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            try:
                self.said |= json.loads(line)
            except ValueError:  # a library that prints
                continue

    def _overhear(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            with contextlib.suppress(OSError):
                os.write(2, line)
            if line.strip() and not line.startswith(b"{"):  # which are our own logs
                self._line = line.decode(errors="replace").strip()[:_LONGEST_LINE]
