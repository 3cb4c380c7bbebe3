"""What a machine has and what a pack takes, in CPUs and GPUs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Resources:
    """CPUs and GPUs: of one node, of several in all, or of one pack."""

    cpus: float
    gpus: float = 0

    def holds(self, pack: Resources) -> int:
        """Return how many such packs run side by side on this one node."""
        by_cpu = int(self.cpus // pack.cpus)
        return min(by_cpu, int(self.gpus // pack.gpus)) if pack.gpus else by_cpu


def slots(nodes: Iterable[Resources], pack: Resources) -> int:
    """Return how many such packs run side by side on these nodes; none runs on two."""
    return sum(node.holds(pack) for node in nodes)


def total(nodes: Iterable[Resources]) -> Resources:
    """Return what nodes have in all."""
    nodes = list(nodes)
    return Resources(sum(node.cpus for node in nodes), sum(node.gpus for node in nodes))
