"""Where a pack keeps its checkpoints: `CHECKPOINT_DIR/<study>/<pack>/<attempt>/`, one directory per attempt.

An attempt's directory is created exclusively and only that attempt writes to it, so an attempt that still runs on a
node that was cut off cannot harm its successor.

Workers of several users may share a CHECKPOINT_DIR. Each has to read what the others wrote and to begin attempts
beside theirs, so what is created there is as open as that directory, whatever the umask.
"""

from __future__ import annotations

import contextlib
import hmac
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grokscale.trainers import files
from grokscale.trainers.checkpoint import Checkpoint, Place, Unusable

TRACE = "silent.txt"
"""File in an attempt's directory that says where every thread was when a silent pack was ended."""
_TRACE_CHARACTERS = 1 << 20


@dataclass(frozen=True, slots=True)
class Attempts:
    """The attempts at the packs of one study.

    Attributes:
        directory: of the study, the same on every node.
        key: by which the study's checkpoints are authenticated (`Store.checkpoint_key`).
        own: files belong to this user alone, and no others are accepted, see `trainers.checkpoint.Place`.
    """

    directory: Path
    key: bytes = field(repr=False)
    own: bool

    def begin(self, pack_id: str) -> tuple[int, Place]:
        """Create the place of a pack's next attempt; return the number of the attempt, counted from 1, and the
        place.
        """
        pack = self.directory / pack_id
        self.directory.parent.mkdir(parents=True, exist_ok=True)
        for directory in (self.directory, pack):
            with contextlib.suppress(FileExistsError):
                files.make_directory(directory, own=self.own)
        while True:
            number = max(_numbers(pack), default=0) + 1
            try:
                files.make_directory(pack / str(number), own=self.own)
            except FileExistsError:  # another attempt began this instant
                continue
            return number, self._place(pack_id, number)

    def resume(self, pack_ids: Sequence[str]) -> tuple[Checkpoint | None, list[str]]:
        """Return the most advanced checkpoint of a pack and of those that it was made from, and why others were
        refused.
        """
        found: list[Checkpoint] = []
        refused: list[str] = []
        for pack_id in pack_ids:
            for number in _numbers(self.directory / pack_id):
                try:
                    checkpoint = self._place(pack_id, number).read()
                except Unusable as error:
                    refused.append(str(error))
                else:
                    found += [] if checkpoint is None else [checkpoint]
        return max(found, key=lambda checkpoint: checkpoint.progress, default=None), refused

    def trace(self, pack_id: str, number: int | None) -> str | None:
        """Return where a silent attempt was when it was ended; None if it ended in another way."""
        try:
            text = files.read(self.directory / pack_id / str(number) / TRACE, own=self.own)
        except OSError:
            return None
        return text[:_TRACE_CHARACTERS].decode(errors="replace") or None

    def _place(self, pack_id: str, number: int) -> Place:
        # a checkpoint that is put into another pack's place is none of its
        key = hmac.digest(self.key, pack_id.encode(), "sha256")
        return Place(self.directory / pack_id / str(number), key, self.own)


def discard(study: Path) -> None:
    """Remove everything that a study has kept."""
    shutil.rmtree(study, ignore_errors=True)


def _numbers(pack: Path) -> Iterator[int]:
    if pack.is_dir():
        yield from (int(entry.name) for entry in pack.iterdir() if entry.name.isdecimal())
