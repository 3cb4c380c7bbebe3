"""Phase diagrams of a study's trials: outcome fractions over two axes, and where half of the trials end with a word."""

from grokscale.studies.phases.errors import NotApplicable, PhasesError, UnknownField
from grokscale.studies.phases.phases import phases
from grokscale.studies.vocabulary import RESULTS

__all__ = ["RESULTS", "NotApplicable", "PhasesError", "UnknownField", "phases"]
