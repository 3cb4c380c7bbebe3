"""What following a trial without its steps is compiled of."""

from __future__ import annotations

import numpy as np

from grokscale.trainers.kernels import Kernel
from grokscale.trainers.schedule import CURVE
from grokscale.trainers.tasks.sparse_recovery.fast_forward import decomposition, events, looks, modes, path, segment

_row, _rows = np.zeros(1), np.zeros((1, 1))
_steps, _flags = np.zeros((1, 1), dtype=np.int64), np.zeros((1, 1), dtype=np.bool_)
_terms = segment.Terms(_rows, _rows, _row, 1.0, 1.0, 1.0)
_held = decomposition.Held(_rows, _row, _flags[0], 0)
_affine, _factors, _movement = modes.Affine(_row, _row, _rows), modes.Factors(_row, _row), (1.0, _row)
_segment = segment.Segment(_row, _affine, _affine, _affine, _factors, (_row, _row))
_track = looks.Track(_row, _flags, _steps, _steps)
_watched = looks.Watched(_row, _row, (1.0, 1.0), _track, _track)
_span = (0, 0, 0)

DECOMPOSE = Kernel(decomposition.decompose, (_rows, _rows, _flags[0], _held), 9.5)
SEGMENT_AT = Kernel(segment.segment_at, (_terms, _row, _held), 3.4, (DECOMPOSE,))
LOOK = Kernel(path.look_along, (_segment, _watched, CURVE, 0, _span), 3.1)
ENDS = Kernel(events.active_set_ends, (1.0, _row, _affine, _affine, _factors, 0), 1.2)

FAST_FORWARD = (
    DECOMPOSE,
    SEGMENT_AT,
    LOOK,
    ENDS,
    Kernel(segment.shrink_steps, (_terms, _row, 1), 0.4),
    Kernel(looks.follow_states, (_watched, _rows, _rows, _row, 0, 0), 0.5),
    Kernel(looks.first_within, (_affine, _factors, _movement, 1.0, (0.0, 1.0), 0, 1, 1), 0.3),
    Kernel(looks.first_overtaken, (_affine, _affine, _factors, _movement, 1), 0.3),
    Kernel(modes.value_at, (_affine, _factors, 0), 0.1),
    Kernel(looks.distance, (_row, _row), 0.1),
    Kernel(path.leap_from, (_terms, _row, _held, _watched, CURVE, 0, _span), 3.2, (SEGMENT_AT, LOOK, ENDS)),
)
"""In an order in which two processes finish soonest."""
