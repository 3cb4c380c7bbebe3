"""The server's limits on one study."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from grokscale.studies.documents import MAX_BYTES

if TYPE_CHECKING:
    from grokscale.studies.settings import Settings


@dataclass(frozen=True, slots=True)
class Limits:
    """Largest study that is accepted.

    Attributes:
        max_trials: configurations times seeds.
        max_n: ambient dimension, and number of measurements.
        max_steps: budget of a trial, in steps.
        max_bytes: text of a specification.
    """

    max_trials: int = 100_000
    max_n: int = 5_000
    max_steps: int = 10**12
    max_bytes: int = MAX_BYTES

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """Return the limits that the settings state."""
        return cls(settings.max_trials, settings.max_n, settings.max_steps, settings.max_body_bytes)
