"""The models of log t2, M0 to M5: their formulas, and what their parameters are.

    M0  c + log x                               the paper's law, its exponent fixed
    M1  c + log x + log(1 + k beta)             with its first-order offset: T/(alpha beta) + k T/alpha
    M2  c + p log x                             one free exponent
    M3  c + p log(alpha) + q log(beta) + ...    one exponent a field
    M4  c + p log x + g log(gap) + u_draw       does theory explain the draws?
    M5  M3 + d max(0, log(alpha beta) - at)     two regimes

x is 1/(alpha beta), or the inverse of another task's rate, the predictor of every exponent that stands alone: 1 is the
paper's. Those of M3 are the fields' own, where the paper's are -1 of alpha and -1 of beta, the regulariser's strength.

Given k or `at` each is linear, and has a closed form where every row is exact. The offset of M1 is in units of the
draw's own T, so that one number serves all draws and random intercepts stay linear.
"""

from __future__ import annotations

from typing import Literal

from grokscale.studies.laws.terms.rate import Rate
from grokscale.studies.portable import PortableError

Name = Literal["M0", "M1", "M2", "M3", "M4", "M5"]


def form(name: Name, rate: Rate) -> str:
    """Return the formula of a model."""
    return {
        "M0": f"c + log({rate.name})",
        "M1": f"c + log({rate.name}) + log(1 + k*{rate.strength})",
        "M2": f"c + p*log({rate.name})",
        "M3": "c + one exponent a field",
        "M4": f"c + p*log({rate.name}) + g*log(gap) + u_draw",
        "M5": f"M3 + d*max(0, log({rate.text}) - at)",
    }[name]


class NotIdentifiable(PortableError):
    """The rows cannot tell a parameter of the model; `column` is the one at fault."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column, self.reason = column, reason
