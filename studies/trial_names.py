"""Names of what is kept of an ended trial: its crossings, and the points at which its test error is."""

from __future__ import annotations

CROSSINGS = ("t1", "t1_gradient", "t2", "t2_plateau")
ERRORS_AT = ("t1", "t2", "stop", "min", "settled", "plateau")
