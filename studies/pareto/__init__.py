"""Two responses against each other: every configuration's medians over its seeds, and which of them nothing beats."""

from grokscale.studies.pareto.answer import pareto
from grokscale.studies.pareto.asked import pareto_of

__all__ = ["pareto", "pareto_of"]
