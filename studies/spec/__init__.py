"""The study specification: typed, strict, and refused by JSON pointer.

`parse` takes plain data, `load` takes text (YAML 1.2 or JSON); both return a `StudySpec` or raise `SpecError`.
`from_json` reads JSON text to plain data, refusing keys given twice.
"""

from grokscale.studies.documents import FieldProblem, SpecError, from_json
from grokscale.studies.spec.limits import Limits
from grokscale.studies.spec.load import load
from grokscale.studies.spec.parse import parse
from grokscale.studies.spec.study import StudySpec

__all__ = ["FieldProblem", "Limits", "SpecError", "StudySpec", "from_json", "load", "parse"]
