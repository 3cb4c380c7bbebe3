"""Where a pack keeps its checkpoints: `CHECKPOINT_DIR/<study>/<pack>/<attempt>/`, one directory an attempt.

An attempt's directory is made exclusively, and nobody else writes to it: an attempt that runs on somewhere, cut off
from everyone, cannot harm the one that took its place.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from trainers.checkpoint import Checkpoint, newest

TRACE = "silent.txt"
"""In an attempt's directory: where every thread was when a silent pack was ended."""


def begin(study: Path, pack_id: str) -> tuple[int, Path]:
    """Make the directory of a pack's next attempt; return the attempt's number, counted from 1."""
    pack = study / pack_id
    pack.mkdir(parents=True, exist_ok=True)
    while True:
        number = max(_numbers(pack), default=0) + 1
        try:
            (pack / str(number)).mkdir()
        except FileExistsError:  # another attempt began this instant
            continue
        return number, pack / str(number)


def resume(study: Path, pack_ids: Sequence[str]) -> Checkpoint | None:
    """Return the most advanced complete checkpoint of a pack and of those it was made from; None: there is none."""
    return newest(study / pack_id / str(number) for pack_id in pack_ids for number in _numbers(study / pack_id))


def trace(study: Path, pack_id: str, number: int | None) -> str | None:
    """Return where a silent attempt was when it was ended; None where it ended otherwise."""
    try:
        return (study / pack_id / str(number) / TRACE).read_text() or None
    except FileNotFoundError:
        return None


def discard(study: Path) -> None:
    """Remove everything that a study has kept."""
    shutil.rmtree(study, ignore_errors=True)


def _numbers(pack: Path) -> Iterator[int]:
    if pack.is_dir():
        yield from (int(entry.name) for entry in pack.iterdir() if entry.name.isdecimal())
