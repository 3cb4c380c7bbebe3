"""Outcomes on their way from a worker to its driver."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from grokscale.studies.worker import payload
from grokscale.trainers.trial import Outcome


def outcome(index: int, points: int) -> Outcome:
    steps = np.arange(points)
    return Outcome(index, "generalised", "stepped", points, curve={"step": steps, "test_error": steps / 7.0})


def test_outcomes_arrive_as_they_were_sent() -> None:
    sent = [outcome(3, 10), outcome(1, 0)]
    (first, second) = payload.unpack(payload.pack(sent))
    assert (first.index, first.outcome, second.index) == (3, "generalised", 1)
    assert first.curve["test_error"].tolist() == sent[0].curve["test_error"].tolist()


@given(st.lists(st.integers(0, 100_000), max_size=40))
def test_pieces_keep_order_and_size(sizes: list[int]) -> None:
    pieces = list(payload.pieces([outcome(i, points) for i, points in enumerate(sizes)]))
    assert [o.index for piece in pieces for o in piece] == list(range(len(sizes)))
    for piece in pieces:
        assert len(piece) == 1 or sum(16 * o.steps for o in piece) <= payload.PIECE_BYTES
        assert len(payload.pack(piece)) <= payload.PIECE_BYTES + 16 * max(o.steps for o in piece)
