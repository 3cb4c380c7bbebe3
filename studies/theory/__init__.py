"""What theory predicted for a study's trials against what was measured."""

from grokscale.studies.theory.pairs import measured_rows
from grokscale.studies.theory.theory import theory

__all__ = ["measured_rows", "theory"]
