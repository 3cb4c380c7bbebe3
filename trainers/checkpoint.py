"""Checkpoints of packs: written whole or not at all, and never overwritten.

A file is a format, a digest and a pickle. It is written beside its name, flushed to the disk and renamed, so a reader
sees a complete checkpoint or none; one that a crash tore anyway fails its digest and is passed over.
"""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainers.trial import Outcome

NAME = "checkpoint"
_FORMAT = b"grokscale pack 4\n"
"""Raised with every change of what is pickled: an older program's checkpoint is passed over, not misread."""
_DIGEST = 32


@dataclass(frozen=True)
class Checkpoint:
    """A pack at one step.

    Attributes:
        step: the pack's step counter.
        seconds: compute time so far.
        outcomes: of every trial of the pack that has ended, so that nothing is lost between report and commit.
        problem: the stacked state, see `Problem.state`.
        watch: trackers of crossings, curves and plateaus of the live columns.
        leap: the trial that is being fast-forwarded: its `index`, `seconds` and state; None between two of them.
    """

    step: int
    seconds: float
    outcomes: tuple[Outcome, ...]
    problem: dict[str, Any]
    watch: dict[str, Any]
    leap: dict[str, Any] | None = None

    @property
    def progress(self) -> tuple[int, ...]:
        """How far it is, for comparison with others of the same pack."""
        return self.step, len(self.outcomes), -1 if self.leap is None else self.leap["step"]


def save(directory: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint into an attempt's directory, in place of the one before."""
    body = pickle.dumps(checkpoint, protocol=pickle.HIGHEST_PROTOCOL)
    temporary = directory / f"{NAME}.writing"
    with temporary.open("wb") as file:
        file.write(_FORMAT + hashlib.sha256(body).digest())
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(directory / NAME)
    _sync_directory(directory)


def newest(directories: Iterable[Path]) -> Checkpoint | None:
    """Return the most advanced complete checkpoint of some attempts' directories, None where there is none."""
    found = [checkpoint for directory in directories if (checkpoint := _read(directory / NAME)) is not None]
    return max(found, key=lambda found: found.progress, default=None)


def _read(path: Path) -> Checkpoint | None:
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    start = len(_FORMAT) + _DIGEST
    digest, body = content[len(_FORMAT) : start], content[start:]
    if not content.startswith(_FORMAT) or hashlib.sha256(body).digest() != digest:
        return None
    return pickle.loads(body)


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
