"""The data of sparse recovery: the measurements of one seed, where a trial of theirs starts, and what theory says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from grokscale.trainers.linear.sparse_data import Measurements, measure
from grokscale.trainers.task import Streams
from grokscale.trainers.tasks.sparse_recovery.theory.draw import DrawTheory
from grokscale.trainers.trial import Value, number


@dataclass(frozen=True, eq=False)
class SparseDraw(Measurements):
    """One data set, shared by all step sizes, strengths and initial scales.

    Attributes:
        direction: standard normal / sqrt(n), shape (n,): what `init: random` scales.
    """

    direction: np.ndarray

    @cached_property
    def theory(self) -> DrawTheory:
        """All that theory says of this draw."""
        return DrawTheory(self.X, self.y, self.a_star)

    def initial(self, config: Mapping[str, Value]) -> np.ndarray:
        """Return a^0 = init_scale * (ones, a N(0, 1/n) vector, or the least-squares solution), shape (n,)."""
        scale = number(config, "init_scale")
        match config["init"]:
            case "ones":
                return scale * np.ones(self.X.shape[1])
            case "random":
                return scale * self.direction
            case "least_squares":
                return scale * self.theory.spectrum.a_hat()
            case other:
                raise ValueError(f"init must be ones, random or least_squares, not {other!r}")


def draw_sparse(config: Mapping[str, Value], streams: Streams) -> SparseDraw:
    """Draw the measurements and the initial direction of one seed; arguments as those of `measure`."""
    of = measure(config, streams)
    direction = streams.generator("init").standard_normal(of.a_star.size) / math.sqrt(of.a_star.size)
    return SparseDraw(of.X, of.y, of.a_star, direction)
