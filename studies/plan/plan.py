"""From a specification to its trials and packs. Pure: the same on every machine but for how trials share packs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from grokscale.studies.plan.packing import bands, cut
from grokscale.studies.resources import Resources
from grokscale.studies.search import at_points, configurations
from grokscale.studies.spec import StudySpec
from grokscale.studies.spec.searches import Adaptive
from grokscale.trainers.tasks.registry import described, identities
from grokscale.trainers.trial import Identity, Trial


@dataclass(frozen=True, slots=True)
class PlannedPack:
    """Trials that advance together.

    Attributes:
        number: position in the plan, 0-based; lower numbers start first.
        members: trial indices in column order, fixed from here on.
    """

    number: int
    members: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A study laid out, or one batch of an adaptive one.

    Attributes:
        trials: in the order of their indices: by configuration, then by seed.
        identities: of the trials' data, in the same order.
        packs: in the order of their numbers.
        configurations: how many points of the swept fields.
        later: trials that are still to be proposed, from the results of these.
        prune_after: step at which trials are pruned that have not come to t2; None: never.
        side_by_side: packs that it was cut for.
    """

    trials: tuple[Trial, ...]
    identities: tuple[Identity, ...]
    packs: tuple[PlannedPack, ...]
    configurations: int
    later: int = 0
    prune_after: int | None = None
    side_by_side: int = 1

    @property
    def total(self) -> int:
        """Trials in all."""
        return len(self.trials) + self.later

    @property
    def draws(self) -> int:
        """How many data sets."""
        return len({identity.data_id for identity in self.identities})


def plan(spec: StudySpec, resources: Resources) -> Plan:
    """Return the trials and packs of a study; of an adaptive search the first batch.

    Args:
        spec: as parsed, so within the server's limits.
        resources: decide how many packs there are, and nothing else.
    """
    return _laid_out(spec, configurations(spec), 0, slots(spec, resources))


def plan_batch(
    spec: StudySpec, points: Sequence[tuple[Any, ...]], first: int, side_by_side: int, prune_after: int | None = None
) -> Plan:
    """Return the trials and packs of a batch that an adaptive search proposes; packs are numbered from 0.

    Args:
        spec: of the study.
        points: of the swept fields.
        first: number of the first one's configuration.
        side_by_side: packs that the cluster holds; decides how many packs there are, and nothing else.
        prune_after: see `Plan`.
    """
    return replace(_laid_out(spec, at_points(spec, points), first, side_by_side), prune_after=prune_after)


def _laid_out(spec: StudySpec, points: Sequence[Mapping[str, Any]], first: int, side_by_side: int) -> Plan:
    seeds = spec.seed_list()
    trials = tuple(
        Trial(index=number * len(seeds) + i, configuration=number, seed=seed, config=config)
        for number, config in enumerate(points, first)
        for i, seed in enumerate(seeds)
    )
    named = tuple(identities(spec.task.kind, spec.seed, trials))
    packs = cut_packs(spec, trials, side_by_side)
    later = spec.search.num_configs - first - len(points) if isinstance(spec.search, Adaptive) else 0
    return Plan(trials, named, packs, len(points), later * len(seeds), side_by_side=side_by_side)


def cut_packs(spec: StudySpec, trials: Sequence[Trial], side_by_side: int) -> tuple[PlannedPack, ...]:
    """Return the packs of some trials of a study, numbered from 0.

    Args:
        spec: of the study.
        trials: in the order of their indices.
        side_by_side: packs that the cluster holds.
    """
    draws = [identity.data_id for identity in identities(spec.task.kind, spec.seed, trials)]
    groups: dict[tuple[Any, ...], list[int]] = {}
    for place, trial in enumerate(trials):
        shape = tuple(trial.config[name] for name in described()[spec.task.kind].pack_fields)
        groups.setdefault(shape, []).append(place)
    made: list[tuple[int, ...]] = []
    for group in groups.values():
        share = max(1, round(side_by_side * len(group) / len(trials)))
        for band in bands(group, [slowness(trials[i].config) for i in group], share):
            made += [tuple(band[i] for i in positions) for positions in cut([draws[i] for i in band], share)]
    # the longest first, so that none is left alone at the end: t2 grows as 1/(alpha beta)
    made.sort(key=lambda members: (-max(slowness(trials[i].config) for i in members), members))
    return tuple(PlannedPack(number, tuple(trials[i].index for i in places)) for number, places in enumerate(made))


def slots(spec: StudySpec, resources: Resources) -> int:
    """Return how many packs of the study run side by side."""
    wanted = spec.resources
    side_by_side = resources.holds(Resources(wanted.cpus, wanted.gpus))
    return max(1, side_by_side if wanted.max_packs is None else min(side_by_side, wanted.max_packs))


def slowness(config: Mapping[str, Any]) -> float:
    """Return 1/(alpha beta), or 1/alpha where there is no beta: what t2 is proportional to, all else equal."""
    beta = config.get("beta", config.get("beta1", 1.0))
    product = config.get("alpha", 1.0) * beta
    return 1 / product if product else float("inf")
