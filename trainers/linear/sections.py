"""Regularisers and optimisers of tasks whose parameters are one vector."""

from __future__ import annotations

from grokscale.trainers.tasks.description import Field, Real, Section, Takes

MODERATE = 1e50
"""Largest number that is a strength, a step size, a scale or a variance, and one over the smallest: their products,
squares and quotients are then floats, neither 0 nor infinite."""
POSITIVE = Real(1e-50, MODERATE)


def strength(name: str, says: str, source: str = "", stands_for: str = "") -> Field:
    """Return the field of a regulariser's strength."""
    letter = name.replace("beta", "β")
    return Field(name, POSITIVE, says, sweeps=True, source=source, letter=letter, stands_for=stands_for)


def _step_size(source: str) -> tuple[Field, ...]:
    says = "constant step size; a trial above 2 / (sigma_max(X^T X) + beta2) diverges and says so"
    return (Field("alpha", POSITIVE, says, sweeps=True, source=source, letter="α"),)


FOR_0 = "strength; for strength 0 use kind none"

NONE = Section("none", "NoRegularizer", "f = g: nothing but the train loss.")
L1 = Section("l1", "L1", "f = g + beta ||a||_1.", (strength("beta", FOR_0, "paper section 3"),))
L2 = Section(
    "l2",
    "L2",
    "f = g + beta/2 ||a||_2^2 (with the half).",
    (strength("beta", FOR_0, "paper section 3.2, theorem 3.6"),),
)
ELASTIC = Section(
    "elastic",
    "Elastic",
    "f = g + beta1 ||a||_1 + beta2/2 ||a||_2^2.",
    (
        strength("beta1", "strength of the l1 part; for 0 use kind l2", stands_for="beta"),
        strength("beta2", "strength of the l2 part; for 0 use kind l1"),
    ),
)
REGULARIZERS = (NONE, L1, L2, ELASTIC)
SMOOTH = ("none", "l2")
"""Kinds without an l1 term."""

SUBGRADIENT = Section(
    "subgradient",
    "Subgradient",
    "a <- a - alpha (G + beta2 a + beta1 sign a), sign(0) = 0.",
    _step_size("paper equation of section 3"),
)
PROXIMAL = Section(
    "proximal",
    "Proximal",
    "a <- soft threshold by alpha beta1 of a - alpha (G + beta2 a) (ISTA).",
    _step_size("paper section 3, figure 13"),
)
PROJECTED = Section(
    "projected",
    "Projected",
    "A subgradient step, then the projection onto {a: X a = y*}.",
    _step_size("paper section 3, figure 12"),
)
GRADIENT_DESCENT = Section(
    "gd",
    "GradientDescent",
    "a <- a - alpha (G + beta2 a), for smooth problems.",
    _step_size("paper section 3.2, figure 7"),
)
OPTIMIZERS = (SUBGRADIENT, PROXIMAL, PROJECTED, GRADIENT_DESCENT)

NOT_SMOOTH = Takes(SMOOTH, optimizer="gd", because="non-smooth")
"""Plain descent takes no l1 term."""
