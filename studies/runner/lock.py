"""One runner per data directory: a lock that the kernel releases however its holder ends."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog

from grokscale.studies.bell import Stop
from grokscale.studies.privacy import make_directory, private

log = structlog.stdlib.get_logger("grokscale.studies.runner")

NAME = "runner.lock"
_LOOK_SECONDS = 0.1


@contextmanager
def only_runner(directory: Path, note: dict[str, Any], stop: Stop) -> Iterator[dict[str, Any] | None]:
    """Hold the directory's lock; wait while another runner has it.

    Whoever gets the lock knows that the former holder is dead.

    Args:
        directory: DATA_DIR; made where it is missing.
        note: what the next holder must know about this one; it is written to the file.
        stop: ends the waiting.

    Yields:
        The former holder's note, empty where there is none; None: asked to stop while waiting.
    """
    make_directory(directory)
    with open(directory / NAME, "a+", encoding="utf-8", opener=private) as file:
        if not _wait(file.fileno(), directory, stop):
            yield None
            return
        file.seek(0)
        former = _read(file.read())
        file.truncate(0)
        file.write(json.dumps(note))
        file.flush()
        yield former


def _wait(handle: int, directory: Path, stop: Stop) -> bool:
    said = False
    while not stop.is_set():
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if not said:
                log.warning("another runner uses this data directory; waiting for its end", data_dir=str(directory))
                said = True
            stop.wait(_LOOK_SECONDS)
    return False


def _read(text: str) -> dict[str, Any]:
    try:
        note = json.loads(text)
    except ValueError:  # its writer was killed, or there was none
        return {}
    return note if isinstance(note, dict) else {}
