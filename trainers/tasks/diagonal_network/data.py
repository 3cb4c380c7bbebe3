"""The data of a diagonal linear network: the measurements of one seed, and where its factors start."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from grokscale.trainers.linear.sparse_data import Measurements, measure
from grokscale.trainers.task import Streams
from grokscale.trainers.tasks.diagonal_network.description import DEEPEST
from grokscale.trainers.trial import Value, number


@dataclass(frozen=True, eq=False)
class FactorDraw(Measurements):
    """One data set, shared by all depths, step sizes, strengths and initial scales.

    Attributes:
        directions: standard normal / sqrt(n), one row a factor, shape (4, n): what `init: random` scales.
    """

    directions: np.ndarray

    def initial(self, config: Mapping[str, Value]) -> np.ndarray:
        """Return the factors at the start, shape (factors, n): A_1 to A_L of a product, u and v of the other form."""
        factors, scale = factors_of(config), number(config, "init_scale")
        if config["init"] == "random":
            return scale * self.directions[:factors]
        return np.full((factors, self.a_star.size), scale)


def factors_of(config: Mapping[str, Value]) -> int:
    """Return how many vectors a trial trains."""
    return 2 if config["parameterization"] == "symmetric" else int(number(config, "depth"))


def draw_factors(config: Mapping[str, Value], streams: Streams) -> FactorDraw:
    """Draw the measurements and the initial directions of one seed; arguments as those of `measure`."""
    of = measure(config, streams)
    n = of.a_star.size
    directions = streams.generator("init").standard_normal((DEEPEST, n)) / math.sqrt(n)
    return FactorDraw(of.X, of.y, of.a_star, directions)
