"""Allows one server per data directory."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grokscale.service.commands.errors import CommandFailed
from grokscale.studies.privacy import make_directory, private

NAME = "serve.lock"


@contextmanager
def only_server(data_dir: Path) -> Iterator[None]:
    """Hold the directory's lock; the kernel releases it however this process ends.

    Raises:
        CommandFailed: another server has it, or the directory cannot be written.
    """
    try:
        make_directory(data_dir)
        lock = open(data_dir / NAME, "a+", encoding="utf-8", opener=private)  # noqa: SIM115  closed below
    except OSError as error:
        raise CommandFailed(f"cannot use the data directory {data_dir}: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            raise CommandFailed(
                f"another server (process {holder}) uses {data_dir}: end it first, or give another directory "
                "(--data-dir or GROKSCALE_DATA_DIR)"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
