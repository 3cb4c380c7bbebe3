"""Scaling laws: pure functions from a table of trials to a fitted law, no store, no clock, no HTTP."""

from studies.laws.columns import STUDY
from studies.laws.errors import BadExpression, LawError, NotApplicable, TooLittle, UnknownName
from studies.laws.family import FamilyFit, fit_family, used_rows
from studies.laws.law import law
from studies.laws.line import Line, line
from studies.laws.request import Request
from studies.laws.responses import RESPONSES

__all__ = [
    "RESPONSES",
    "STUDY",
    "BadExpression",
    "FamilyFit",
    "LawError",
    "Line",
    "NotApplicable",
    "Request",
    "TooLittle",
    "UnknownName",
    "fit_family",
    "law",
    "line",
    "used_rows",
]
