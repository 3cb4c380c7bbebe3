"""Phase diagrams of a study's trials: fractions of outcomes over two axes, and the contour at which one is a half."""

from grokscale.studies.phases.errors import NotApplicable, PhasesError, UnknownField
from grokscale.studies.phases.phases import phases
from grokscale.studies.vocabulary import RESULTS

__all__ = ["RESULTS", "NotApplicable", "PhasesError", "UnknownField", "phases"]
