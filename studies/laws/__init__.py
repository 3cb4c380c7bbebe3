"""Scaling laws: pure functions from a table of trials to a fitted law, no store, no clock, no HTTP."""

from grokscale.studies.laws.answer.family import FamilyFit, fit_family, used_rows
from grokscale.studies.laws.answer.fitted_line import FittedLine, fitted_line
from grokscale.studies.laws.answer.law import law
from grokscale.studies.laws.errors import BadExpression, LawError, NotApplicable, TooLittle, UnknownName
from grokscale.studies.laws.models.request import Request
from grokscale.studies.laws.rows.columns import STUDY
from grokscale.studies.vocabulary import RESPONSES

__all__ = [
    "RESPONSES",
    "STUDY",
    "BadExpression",
    "FamilyFit",
    "FittedLine",
    "LawError",
    "NotApplicable",
    "Request",
    "TooLittle",
    "UnknownName",
    "fit_family",
    "fitted_line",
    "law",
    "used_rows",
]
