"""Which fields of a configuration decide the data of a draw, and which have to agree within a pack.

The fields are the task's own; this is the one place where the plan asks for them.
"""

from __future__ import annotations

FALLBACK_DATA = {
    "sparse_recovery": ("n", "s", "N", "tau", "snr", "stream", "design_variance", "signal"),
    "synthetic": (),
}
FALLBACK_PACK = {
    "sparse_recovery": ("n", "N", "regularizer", "optimizer"),
    "synthetic": ("regularizer", "optimizer"),
}


def data_fields(kind: str) -> tuple[str, ...]:
    """Return the fields which with the seed key a draw."""
    return FALLBACK_DATA[kind]


def pack_fields(kind: str) -> tuple[str, ...]:
    """Return the fields that must agree within a pack."""
    return FALLBACK_PACK[kind]
