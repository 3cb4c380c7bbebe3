"""Regularisers, optimisers and searches of a specification."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from grokscale.studies.spec.numbers import Number, whole
from grokscale.studies.spec.objective import Goal, Objective
from grokscale.studies.spec.sweeps import Sweep, Swept
from grokscale.studies.spec.tasks import Section, field, positive

MAX_CONFIGS = 1_000_000

Strength = Annotated[Swept, Sweep(positive)]


class NoRegularizer(Section):
    """f = g: nothing but the train loss."""

    kind: Literal["none"]


class L1(Section):
    """f = g + beta ||a||_1."""

    kind: Literal["l1"]
    beta: Strength = field(..., "strength; for strength 0 use kind none", source="paper section 3")


class L2(Section):
    """f = g + beta/2 ||a||_2^2 (with the half)."""

    kind: Literal["l2"]
    beta: Strength = field(..., "strength; for strength 0 use kind none", source="paper section 3.2, theorem 3.6")


class Elastic(Section):
    """f = g + beta1 ||a||_1 + beta2/2 ||a||_2^2."""

    kind: Literal["elastic"]
    beta1: Strength = field(..., "strength of the l1 part; for 0 use kind l2")
    beta2: Strength = field(..., "strength of the l2 part; for 0 use kind l1")


Regularizer = Annotated[NoRegularizer | L1 | L2 | Elastic, Field(discriminator="kind")]

StepSize = Annotated[Swept, Sweep(positive)]
STEP_SIZE = "constant step size; a trial above 2 / (sigma_max(X^T X) + beta2) diverges and says so"


class Subgradient(Section):
    """a <- a - alpha (G + beta2 a + beta1 sign a), sign(0) = 0."""

    kind: Literal["subgradient"]
    alpha: StepSize = field(..., STEP_SIZE, source="paper equation of section 3")


class Proximal(Section):
    """a <- soft threshold by alpha beta1 of a - alpha (G + beta2 a) (ISTA)."""

    kind: Literal["proximal"]
    alpha: StepSize = field(..., STEP_SIZE, source="paper section 3, figure 13")


class Projected(Section):
    """A subgradient step, then the projection onto {a: X a = y*}."""

    kind: Literal["projected"]
    alpha: StepSize = field(..., STEP_SIZE, source="paper section 3, figure 12")


class GradientDescent(Section):
    """a <- a - alpha (G + beta2 a), for smooth problems."""

    kind: Literal["gd"]
    alpha: StepSize = field(..., STEP_SIZE, source="paper section 3.2, figure 7")


Optimizer = Annotated[Subgradient | Proximal | Projected | GradientDescent, Field(discriminator="kind")]


class Grid(Section):
    """Every combination of the swept values, the last swept field varying fastest."""

    kind: Literal["grid"] = "grid"


class Random(Section):
    """Independent uniform points of the swept fields; a point drawn twice is planned once."""

    kind: Literal["random"]
    num_configs: Annotated[int, whole(1, MAX_CONFIGS)] = field(..., "points drawn")


class Sobol(Section):
    """A scrambled Sobol sequence over the swept fields; a point drawn twice is planned once."""

    kind: Literal["sobol"]
    num_configs: Annotated[int, whole(1, MAX_CONFIGS)] = field(..., "points drawn; best a power of 2")


NumConfigs = Annotated[int, whole(1, MAX_CONFIGS)]
Batch = Annotated[int, whole(1, 1000)]
AnObjective = Annotated[Objective, Goal()]
PROPOSED = "configurations in all; each runs with every seed"
BATCH = 8
"""Enough for two cores to have something to do, few enough to learn often."""
AT_ONCE = "configurations proposed at once, when all before them have ended; the first batch has at least 8"
SOUGHT = "the least median over the seeds of one response under bounds on others, or the front of two"

Prune = Annotated[float | None, Number(1, null="nothing is pruned")]
PRUNED = (
    "trials are pruned that have not come to t2 after so many times the best median t2 when they were proposed, "
    "of configurations that keep the bounds"
)


class Tpe(Section):
    """Adaptive: a tree-structured Parzen estimator (Optuna). Takes ranges and lists, bounds, one response or two."""

    kind: Literal["tpe"]
    num_configs: NumConfigs = field(..., PROPOSED)
    batch: Batch = field(BATCH, AT_ONCE)
    objective: AnObjective = field(..., SOUGHT)
    prune: Prune = field(None, PRUNED)


class CmaEs(Section):
    """Adaptive: CMA-ES (Optuna), an evolution strategy. Takes two ranges or more, no lists, and one response.

    A batch is a generation; bounds enter by rank, so that whatever keeps them comes before all that does not.
    """

    kind: Literal["cmaes"]
    num_configs: NumConfigs = field(..., PROPOSED)
    batch: Batch = field(BATCH, AT_ONCE)
    objective: AnObjective = field(..., SOUGHT)
    prune: Prune = field(None, PRUNED)


class Gp(Section):
    """Adaptive: a Gaussian process with expected improvement (Optuna), for few and long trials."""

    kind: Literal["gp"]
    num_configs: NumConfigs = field(..., PROPOSED)
    batch: Batch = field(BATCH, AT_ONCE)
    objective: AnObjective = field(..., SOUGHT)
    prune: Prune = field(None, PRUNED)


Adaptive = Tpe | CmaEs | Gp
"""Searches that propose batch after batch, each from the results of those before it."""

Search = Annotated[Grid | Random | Sobol | Tpe | CmaEs | Gp, Field(discriminator="kind")]
