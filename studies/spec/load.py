"""From text to a `StudySpec`."""

from __future__ import annotations

from grokscale.studies.documents import read
from grokscale.studies.spec.limits import Limits
from grokscale.studies.spec.parse import parse
from grokscale.studies.spec.study import StudySpec


def load(text: str, limits: Limits | None = None, test_tasks: bool = False) -> StudySpec:
    """Return the specification that a text states, YAML or JSON. Arguments as of `parse`.

    Raises:
        SpecError: also where the text is not JSON or YAML; the problem then says the line.
    """
    limits = limits or Limits()
    return parse(read(text, limits.max_bytes), limits, test_tasks)
