"""Checkpoints of packs: written whole or not at all, never overwritten by another attempt, and data alone.

A file is a format, a digest under the key of its pack, and the checkpoint as `trainers.encoding` writes it. It is
written beside its name, flushed to the disk and renamed, so a reader sees a complete checkpoint or none; one that a
crash tore anyway, that somebody else made or that another pack left fails its digest, before anything of it is read.
"""

from __future__ import annotations

import errno
import hmac
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grokscale.trainers import files
from grokscale.trainers.encoding import Encoding
from grokscale.trainers.trial import Crossing, Delay, ErrorPoint, Outcome

NAME = "checkpoint"
_MAGIC = b"grokscale pack "
_FORMAT = _MAGIC + b"6\n"
"""Raised with every change of what is written: an older program's checkpoint is passed over, not misread."""
_DIGEST = 32


class Unusable(Exception):
    """There is a checkpoint that must not be taken; the message says where and why."""


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


OUTCOME = (Outcome, Crossing, Delay, ErrorPoint)
"""What an outcome is made of, beside plain values and arrays."""
_ENCODING = Encoding(Checkpoint, *OUTCOME)


@dataclass(frozen=True)
class Place:
    """Where one attempt keeps its checkpoint, and how it is known again.

    Attributes:
        directory: the attempt's; nobody else writes to it.
        key: of the pack; without one a file that is torn is noticed, but not one that is made up.
        own: files are this user's alone, and only such files are taken. Not on a file system that several nodes share,
            where owners can be mapped: there the key decides.
    """

    directory: Path
    key: bytes = field(default=b"", repr=False)
    own: bool = False

    def save(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint, in place of the one before."""
        pieces = _ENCODING.encode(checkpoint)
        temporary = self.directory / f"{NAME}.writing"
        with files.create(temporary, own=self.own) as file:
            file.write(_FORMAT + self._digest(*pieces))
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(self.directory / NAME)
        _sync_directory(self.directory)

    def read(self) -> Checkpoint | None:
        """Return the checkpoint; None: there is none.

        Raises:
            Unusable: it is torn, of another format, pack or study, or may be somebody else's.
        """
        path = self.directory / NAME
        try:
            content = files.read(path, own=self.own)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            if error.errno not in (None, errno.EACCES, errno.EPERM, errno.ELOOP):
                raise  # the file system's trouble, not the file's
            raise Unusable(f"{path}: {error.strerror or error}") from None
        start = len(_FORMAT) + _DIGEST
        if not content.startswith(_FORMAT):
            raise Unusable(f"{path}: {_other(content)}")
        if not hmac.compare_digest(content[len(_FORMAT) : start], self._digest(memoryview(content)[start:])):
            raise Unusable(f"{path}: it is damaged, or was not written for this pack of this study")
        try:
            return _ENCODING.decode(content, start)
        except ValueError as error:
            raise Unusable(f"{path}: {error}") from error

    def _digest(self, *pieces: bytes | memoryview) -> bytes:
        digest = hmac.new(self.key, _FORMAT, "sha256")
        for piece in pieces:
            digest.update(piece)
        return digest.digest()


def _other(content: bytes) -> str:
    line = content[:64].partition(b"\n")[0]
    if not line.startswith(_MAGIC):
        return "it is damaged, or no checkpoint"
    found, ours = (text.removeprefix(_MAGIC).strip().decode("ascii", "replace") for text in (line, _FORMAT))
    return f"it is of format {found}, and this program's is {ours}"


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
