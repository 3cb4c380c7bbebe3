"""A child process that is asked things, one JSON document a line either way, and that can be ended at any moment."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import IO, Any

_PRIVATE = ("GROKSCALE_", "PG")
"""Prefixes of variables that may hold a secret: of ours, and of libpq."""
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
GRACE_SECONDS = 5.0


class Silent(Exception):
    """The process has ended, or said nothing in time; the message says which."""


class Process:
    """One child. Of several threads that ask, one waits for the other.

    Args:
        module: of this package, run as a program: see `answers`.
    """

    def __init__(self, module: str) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.upper().startswith(_PRIVATE)}
        self._process = subprocess.Popen(
            (sys.executable, "-P", "-m", module),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=dict.fromkeys(_THREADS, "1") | environment,
            start_new_session=True,  # Ctrl-C is for the parent, whose end ends it
            umask=0o077,
        )
        self._lock = threading.Lock()

    def ask(self, question: Mapping[str, Any], seconds: float) -> Any:
        """Return the answer to a question. After `Silent` the process is gone.

        Args:
            question: plain JSON values.
            seconds: until it is ended.

        Raises:
            Silent: see there.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        late = threading.Event()
        with self._lock:
            clock = threading.Timer(seconds, self._end, (late,))
            clock.daemon = True
            clock.start()
            try:
                self._process.stdin.write(json.dumps({**question, "seconds": seconds}).encode() + b"\n")
                self._process.stdin.flush()
                line = self._process.stdout.readline()
            except (OSError, ValueError):
                line = b""
            finally:
                clock.cancel()
        if not line:
            self.kill()
            raise Silent(f"nothing came within {seconds:g} s" if late.is_set() else self._ended())
        return json.loads(line)

    def kill(self) -> None:
        """End it, and wait for its end."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                assert pipe is not None
                pipe.close()

    def _end(self, late: threading.Event) -> None:
        late.set()
        self._process.kill()

    def _ended(self) -> str:
        return f"its process ended (exit code {self._process.returncode})"


def taken() -> tuple[IO[bytes], IO[bytes]]:
    """Return standard input and output of this child for questions and answers: what a module prints is neither."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    questions = os.fdopen(os.dup(0), "rb")
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    return questions, answers
