"""Searches of a specification."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from grokscale.studies.spec.numbers import Number, whole
from grokscale.studies.spec.objective import Goal, Objective
from grokscale.studies.spec.sections import Section, field

MAX_CONFIGS = 1_000_000


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
