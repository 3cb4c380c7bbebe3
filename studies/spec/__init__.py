"""The study specification: typed, strict, and refused by JSON pointer.

`parse` takes plain data, `load` takes text (YAML 1.2 or JSON); both return a `StudySpec` or raise `SpecError`.
"""

from studies.spec.errors import FieldProblem, SpecError
from studies.spec.limits import Limits
from studies.spec.load import load
from studies.spec.parse import parse
from studies.spec.study import StudySpec

__all__ = ["FieldProblem", "Limits", "SpecError", "StudySpec", "load", "parse"]
