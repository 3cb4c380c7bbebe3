"""Two responses against each other: medians of every configuration over its seeds, and the Pareto front."""

from grokscale.studies.pareto.answer import pareto
from grokscale.studies.pareto.asked import pareto_of

__all__ = ["pareto", "pareto_of"]
