"""Phase diagrams of a study's trials: outcome fractions over two axes, and where half of the trials end with a word."""

from studies.phases.cells import RESULTS
from studies.phases.errors import NotApplicable, PhasesError, UnknownField
from studies.phases.phases import phases

__all__ = ["RESULTS", "NotApplicable", "PhasesError", "UnknownField", "phases"]
