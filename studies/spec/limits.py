"""The server's limits on one study: how large, and what it can run."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from grokscale.studies.documents import MAX_BYTES

if TYPE_CHECKING:
    from grokscale.studies.settings import Settings

_LIBRARIES = {"cmaes": "cmaes"}
"""What a kind of search cannot do without beside optuna; `gp` is only slower without the rest of the extra `search`."""
NOT_INSTALLED = "not installed on this server (`pip install 'grokscale[search]'`)"


@dataclass(frozen=True, slots=True)
class Limits:
    """Which studies are accepted.

    Attributes:
        max_trials: configurations times seeds.
        max_n: ambient dimension, and number of measurements.
        max_steps: budget of a trial, in steps.
        max_bytes: text of a specification.
        lacks: kinds of search whose libraries are not installed.
    """

    max_trials: int = 100_000
    max_n: int = 5_000
    max_steps: int = 10**12
    max_bytes: int = MAX_BYTES
    lacks: frozenset[str] = frozenset()

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """Return the limits that the settings state."""
        sizes = (settings.max_trials, settings.max_n, settings.max_steps, settings.max_body_bytes)
        return cls(*sizes, lacking())


def lacking() -> frozenset[str]:
    """Return the kinds of search whose libraries are not installed."""
    return frozenset(kind for kind, library in _LIBRARIES.items() if find_spec(library) is None)
