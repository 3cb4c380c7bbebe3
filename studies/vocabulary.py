"""The words of a trial and of what is asked of it, each declared once: responses, outcomes and kinds of censoring."""

from __future__ import annotations

from typing import Literal, get_args

from grokscale.trainers.trial import Censoring, OutcomeWord

Response = Literal[
    "t1",
    "t1_gradient",
    "t2",
    "t2_stayed",
    "t2_plateau",
    "delay",
    "error_settled",
    "error_min",
    "error_plateau",
]
RESPONSES: tuple[Response, ...] = get_args(Response)
"""What laws, fronts and objectives are about."""
CROSSINGS = ("t1", "t1_gradient", "t2", "t2_plateau")
"""Of a trial's row: `{name}_step`, `_lower`, `_upper`, `_censoring` and `_stayed`."""
ERRORS_AT = ("t1", "t2", "stop", "min", "settled", "plateau")
"""Where a trial's row has a test error: `error_{name}`, its step, and what its task measures there."""

PENDING = "pending"
"""In the place of an outcome: the trial has not ended."""
RESULTS: tuple[OutcomeWord, ...] = (
    "generalised",
    "memorised",
    "not_memorised",
    "infeasible",
    "stalled",
    "diverged",
)
"""Outcomes that say how training went."""
NO_RESULT: tuple[OutcomeWord, ...] = ("pruned", "failed", "cancelled", "uninformative_data")
"""The others."""

CENSORED: tuple[Censoring, ...] = ("interval", "left", "right")
"""Kinds of a response that is known to lie between two ends, one of them perhaps infinite."""
CROSSED: tuple[Censoring, ...] = ("exact", "interval", "left")
"""Kinds of a response that has come."""
INFORMATIVE: tuple[Censoring, ...] = ("exact", *CENSORED)
"""Kinds that enter a likelihood."""
UNREACHABLE: tuple[Censoring, ...] = ("infeasible", "stalled")
"""Kinds of a response that cannot come: no long times, but none at all."""
