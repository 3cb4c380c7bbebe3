"""What stepping and looking at vectors is compiled of."""

from __future__ import annotations

import numpy as np

from grokscale.trainers.kernels import TRACKS, Kernel
from grokscale.trainers.linear import loop
from grokscale.trainers.linear.looks import Bounds

_row, _rows, _cube = np.zeros(1), np.zeros((1, 1)), np.zeros((1, 1, 1))
_steps = np.zeros((1, 1), dtype=np.int64)
_error = (TRACKS, Bounds(_row, _row, _row, _row, _row, _row), _rows)
_data = loop.Data(_cube, _cube, _rows, _rows)
_slots = loop.Slots(_cube, _cube, _cube, _rows, _rows, _rows, _steps, _cube)

STEPS = (Kernel(loop.walk, (1, 0, _data, _slots, _error, _error, 0, 1, True), 8.0),)
"""What stepping on a CPU takes."""
