"""Monomials of named columns: `1/(alpha*beta)`, `N^0.5/(alpha*beta)`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

LARGEST_EXPONENT = 100
"""Beyond it a power of any swept field leaves the range of a float."""


@dataclass(frozen=True, slots=True)
class Monomial:
    """`constant * product of name ** exponent`.

    Attributes:
        constant: finite and positive, since a law takes the monomial's logarithm.
        exponents: name to exponent, exact, none of them 0, in order of appearance. Empty: a plain number.

    Raises:
        ValueError: the constant or an exponent is out of range.
    """

    constant: float
    exponents: Mapping[str, Fraction]

    def __post_init__(self) -> None:
        if not 0 < self.constant < math.inf:
            raise ValueError("a monomial's constant must be positive and finite")
        if any(abs(exponent) > LARGEST_EXPONENT for exponent in self.exponents.values()):
            raise ValueError(f"an exponent beyond {LARGEST_EXPONENT}")

    def __mul__(self, other: Monomial) -> Monomial:
        names = dict.fromkeys([*self.exponents, *other.exponents])
        total = {name: self.exponents.get(name, Fraction(0)) + other.exponents.get(name, Fraction(0)) for name in names}
        return Monomial(self.constant * other.constant, {name: e for name, e in total.items() if e})

    def __truediv__(self, other: Monomial) -> Monomial:
        return self * Monomial(1 / other.constant, {name: -e for name, e in other.exponents.items()})

    def __pow__(self, exponent: Fraction) -> Monomial:
        if abs(exponent) > LARGEST_EXPONENT:
            raise ValueError(f"an exponent beyond {LARGEST_EXPONENT}")
        powers = {name: e * exponent for name, e in self.exponents.items() if exponent}
        return Monomial(self.constant ** float(exponent), powers)

    @property
    def text(self) -> str:
        """The monomial in canonical form, which parses to the same monomial: `N^0.5/(alpha*beta)`."""
        above = [_power(name, e) for name, e in self.exponents.items() if e > 0]
        below = [_power(name, -e) for name, e in self.exponents.items() if e < 0]
        if self.constant != 1 or not above:
            above.insert(0, _number(self.constant))
        if not below:
            return "*".join(above)
        divisor = "*".join(below)
        return f"{'*'.join(above)}/{divisor if len(below) == 1 else f'({divisor})'}"

    def power_of(self, other: Monomial) -> Fraction | None:
        """Return k where this is a constant times other^k with k not 0; else None."""
        if not self.exponents or set(self.exponents) != set(other.exponents):
            return None
        powers = {exponent / other.exponents[name] for name, exponent in self.exponents.items()}
        return powers.pop() if len(powers) == 1 else None


def _power(name: str, exponent: Fraction) -> str:
    return name if exponent == 1 else f"{name}^{_exponent(exponent)}"


def _exponent(exponent: Fraction) -> str:
    if exponent.denominator == 1:
        return str(exponent.numerator)
    decimal = repr(float(exponent))
    # a third has no decimal form: the quotient keeps it exact
    return decimal if Fraction(decimal) == exponent else f"({exponent.numerator}/{exponent.denominator})"


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() and value < 1e15 else repr(value)
