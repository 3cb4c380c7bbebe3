"""What theory predicted for a study's trials against what was measured."""

from studies.theory.pairs import measured_rows
from studies.theory.theory import theory

__all__ = ["measured_rows", "theory"]
