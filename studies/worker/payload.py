"""Outcomes on their way from a worker to its driver: compressed data, in pieces of at most about a megabyte.

Ray makes the driver the owner of a return value of this size, so that it outlives the worker. Pieces keep the object
store, and each transaction, small.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence

from grokscale.trainers.checkpoint import OUTCOME
from grokscale.trainers.encoding import Encoding
from grokscale.trainers.trial import Outcome

PIECE_BYTES = 1 << 20
"""Before compression. A single outcome with recorded coordinates may be larger."""
_SUMMARY_BYTES = 4096
_ENCODING = Encoding(*OUTCOME)


def pack(outcomes: Sequence[Outcome]) -> bytes:
    """Return the outcomes as bytes."""
    return zlib.compress(b"".join(_ENCODING.encode(list(outcomes))), level=1)


def unpack(piece: bytes) -> list[Outcome]:
    """Return the outcomes that `pack` was given."""
    return _ENCODING.decode(zlib.decompress(piece))


def pieces(outcomes: Sequence[Outcome]) -> Iterator[list[Outcome]]:
    """Yield the outcomes in lists of about `PIECE_BYTES`, in order."""
    piece: list[Outcome] = []
    size = 0
    for outcome in outcomes:
        if piece and size + _weight(outcome) > PIECE_BYTES:
            yield piece
            piece, size = [], 0
        piece.append(outcome)
        size += _weight(outcome)
    if piece:
        yield piece


def _weight(outcome: Outcome) -> int:
    coordinates = 0 if outcome.coordinates is None else outcome.coordinates.nbytes
    return _SUMMARY_BYTES + coordinates + sum(column.nbytes for column in outcome.curve.values())
