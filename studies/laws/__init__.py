"""Scaling laws: pure functions from a table of trials to a fitted law, no store, no clock, no HTTP."""

from grokscale.studies.laws.columns import STUDY
from grokscale.studies.laws.errors import BadExpression, LawError, NotApplicable, TooLittle, UnknownName
from grokscale.studies.laws.family import FamilyFit, fit_family, used_rows
from grokscale.studies.laws.law import law
from grokscale.studies.laws.line import Line, line
from grokscale.studies.laws.request import Request
from grokscale.studies.laws.responses import RESPONSES

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
