"""Scaling laws: pure functions from a table of trials to a fitted law, no store, no clock, no HTTP."""

from studies.laws.errors import BadExpression, LawError, NotApplicable, TooLittle, UnknownName
from studies.laws.law import law
from studies.laws.line import Line, line
from studies.laws.responses import RESPONSES

__all__ = ["RESPONSES", "BadExpression", "LawError", "Line", "NotApplicable", "TooLittle", "UnknownName", "law", "line"]
