"""Documents that users write: from text to plain data, refused by JSON pointer. Light: no numerics, no models."""

from grokscale.studies.documents.errors import MOST, FieldProblem, SpecError, pointer, show
from grokscale.studies.documents.plain import Path, plain
from grokscale.studies.documents.reading import MAX_BYTES, from_json, read

__all__ = ["MAX_BYTES", "MOST", "FieldProblem", "Path", "SpecError", "from_json", "plain", "pointer", "read", "show"]
