"""Two responses against each other: every configuration's medians over its seeds, and which of them nothing beats."""

from studies.pareto.answer import pareto

__all__ = ["pareto"]
