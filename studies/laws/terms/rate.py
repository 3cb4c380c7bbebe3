"""The rate that the laws of a table are in: alpha*beta in the paper, lr*weight_decay of a network trained by AdamW."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import pyarrow as pa

from grokscale.studies import roles
from grokscale.studies.laws.terms.monomial import Monomial


@dataclass(frozen=True, slots=True)
class Rate:
    """What the speed of a trial is proportional to, by the paper's law.

    Attributes:
        fields: its factors, the strength of the regulariser last.
    """

    fields: tuple[str, ...]

    @classmethod
    def of(cls, table: pa.Table) -> Rate:
        """Return the rate that a table's task says, see `roles`."""
        return cls(roles.of(table).rate)

    @property
    def strength(self) -> str:
        """The strength of the regulariser: times have a first-order offset in it."""
        return self.fields[-1]

    @property
    def monomial(self) -> Monomial:
        """The product of the fields."""
        return Monomial(1.0, dict.fromkeys(self.fields, Fraction(1)))

    @property
    def inverse(self) -> Monomial:
        """What the paper's law is a power of: the predictor of every exponent that stands alone."""
        return Monomial(1.0, dict.fromkeys(self.fields, Fraction(-1)))

    @property
    def text(self) -> str:
        """The rate as it is written: alpha*beta."""
        return self.monomial.text

    @property
    def name(self) -> str:
        """Its inverse as it is written: 1/(alpha*beta)."""
        return self.inverse.text
